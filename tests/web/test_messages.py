"""Who has read a message."""

import pytest
from flask.testing import FlaskClient

from tests.conftest import NOW
from tests.web.callers import ALICE, BOB, BOT, CHANNEL, CHARLIE, SLACK_BOT, mark, message, record
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.position import Mark
from webhook_app.storage import Store

READERS = f"/api/v1/messages/twitter/{BOT}/{message(0)}/readers"


@pytest.fixture(autouse=True)
def _three_readers(store: Store) -> None:
    """Alice has read the message and a later one, Bob exactly it, Charlie has not come so far."""
    record(store, mark(ALICE, message(0), NOW + 1000), mark(ALICE, message(9), NOW + 9500))
    record(store, mark(BOB, message(0), NOW + 2000), mark(CHARLIE, message(-1)))
    # Somebody who reads another peer's messages is not concerned.
    record(store, mark("99", message(9), peer=ALICE))


def test_it_tells_who_has_read_a_message_and_who_has_not(api: FlaskClient) -> None:
    assert api.get(READERS).get_json() == {
        "read": [
            {"reader": ALICE, "cursor": str(message(9)), "read_at": "2026-11-21T00:00:01.000Z"},
            {"reader": BOB, "cursor": str(message(0)), "read_at": "2026-11-21T00:00:02.000Z"},
        ],
        "unread": [{"reader": CHARLIE, "cursor": str(message(-1))}],
        "next_page": None,
    }


def test_a_message_read_past_counts_from_the_later_mark(api: FlaskClient) -> None:
    answer = api.get(f"/api/v1/messages/twitter/{BOT}/{message(5)}/readers").get_json()
    assert answer["read"] == [
        {"reader": ALICE, "cursor": str(message(9)), "read_at": "2026-11-21T00:00:09.500Z"}
    ]


def test_first_is_the_earliest_of_all_marks_that_reach_so_far(api: FlaskClient, store: Store) -> None:
    """The platform's times need not grow with its ids, nor deliveries come in order."""
    record(store, mark(ALICE, message(20), NOW + 500), mark(ALICE, message(15), NOW + 700))
    for sent in (0, 12, 18):
        answer = api.get(f"/api/v1/messages/twitter/{BOT}/{message(sent)}/readers?reader={ALICE}").get_json()
        assert [item["read_at"] for item in answer["read"]] == ["2026-11-21T00:00:00.500Z"]


def test_who_was_put_back_has_not_read(api: FlaskClient, store: Store) -> None:
    store.set_position(("twitter", ALICE, BOT), message(-5), NOW + 60_000, "tests")
    answer = api.get(READERS).get_json()
    assert [item["reader"] for item in answer["read"]] == [BOB]
    assert answer["unread"][0] == {"reader": ALICE, "cursor": str(message(-5))}


def test_who_is_forgotten_is_not_known(api: FlaskClient, store: Store) -> None:
    store.forget("twitter", ALICE, NOW + 60_000, "tests")
    assert api.get(f"{READERS}?reader={ALICE}").get_json() == {"read": [], "unread": [], "next_page": None}


def test_readers_of_a_channel_are_who_has_marked_there(api: FlaskClient, store: Store) -> None:
    for n, who in enumerate((SLACK_BOT, "T1.U2")):
        told = Mark("slack", who, CHANNEL, (NOW // 1000 + n) * 1_000_000 + 100, NOW)
        store.record(Inbound("slack", marks=[told]))
    answer = api.get(f"/api/v1/messages/slack/{CHANNEL}/{NOW // 1000 + 1}.0001/readers").get_json()
    assert [item["reader"] for item in answer["read"]] == ["T1.U2"]
    assert answer["unread"] == [{"reader": SLACK_BOT, "cursor": f"{NOW // 1000}.000100"}]


def test_it_narrows_to_a_reader(api: FlaskClient) -> None:
    answer = api.get(f"{READERS}?reader={CHARLIE}").get_json()
    assert (answer["read"], len(answer["unread"])) == ([], 1)


def test_its_pages_hold_every_reader_once(api: FlaskClient) -> None:
    seen, page = [], ""
    for _ in range(3):
        answer = api.get(f"{READERS}?limit=1{page}").get_json()
        seen += [item["reader"] for item in [*answer["read"], *answer["unread"]]]
        page = f"&page={answer['next_page']}"
    assert seen == [ALICE, BOB, CHARLIE]
    assert answer["next_page"] is None


@pytest.mark.parametrize(
    ("path", "status", "where"),
    [
        (f"icq/{BOT}/1/readers", 404, None),
        ("twitter/bot/1/readers", 422, {"path": "peer"}),
        (f"twitter/{BOT}/first/readers", 422, {"path": "message"}),
        (f"twitter/{BOT}/1/readers?reader=x", 422, {"query": "reader"}),
        (f"twitter/{BOT}/1/readers?page=x", 422, {"query": "page"}),
        (f"twitter/{BOT}/1/readers?limit=9999", 422, {"query": "limit"}),
        (f"twitter/{BOT}/1/readers?peer=1", 422, {"query": "peer"}),
    ],
)
def test_it_refuses_what_it_cannot_read(
    plain_api: FlaskClient, path: str, status: int, where: dict[str, str] | None
) -> None:
    answer = plain_api.get(f"/api/v1/messages/{path}")
    assert answer.status_code == status
    errors = answer.get_json().get("errors")
    assert where is None or {place: next(iter(fields)) for place, fields in errors.items()} == where
