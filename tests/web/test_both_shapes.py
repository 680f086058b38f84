"""X delivers one and the same thing by both of its products, and it counts once."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import CONSUMER_SECRET, NOW
from tests.platforms.payloads import activity, encode, message_event, read_event, reads, signed
from tests.scenarios.truth import Stored, counted, stored
from tests.web.callers import ALICE, BOB, BOT, message, services_of
from webhook_app.storage import Store

#: More than are kept by their ids, so that some are only counted.
WRITTEN = [message(-60 + number / 100) for number in range(1005)]
READS = [
    read_event(sender_id=ALICE, last_read_event_id=str(message(-90)), created_timestamp=str(NOW - 80_000)),
    read_event(sender_id=ALICE, last_read_event_id=str(message(-50)), created_timestamp=str(NOW - 20_000)),
    # The bot itself.
    read_event(
        sender_id=BOT, peer=ALICE, last_read_event_id=str(WRITTEN[1]), created_timestamp=str(NOW - 10_000)
    ),
]
SENT = [message_event(id=str(message(-40)), author=BOT, reader=BOB)]
RECEIVED = [message_event(id=str(one), author=ALICE, reader=BOT) for one in WRITTEN]
ACCOUNT_ACTIVITY = [
    *({"for_user_id": BOT, "direct_message_events": events} for events in (SENT, RECEIVED)),
    *(reads(event) for event in READS),
]
X_ACTIVITY = [
    {"data": activity("dm.sent", {"direct_message_events": SENT})},
    {"data": activity("dm.received", {"direct_message_events": RECEIVED})},
    *({"data": activity("dm.read", {"direct_message_mark_read_events": [event]})} for event in READS),
]
ONE_BY_ONE = [one for both in zip(ACCOUNT_ACTIVITY, X_ACTIVITY, strict=True) for one in both]


def deliver(api: FlaskClient, documents: list[Any]) -> None:
    """X delivers, and the figures are made."""
    for document in documents:
        body = encode(document)
        answer = api.post("/webhooks/twitter", data=body, headers=signed(body, CONSUMER_SECRET))
        assert (answer.status_code, answer.get_json()["quarantined"]) == (200, 0)
    here = services_of(api.application)
    here.flush()
    while here.store.make_figures(NOW, 90, "tests", 1000):
        pass


def known(api: FlaskClient, store: Store) -> tuple[Stored, Any, list[Any]]:
    """Positions and history; who waits, with how many messages; and reads and times by minute."""
    figures = api.get("/api/v1/stats?interval=minute").get_json()["items"]
    shown = [(item["start"], item["account"], item["reads"], item["seconds_to_read"]) for item in figures]
    # A minute in which something was delivered and nothing read says nothing here.
    return stored(store), api.get("/api/v1/unread").get_json()["items"], [one for one in shown if one[2]]


@pytest.mark.parametrize(
    "deliveries",
    [ACCOUNT_ACTIVITY + X_ACTIVITY, X_ACTIVITY + ACCOUNT_ACTIVITY, ONE_BY_ONE],
    ids=["the old one first", "the new one first", "one by one"],
)
def test_both_products_say_no_more_than_one(api: FlaskClient, store: Store, deliveries: list[Any]) -> None:
    half = len(deliveries) // 2
    deliver(api, deliveries[:half])
    deliver(api, deliveries[half:])
    positions, unread, figures = known(api, store)
    assert [(item["reader"], item["count"]) for item in unread] == [(BOT, 1003), (BOB, 1)]
    assert [len(marks) for marks in positions] == [2, 3]
    # Those of people: what the bot itself has read is no answer to it.
    assert sum(reads for _, _, reads, _ in figures) == 2
    # What was delivered, twice.
    told = counted(store)
    assert told["deliveries|twitter"] == 10
    assert told["events|twitter|accepted"] == 6
    assert told["event types|twitter|dm.read"] == told["event types|twitter|direct_message_mark_read_events"]


def test_the_second_product_changes_nothing(api: FlaskClient, store: Store) -> None:
    deliver(api, ACCOUNT_ACTIVITY)
    before = known(api, store)
    deliver(api, X_ACTIVITY)
    assert known(api, store) == before
