"""Clocks that disagree: what seems to come from the future waits in quarantine until it is past."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import API_TOKEN, NOW, Clock
from tests.scenarios.deliveries import BOT, EPOCH, sign

HOUR = 3600  # seconds
AUTHORISED = {"Authorization": f"Bearer {API_TOKEN}"}


def event(reader: str, sent: float, read: float) -> dict[str, Any]:
    """A read event of a message sent and read so many seconds after the tests' now."""
    return {
        "created_timestamp": str(NOW + int(read * 1000)),
        "sender_id": reader,
        "target": {"recipient_id": BOT},
        "last_read_event_id": str((NOW + int(sent * 1000) - EPOCH) << 22),
    }


def deliver(client: FlaskClient, document: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Deliver as X does; returns status and answer."""
    body = json.dumps(document).encode()
    answer = client.post("/webhooks/twitter", data=body, headers={"X-Twitter-Webhooks-Signature": sign(body)})
    said: dict[str, Any] = answer.get_json()
    return answer.status_code, said


def quarantine(client: FlaskClient) -> list[dict[str, Any]]:
    """What is in quarantine."""
    answer = client.get("/api/v1/quarantine", headers=AUTHORISED).get_json()
    items: list[dict[str, Any]] = answer["items"]
    return items


def readers(client: FlaskClient) -> list[str]:
    """Whose positions are known."""
    answer = client.get("/api/v1/read-positions", headers=AUTHORISED).get_json()
    return [item["reader"] for item in answer["items"]]


#: Seconds after now at which a message was sent and read, and the field that is at fault.
AHEAD = [
    (0, HOUR + 1, "created_timestamp"),
    (HOUR + 1, 0, "last_read_event_id"),
]


@pytest.mark.parametrize(("sent", "read", "field"), AHEAD)
def test_an_event_of_the_future_is_kept_until_its_time_has_come(
    client: FlaskClient, clock: Clock, sent: float, read: float, field: str
) -> None:
    document = {"direct_message_mark_read_events": [event("7", sent, read), event("8", HOUR, HOUR)]}
    counters = {"received": 2, "accepted": 1, "quarantined": 1, "ignored": 0}
    assert deliver(client, document) == (200, counters)
    assert readers(client) == ["8"]
    (row,) = quarantine(client)
    assert field in json.dumps(row["errors"])

    def retry() -> bool:
        answer = client.post(f"/api/v1/quarantine/{row['id']}/retry", headers=AUTHORISED)
        settled: bool = answer.get_json()["settled"]
        return settled

    assert not retry()
    clock.advance(1)
    assert retry()
    assert quarantine(client) == []
    assert readers(client) == ["7", "8"]


def test_a_delivery_all_of_the_future_is_refused_and_kept_once(client: FlaskClient) -> None:
    document = {"direct_message_mark_read_events": [event("7", 2 * HOUR, 2 * HOUR)]}
    for _ in range(3):
        status, said = deliver(client, document)
        assert (status, said["quarantined"]) == (400, 1)
        assert "0" in said["errors"]["direct_message_mark_read_events"]
    assert len(quarantine(client)) == 1
    assert readers(client) == []


def test_an_activity_of_the_future_is_no_reason_to_refuse(client: FlaskClient, clock: Clock) -> None:
    activity = {"event_type": "dm.read", "payload": {
        "direct_message_mark_read_events": [event("7", 2 * HOUR, 2 * HOUR)]
    }}  # fmt: skip
    counters = {"received": 1, "accepted": 0, "quarantined": 1, "ignored": 0}
    assert deliver(client, {"data": activity}) == (200, counters)
    (row,) = quarantine(client)
    clock.advance(HOUR)
    client.post(f"/api/v1/quarantine/{row['id']}/retry", headers=AUTHORISED)
    assert (quarantine(client), readers(client)) == ([], ["7"])
