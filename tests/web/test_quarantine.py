"""The quarantine, people and the audit log over the API."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.web.callers import ALICE, BOB, BOT, mark, message, name, quarantine, record
from webhook_app.storage import Store

QUARANTINE = "/api/v1/quarantine"


def delivery(**event: Any) -> bytes:
    """A delivery of one read event, Alice's."""
    told = {
        "created_timestamp": "1795219200000",
        "sender_id": ALICE,
        "target": {"recipient_id": BOT},
        "last_read_event_id": str(message(0)),
        **event,
    }
    return json.dumps({"direct_message_mark_read_events": [told]}).encode()


def test_it_lists_what_was_not_understood_without_the_bodies(api: FlaskClient, store: Store) -> None:
    quarantine(store, b"\xff" + b"x" * 5000)
    quarantine(store, b"{}")
    first = api.get(f"{QUARANTINE}?limit=1").get_json()
    (item,) = first["items"]
    assert (item["size"], item["excerpt"]) == (5001, "\ufffd" + "x" * 199)
    assert (item["platform"], item["received_at"][-1]) == ("twitter", "Z")
    assert item["errors"] == {"direct_message_mark_read_events": {"0": {"sender_id": ["Missing."]}}}
    second = api.get(f"{QUARANTINE}?limit=1&page={first['next_page']}").get_json()
    assert ([item["excerpt"] for item in second["items"]], second["next_page"]) == (["{}"], None)


def test_it_shows_a_body(api: FlaskClient, store: Store) -> None:
    quarantine(store, b'{"a": "\xff\x00"}')
    (item,) = api.get(QUARANTINE).get_json()["items"]
    one = api.get(f"{QUARANTINE}/{item['id']}").get_json()
    assert one == {**item, "body": '{"a": "\ufffd\0"}'}


def test_a_retry_stores_what_is_understood_now(api: FlaskClient, store: Store) -> None:
    quarantine(store, delivery())
    (item,) = api.get(QUARANTINE).get_json()["items"]
    assert api.post(f"{QUARANTINE}/{item['id']}/retry").get_json() == {
        "settled": True, "received": 1, "accepted": 1, "quarantined": 0, "ignored": 0, "errors": None,
    }  # fmt: skip
    assert api.get(QUARANTINE).get_json()["items"] == []
    assert api.get(f"/api/v1/read-positions/twitter/{ALICE}/{BOT}").status_code == 200
    (deed,) = api.get("/api/v1/audit").get_json()["items"]
    assert (deed["action"], deed["subject"]) == ("retry quarantined", str(item["id"]))


def test_a_retry_that_understands_nothing_keeps_the_row(api: FlaskClient, store: Store) -> None:
    quarantine(store, delivery(sender_id=5))
    (item,) = api.get(QUARANTINE).get_json()["items"]
    answer = api.post(f"{QUARANTINE}/{item['id']}/retry").get_json()
    assert (answer["settled"], answer["quarantined"]) == (False, 1)
    assert answer["errors"]
    assert len(api.get(QUARANTINE).get_json()["items"]) == 1


def test_a_discarded_row_is_gone(api: FlaskClient, store: Store) -> None:
    quarantine(store, b"{")
    (item,) = api.get(QUARANTINE).get_json()["items"]
    answer = api.delete(f"{QUARANTINE}/{item['id']}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert api.delete(f"{QUARANTINE}/{item['id']}").status_code == 404
    assert [deed["action"] for deed in api.get("/api/v1/audit").get_json()["items"]] == [
        "discard quarantined"
    ]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    ("path", "status"),
    [("1", 404), ("9223372036854775807", 404), ("-1", 404), ("x", 404), ("1?a=b", 422)],
)
def test_there_is_no_such_row(plain_api: FlaskClient, method: str, path: str, status: int) -> None:
    assert plain_api.open(f"{QUARANTINE}/{path}", method=method).status_code == status


def test_there_is_no_row_of_a_number_too_large_to_store(plain_api: FlaskClient) -> None:
    assert plain_api.get(f"{QUARANTINE}/9223372036854775808").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [("1/retry", 404), ("1/retry?x=1", 422), ("x/retry", 404), ("?page=WyJhIl0=", 405)],
)
def test_there_is_nothing_to_retry(plain_api: FlaskClient, path: str, status: int) -> None:
    address = f"{QUARANTINE}/{path}" if "retry" in path else QUARANTINE + path
    assert plain_api.post(address).status_code == status


def test_a_forgotten_person_is_gone_everywhere(api: FlaskClient, store: Store) -> None:
    record(store, mark(ALICE), mark(BOB))
    name(store, ALICE, "Alice")
    quarantine(store, delivery(last_read_event_id=5))
    deleted = api.delete(f"/api/v1/people/twitter/{ALICE}").get_json()["deleted"]
    assert (deleted["read_positions"], deleted["history"], deleted["people"]) == (1, 1, 1)
    assert deleted["quarantine"] == 1
    assert [item["reader"] for item in api.get("/api/v1/read-positions").get_json()["items"]] == [BOB]
    (deed,) = api.get("/api/v1/audit").get_json()["items"]
    assert deed["action"] == "forget person"
    assert deed["who"].startswith("token api-token-")
    # The log must not remember whom it is about.
    assert ALICE not in json.dumps(deed)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("icq/1", 404),
        ("twitter/alice", 422),
        ("twitter/1%00", 422),
        ("twitter/1?now=1", 422),
        ("twitter", 404),
    ],
)
def test_it_forgets_nobody_it_cannot_name(plain_api: FlaskClient, path: str, status: int) -> None:
    assert plain_api.delete(f"/api/v1/people/{path}").status_code == status


def test_the_audit_log_comes_newest_first_in_pages(api: FlaskClient, store: Store) -> None:
    for deed in ("a", "b", "c"):
        store.log("operator", deed, "x")
    first = api.get("/api/v1/audit?limit=2").get_json()
    second = api.get(f"/api/v1/audit?limit=2&page={first['next_page']}").get_json()
    assert [deed["action"] for deed in first["items"] + second["items"]] == ["c", "b", "a"]
    assert second["next_page"] is None
    assert set(first["items"][0]) == {"id", "at", "who", "action", "subject", "detail"}


@pytest.mark.parametrize("query", ["page=x", "limit=0", "who=me", "page=WyJhIl0="])
def test_the_audit_log_refuses_what_it_cannot_read(plain_api: FlaskClient, query: str) -> None:
    assert plain_api.get(f"/api/v1/audit?{query}").status_code == 422
