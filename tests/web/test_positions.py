"""Read positions over the API."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import NOW, Clock
from tests.web.callers import ALICE, BOB, BOT, CHARLIE, mark, message, name, record
from webhook_app.storage import Store

POSITIONS = "/api/v1/read-positions"


def readers(answer: Any) -> list[str]:
    """Whose positions an answer lists."""
    return [item["reader"] for item in answer.get_json()["items"]]


def test_it_shows_a_position_as_the_contract_says(api: FlaskClient, store: Store) -> None:
    record(store, mark(ALICE, message(-12.5), NOW))
    name(store, ALICE, "Alice <3")
    (item,) = api.get(POSITIONS).get_json()["items"]
    updated_at = item.pop("updated_at")
    assert updated_at.endswith("Z")
    assert len(updated_at) == len("2026-11-21T00:00:00.000Z")
    assert item == {
        "platform": "twitter",
        "reader": ALICE,
        "peer": BOT,
        "cursor": str(message(-12.5)),
        "read_at": "2026-11-21T00:00:00.000Z",
        "sent_at": "2026-11-20T23:59:47.500Z",
        "seconds_to_read": 12.5,
        "reader_name": "Alice <3",
        "peer_name": None,
    }


@pytest.mark.parametrize(
    ("cursor", "sent_at"),
    [
        (message(60), "2026-11-21T00:01:00.000Z"),  # read before it was sent: some clock is wrong
        (1, None),  # an id that carries no time
    ],
)
def test_it_says_no_time_to_read_where_there_is_none(
    plain_api: FlaskClient, cursor: int, sent_at: str | None
) -> None:
    record(plain_api.application.extensions["webhook_app"].services().store, mark(ALICE, cursor, NOW))
    (item,) = plain_api.get(POSITIONS).get_json()["items"]
    assert (item["sent_at"], item["seconds_to_read"]) == (sent_at, None)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [ALICE, CHARLIE, BOB, BOB]),  # keys compare byte by byte
        ("platform=twitter", [ALICE, CHARLIE, BOB, BOB]),
        ("platform=slack", []),
        (f"reader={BOB}", [BOB, BOB]),
        (f"platform=twitter&reader=00{BOB}", [BOB, BOB]),  # one spelling of an id
        (f"peer={BOT}", [ALICE, BOB, CHARLIE]),
        (f"platform=twitter&reader={BOB}&peer={BOT}", [BOB]),
        (f"platform=twitter&before_message={message(-1)}", [CHARLIE]),
        (f"platform=twitter&before_message={message(-2)}", []),
        ("updated_since=2020-01-01T00:00:00Z&limit=1000", None),
        ("updated_since=2020-01-01T00:00:00.123456%2B05:30", None),
        ("updated_since=9999-12-31T23:59:59-23:59", []),
        ("updated_since=0001-01-01T00:00:00%2B23:59", None),
    ],
)
def test_it_filters(api: FlaskClient, store: Store, query: str, found: list[str] | None) -> None:
    record(store, mark(ALICE), mark(BOB), mark(BOB, peer=CHARLIE), mark(CHARLIE, message(-2)))
    answer = api.get(f"{POSITIONS}?{query}")
    assert answer.status_code == 200
    expected = [ALICE, BOB, BOB, CHARLIE] if found is None else found
    assert sorted(readers(answer)) == sorted(expected)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limt=10", "limt"),  # a misspelt filter must not pass for none
        ("page=x", "page"),
        ("page=", "page"),
        ("page=%C3%A9", "page"),
        ("page=WzFd", "page"),  # [1]: of another list
        ("page=WyJhIiwiYiIsImNcdTAwMDAiXQ==", "page"),  # a NUL inside
        ("updated_since=2020-01-01T00:00:00Z&page=WyJhIiwiYiIsImMiXQ==", "page"),  # of another order
        ("updated_since=2020-01-01T00:00:00Z&page=WzkyMjMzNzIwMzY4NTQ3NzU4MDgsImEiLCJiIiwiYyJd", "page"),
        ("updated_since=yesterday", "updated_since"),
        ("updated_since=2020-01-01", "updated_since"),
        ("updated_since=2020-01-01T00:00:00", "updated_since"),  # of which zone?
        ("updated_since=2020-01-01T00:00:00+00:00", "updated_since"),  # + means a space
        ("updated_since=2020-02-30T00:00:00Z", "updated_since"),
        ("updated_since=0000-01-01T00:00:00Z", "updated_since"),
        ("platform=icq", "platform"),
        ("platform=", "platform"),
        ("before_message=1", "before_message"),  # of which platform?
        ("platform=twitter&before_message=-1", "before_message"),
        ("platform=twitter&before_message=9223372036854775808", "before_message"),
        ("platform=twitter&reader=alice", "reader"),
        ("platform=twitter&peer=1%2C2", "peer"),
        ("reader=no%20id", "reader"),
        ("reader=a%00b", "reader"),
        ("a%00b=1", "a\0b"),
    ],
)
def test_it_refuses_what_it_cannot_read_and_names_the_field(
    plain_api: FlaskClient, query: str, field: str
) -> None:
    answer = plain_api.get(f"{POSITIONS}?{query}")
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]["query"]) == [field]
    assert (answer.get_json()["code"], answer.get_json()["status"]) == (422, "Unprocessable Entity")


@pytest.mark.parametrize("order", ["", "&updated_since=2020-01-01T00:00:00Z"])
def test_pages_hold_every_position_once(api: FlaskClient, store: Store, order: str) -> None:
    record(store, *(mark(str(reader)) for reader in range(7)))
    seen: list[str] = []
    page = ""
    for _ in range(4):
        answer = api.get(f"{POSITIONS}?limit=2{order}{page}")
        seen += readers(answer)
        if answer.get_json()["next_page"] is None:
            break
        page = f"&page={answer.get_json()['next_page']}"
    assert seen == [str(reader) for reader in range(7)]
    assert answer.get_json()["next_page"] is None


def test_a_full_last_page_says_that_it_is_the_last(plain_api: FlaskClient) -> None:
    store = plain_api.application.extensions["webhook_app"].services().store
    record(store, mark("1"), mark("2"))
    assert plain_api.get(f"{POSITIONS}?limit=2").get_json()["next_page"] is None


def test_it_answers_304_until_something_changes(api: FlaskClient, store: Store) -> None:
    record(store, mark(ALICE))
    etag = api.get(POSITIONS).headers["ETag"]
    again = api.get(POSITIONS, headers={"If-None-Match": etag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    record(store, mark(ALICE, message(1)))
    changed = api.get(POSITIONS, headers={"If-None-Match": etag})
    assert (changed.status_code, changed.headers["ETag"] != etag) == (200, True)
    assert changed.headers["Cache-Control"] == "private, no-cache"


def test_one_position_comes_with_its_history(api: FlaskClient, store: Store) -> None:
    record(store, mark(ALICE, message(2), NOW + 5000), mark(ALICE, message(0), NOW + 1000))
    answer = api.get(f"{POSITIONS}/twitter/{ALICE}/{BOT}").get_json()
    assert answer["cursor"] == str(message(2))
    assert answer["history"] == [
        {"cursor": str(message(0)), "read_at": "2026-11-21T00:00:01.000Z"},
        {"cursor": str(message(2)), "read_at": "2026-11-21T00:00:05.000Z"},
    ]


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        (f"icq/{ALICE}/{BOT}", 404, None),
        (f"twitter/{ALICE}/{CHARLIE}", 404, None),
        (f"twitter/alice/{BOT}", 422, "reader"),
        (f"twitter/{ALICE}/bot", 422, "peer"),
        (f"twitter/{ALICE}%00/{BOT}", 422, "path"),
        (f"twitter/{ALICE}/{BOT}?limit=1", 422, "limit"),
        (f"twitter/{ALICE}/{BOT}/", 404, None),
        (f"twitter/{ALICE}", 404, None),
    ],
)
def test_it_says_why_there_is_no_such_position(
    plain_api: FlaskClient, path: str, status: int, field: str | None
) -> None:
    answer = plain_api.get(f"{POSITIONS}/{path}")
    assert answer.status_code == status
    assert answer.get_json()["code"] == status
    if field:
        (where,) = answer.get_json()["errors"].values()
        assert list(where) == [field]


def test_other_methods_are_refused_and_the_right_ones_named(plain_api: FlaskClient) -> None:
    answer = plain_api.post(POSITIONS)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_a_correction_shows_at_once(api: FlaskClient, store: Store, clock: Clock) -> None:
    record(store, mark(ALICE, message(5)))
    store.set_position(("twitter", ALICE, BOT), message(0), clock(), "test")
    answer = api.get(f"{POSITIONS}/twitter/{ALICE}/{BOT}").get_json()
    assert (answer["cursor"], len(answer["history"])) == (str(message(0)), 1)
