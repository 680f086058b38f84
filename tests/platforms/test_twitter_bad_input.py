"""What becomes of bad input: kept, counted, refused only where nothing else came."""

import json
from typing import Any

import pytest

from tests.conftest import NOW
from tests.platforms.payloads import (
    HOUR,
    MARK,
    READS,
    activity,
    counters,
    encode,
    read_event,
    reads,
    receive,
    snowflake,
)

BAD_BODIES = [
    b"",
    b" ",
    b"{",
    b"not json",
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": -Infinity}',
    b"[]",
    b"[{}]",
    b'"text"',
    b" 12 ",
    b"{} {}",
    b'{"a": "\xff"}',
    b"\xef\xbb\xbf",
    b"\0",
    b"[" * 10_000 + b"]" * 10_000,
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    b'{"a": ' + b"9" * 5000 + b"}",
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=lambda body: repr(body[:20]))
def test_what_is_no_object_is_kept_and_refused(body: bytes) -> None:
    inbound = receive(body)
    assert counters(inbound) == (0, 1, 0)
    assert inbound.errors
    assert [part.body for part in inbound.unreadable] == [body]
    json.dumps(inbound.errors)


FUTURE_ID, FUTURE_TIME = snowflake(NOW + HOUR + 1), str(NOW + HOUR + 1)
BAD_EVENTS: list[tuple[Any, str]] = [
    ({key: value for key, value in read_event().items() if key != "sender_id"}, "sender_id"),
    (read_event(sender_id=5), "sender_id"),
    (read_event(sender_id="-5"), "sender_id"),
    (read_event(peer="1" * 30), "target"),
    (read_event(target="5"), "target"),
    (read_event(last_read_event_id=1247310121283321862), "last_read_event_id"),
    (read_event(last_read_event_id=str(2**63)), "last_read_event_id"),
    (read_event(last_read_event_id=FUTURE_ID), "last_read_event_id"),
    (read_event(last_read_event_id=str(2**63 - 1)), "last_read_event_id"),
    (read_event(created_timestamp=FUTURE_TIME), "created_timestamp"),
    (read_event(created_timestamp="9" * 16), "created_timestamp"),
    (read_event(created_timestamp="9" * 17), "created_timestamp"),
    ("x", "_schema"),
    (None, "_schema"),
    ([read_event()], "_schema"),
]


@pytest.mark.parametrize(("event", "field"), BAD_EVENTS)
def test_a_bad_event_alone_is_refused_and_kept(event: Any, field: str) -> None:
    body = encode(reads(event))
    inbound = receive(body)
    assert counters(inbound) == (0, 1, 0)
    assert inbound.errors is not None
    assert list(inbound.errors[READS]["0"]) == [field]
    assert [part.body for part in inbound.unreadable] == [body]
    assert inbound.unreadable[0].errors == inbound.errors


@pytest.mark.parametrize(("event", "field"), BAD_EVENTS)
def test_a_bad_event_costs_its_siblings_nothing(event: Any, field: str) -> None:
    inbound = receive(reads(event, read_event(), users={"x": 1}))
    assert inbound.marks == [MARK]
    assert counters(inbound) == (1, 1, 0)
    assert inbound.errors is None
    (part,) = inbound.unreadable
    assert list(part.errors[READS]["0"]) == [field]
    # What is kept can be received again, and says the same.
    again = receive(part.body)
    assert again.errors == part.errors
    assert json.loads(part.body) == {READS: [event]}


@pytest.mark.parametrize(("event", "field"), BAD_EVENTS)
def test_a_bad_event_of_x_activity_is_kept_and_never_refused(event: Any, field: str) -> None:
    inbound = receive({"data": activity("dm.read", {READS: [event]})})
    assert counters(inbound) == (0, 1, 0)
    assert inbound.errors is None
    (part,) = inbound.unreadable
    assert list(part.errors["payload"][READS]["0"]) == [field]
    assert receive(part.body).unreadable == [part]


@pytest.mark.parametrize(
    "payload", [None, {}, [], "x", 5, {READS: None}, {READS: {}}, {READS: []}, {"a": {}}]
)
def test_an_unknown_payload_of_dm_read_is_kept_and_never_refused(payload: Any) -> None:
    document = {"data": activity("dm.read", payload)}
    inbound = receive(document)
    assert counters(inbound) == (0, 1, 0)
    assert inbound.errors is None
    assert [json.loads(part.body) for part in inbound.unreadable] == [document]


@pytest.mark.parametrize("events", [None, {}, "x", 5, {"0": read_event()}])
def test_events_that_are_no_list_are_refused_and_kept(events: Any) -> None:
    inbound = receive({READS: events})
    assert counters(inbound) == (0, 1, 0)
    assert inbound.errors == {READS: ["Not a valid list."]}


def test_both_shapes_in_one_body_are_both_read() -> None:
    bad = read_event(sender_id=1)
    document = {**reads(bad), "data": activity("dm.read", {READS: [read_event()]})}
    inbound = receive(document)
    assert counters(inbound) == (1, 1, 0)
    assert inbound.errors is None
