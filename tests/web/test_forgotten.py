"""Who was forgotten stays forgotten, whatever is delivered, tried again or exported meanwhile."""

import json
import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import CONSUMER_SECRET, Clock
from tests.platforms.payloads import (
    BOT,
    activity,
    activity_user,
    encode,
    message_event,
    read_event,
    reads,
    signed,
    snowflake,
    user,
)  # fmt: skip
from tests.platforms.payloads import CUSTOMER as ANN
from tests.storage.traces import rows_naming
from tests.web.callers import mark as mark_of
from tests.web.callers import record, services_of
from tests.web.test_export_pages import begun, crowd
from webhook_app.export import FIELDS, PAGE
from webhook_app.storage import Store

#: Memories of the forgotten expire by the database's clock, so it is now.
NOW = time.time_ns() // 1_000_000
READ = read_event(created_timestamp=str(NOW - 60_000), last_read_event_id=snowflake(NOW - 61_000))
MESSAGE = message_event(id=snowflake(NOW - 30_000), created_timestamp=str(NOW - 30_000))
#: A read event of nobody knows when, and one whose ids stand behind JSON's escapes.
UNDATED = {name: value for name, value in READ.items() if name != "created_timestamp"}
ESCAPED = encode(reads(UNDATED)).replace(ANN.encode(), "".join(f"\\u{ord(c):04x}" for c in ANN).encode())
NAMES = (ANN, "Ann", "ann_handle")


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at the present."""
    return Clock(NOW)


#: All that X may say about Ann, in both of its products' shapes.
DELIVERIES = [
    encode(reads(READ, users={ANN: user()})),
    encode({"data": activity("dm.read", {"direct_message_mark_read_events": [READ]})}),
    encode({"data": [activity("dm.read", {**READ, "users": {ANN: activity_user()}})]}),
    encode({"for_user_id": BOT, "direct_message_events": [MESSAGE], "users": {ANN: user()}}),
    encode({"data": activity("dm.sent", {"direct_message_events": [MESSAGE]})}),
    encode(
        {"user_event": {"revoke": {"date_time": "2026-01-01T00:00:00+00:00", "source": {"user_id": ANN}}}}
    ),
    encode({"data": activity("oauth.revoke", {"user_id": ANN, "date_time": "2026-01-01T00:00:00Z"})}),
    encode(reads(UNDATED)),
    encode({"data": activity("dm.read", {"direct_message_mark_read_events": [UNDATED]})}),
    encode({"data": activity("dm.read", {"of_another_shape": {"reader": int(ANN)}})}),
    ESCAPED,
    json.dumps(reads(UNDATED)).encode("utf-16"),
    b'{"sender_id": "%s", "broken' % ANN.encode(),
]


def deliver(client: FlaskClient, body: bytes) -> int:
    """The status of a signed delivery."""
    answer = client.post("/webhooks/twitter", data=body, headers=signed(body, CONSUMER_SECRET))
    return answer.status_code


def forget(api: FlaskClient, person: str = ANN) -> None:
    """Forget somebody, as an operator does."""
    assert api.delete(f"/api/v1/people/twitter/{person}").status_code == 200


def test_nothing_that_is_replayed_brings_a_person_back(api: FlaskClient, store: Store) -> None:
    answers = [deliver(api, body) for body in DELIVERIES]
    tables = {"read_positions", "history", "people", "unread_messages", "notices", "quarantine"}
    assert set(rows_naming(store, *NAMES)) == tables
    forget(api)
    assert rows_naming(store, *NAMES) == []
    # Whoever delivers again is answered as the first time: a refusal would only bring the next one.
    assert [deliver(api, body) for body in DELIVERIES] == answers
    assert rows_naming(store, *NAMES) == []
    # What looks like anybody's id but stands behind escapes is kept by no other name either.
    assert api.get("/api/v1/quarantine").get_json()["items"] == []


def test_what_happens_afterwards_is_news(api: FlaskClient, clock: Clock) -> None:
    forget(api)
    clock.advance(10)
    later = read_event(created_timestamp=str(clock() - 1000), last_read_event_id=snowflake(clock() - 2000))
    assert deliver(api, encode(reads(later))) == 200
    assert api.get(f"/api/v1/read-positions/twitter/{ANN}/{BOT}").status_code == 200


def test_a_retry_under_way_brings_nobody_back(app: Flask, api: FlaskClient, store: Store) -> None:
    unreadable = {"data": activity("dm.read", {"direct_message_mark_read_events": [UNDATED]})}
    deliver(api, encode(unreadable))
    row = store.quarantined(api.get("/api/v1/quarantine").get_json()["items"][0]["id"])
    # Another release understands it, has read the row, and is slower than whoever forgets.
    inbound = services_of(app).platforms["twitter"].read(encode(reads(READ, users={ANN: user()})), NOW)
    inbound.settles = (row.id,)
    forget(api)
    store.record(inbound)
    assert rows_naming(store, *NAMES) == []
    assert api.post(f"/api/v1/quarantine/{row.id}/retry").status_code == 404


@pytest.mark.parametrize("what", FIELDS)
def test_an_export_does_not_name_a_peer_who_is_forgotten_meanwhile(
    api: FlaskClient, store: Store, what: str
) -> None:
    crowd(store)
    record(store, mark_of("7", peer="8"), mark_of("999", peer="8"))
    _, others = begun(api, f"/api/v1/export/{what}.ndjson")
    rows: list[dict[str, Any]] = [json.loads(line) for line in next(others).splitlines()]
    assert len(rows) == PAGE
    forget(api, BOT)
    rows = [json.loads(line) for line in b"".join(others).splitlines()]
    assert [(row["reader"], row["peer"]) for row in rows] == [("999", "8")]
