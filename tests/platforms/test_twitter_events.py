"""X's deliveries in our words: both shapes, and counters that add up."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.conftest import NOW
from tests.platforms.payloads import (
    BOT,
    CUSTOMER,
    HOUR,
    MARK,
    READS,
    activity,
    counters,
    encode,
    message_event,
    read_event,
    reads,
    receive,
    snowflake,
)


def test_it_takes_a_read_event() -> None:
    inbound = receive(reads(read_event(), users={}))
    assert inbound.marks == [MARK]
    assert counters(inbound) == (1, 0, 0)
    assert inbound.errors is None
    assert not inbound.unreadable


def test_a_reader_has_one_spelling() -> None:
    inbound = receive(reads(read_event(sender_id=f"00{CUSTOMER}")))
    assert inbound.marks == [MARK]


@pytest.mark.parametrize(
    "document",
    [
        {READS: [read_event()]},  # no for_user_id, no users
        reads(read_event(), for_user_id="4337869213"),  # neither of the parties
        reads(read_event(), for_user_id=5, users=None, apps="x", unheard_of={"a": [1]}),
        {"data": activity("dm.read", {READS: [read_event()]})},
        {"data": [activity("dm.read", {READS: [read_event()], "users": {}})]},
        {"data": activity("dm.read", {READS: [read_event()]}, filter={}, tag="t", includes={})},
        {"data": {"event_type": "dm.read", "payload": {READS: [read_event()]}}},
        # The event itself as the payload: nobody has documented it.
        {"data": activity("dm.read", read_event())},
    ],
)
def test_it_takes_every_shape_of_a_read_event(document: dict[str, Any]) -> None:
    inbound = receive(document)
    assert inbound.marks == [MARK]
    assert counters(inbound) == (1, 0, 0)


def test_an_event_may_be_older_than_its_message() -> None:
    assert counters(receive(reads(read_event(created_timestamp="1288834974657")))) == (1, 0, 0)


def test_it_takes_any_number_of_events() -> None:
    events = [read_event(sender_id=str(n)) for n in range(1, 1001)]
    assert counters(receive(reads(*events))) == (1000, 0, 0)
    elements = [activity("dm.read", {READS: [event, event]}) for event in events[:10]]
    assert counters(receive({"data": elements})) == (20, 0, 0)


@pytest.mark.parametrize(
    "document",
    [
        {},
        reads(),
        {"data": []},
        {"data": {}},
        {"data": None},
        {"data": "x"},
        {"data": {"event_type": "post.create", "payload": {}}},
        {"data": {"event_type": None, "payload": None}},
        {"data": activity("dm.indicate_typing", {"direct_message_indicate_typing_events": [{}]})},
        {"data": activity("chat.received", [])},
        {"data": activity(["dm.read"], {})},
        {"for_user_id": BOT},
        {"for_user_id": BOT, "tweet_create_events": [{"id": 1}]},
        {"for_user_id": BOT, "follow_events": "x"},
        {"for_user_id": BOT, "direct_message_indicate_typing_events": [{"sender_id": CUSTOMER}]},
        {"user_event": {"revoke": {}}},
        {"user_event": 1},
        {"replay_job_status": []},
        {"direct_message_events": [message_event()], "users": {}},
        {"direct_message_events": {"a": 1}},
    ],
)
def test_whatever_else_comes_is_ignored_once(document: dict[str, Any]) -> None:
    inbound = receive(document)
    assert counters(inbound) == (0, 0, 1)
    assert inbound.errors is None
    assert not inbound.unreadable
    assert not inbound.marks


def test_each_element_of_another_kind_counts_one() -> None:
    elements = [activity("dm.read", {READS: [read_event()]}), activity("post.create", {}), {}, None, 5]
    assert counters(receive({"data": elements})) == (1, 0, 4)


def test_it_counts_kinds() -> None:
    inbound = receive({"for_user_id": BOT, "tweet_create_events": [], "users": {}, "A strange key!": 1})
    assert inbound.kinds == {"tweet_create_events": 1, "other": 1}
    inbound = receive({"data": [activity("dm.sent", {}), activity("dm.sent", {}), activity("x" * 65, {}), 1]})
    assert inbound.kinds == {"dm.sent": 2, "other": 2}


@pytest.mark.parametrize("ahead", [0, HOUR])
def test_clocks_may_differ_by_an_hour(ahead: int) -> None:
    soon = read_event(last_read_event_id=snowflake(NOW + ahead), created_timestamp=str(NOW + ahead))
    assert counters(receive(reads(soon))) == (1, 0, 0)


def test_plain_numbers_from_before_snowflakes_are_no_future() -> None:
    assert counters(receive(reads(read_event(last_read_event_id="5")))) == (1, 0, 0)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just(read_event()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
USERS = JSON | st.dictionaries(st.sampled_from([BOT, CUSTOMER]), JSON)
EVENTS = JSON | st.lists(st.just(read_event()) | st.just(message_event()) | JSON, max_size=4)
PAYLOADS = JSON | st.fixed_dictionaries(
    {}, optional={READS: EVENTS, "direct_message_events": EVENTS, "users": USERS, "user_id": JSON}
)
ACTIVITIES = JSON | st.fixed_dictionaries(
    {},
    optional={
        "event_type": JSON | st.sampled_from(["dm.read", "dm.sent", "oauth.revoke"]),
        "payload": PAYLOADS,
    },
)
DOCUMENTS = JSON | st.fixed_dictionaries(
    {},
    optional={
        READS: EVENTS,
        "direct_message_events": EVENTS,
        "users": USERS,
        "user_event": JSON | st.fixed_dictionaries({"revoke": JSON}),
        "replay_job_status": JSON | st.fixed_dictionaries({"job_id": JSON, "job_state": JSON}),
        "data": ACTIVITIES | st.lists(ACTIVITIES, max_size=3),
    },
)


@given(DOCUMENTS.map(encode) | st.binary(max_size=100))
@example(encode({READS: [read_event(sender_id="\ud800")]}))
@example(encode({"data": activity("dm.read", {"\0": "\udfff"})}))
def test_it_never_fails_and_its_counters_add_up(body: bytes) -> None:
    inbound = receive(body)
    accepted, quarantined, _ = counters(inbound)
    assert inbound.counters["received"] > 0
    assert accepted == len(inbound.marks)
    # Of nothing but errors the whole body is kept, once; else each event by itself.
    assert len(inbound.unreadable) == (1 if inbound.errors else quarantined)
    assert bool(inbound.errors) <= (accepted == inbound.ignored == 0)
    for part in inbound.unreadable:
        json.dumps(part.errors)
