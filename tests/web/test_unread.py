"""What is not read yet, over the API."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import NOW, Clock
from tests.web.callers import (
    ALICE,
    BOB,
    BOT,
    CHANNEL,
    CHARLIE,
    SLACK_BOT,
    bearer,
    make_token,
    mark,
    message,
    name,
    record,
    services_of,
    walk,
    wrote,
    wrote_on_slack,
)
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.position import Mark
from webhook_app.storage import Store

UNREAD = "/api/v1/unread"


def who_waits(items: Any) -> list[tuple[str, str]]:
    """(reader, peer) of each item."""
    return [(item["reader"], item["peer"]) for item in items]


def test_it_shows_what_waits_as_the_contract_says(api: FlaskClient, store: Store, clock: Clock) -> None:
    wrote(store, message(-60), message(-12.5), message(-1))
    record(store, mark(BOT, message(-60), peer=ALICE))
    name(store, ALICE, "Alice <3")
    assert api.get(UNREAD).get_json() == {
        "items": [
            {
                "platform": "twitter",
                "reader": BOT,
                "peer": ALICE,
                "message": str(message(-12.5)),
                "sent_at": "2026-11-20T23:59:47.500Z",
                "age_seconds": 12.5,
                "latest": str(message(-1)),
                "count": 2,
                "reader_name": None,
                "peer_name": "Alice <3",
            }
        ],
        "next_page": None,
    }
    clock.advance(7.25)
    assert api.get(UNREAD).get_json()["items"][0]["age_seconds"] == 19.75


@pytest.mark.parametrize(
    ("sent", "sent_at", "age"),
    [
        (message(30), "2026-11-21T00:00:30.000Z", 0),  # the platform's clock is ahead of ours
        (1, None, None),  # an id that carries no time
    ],
)
def test_an_age_is_never_negative_and_may_be_unknown(
    plain_api: FlaskClient, plain_app: Flask, sent: int, sent_at: str | None, age: float | None
) -> None:
    wrote(services_of(plain_app).store, sent)
    (item,) = plain_api.get(UNREAD).get_json()["items"]
    assert (item["sent_at"], item["age_seconds"]) == (sent_at, age)


def test_what_is_read_is_not_listed(api: FlaskClient, store: Store) -> None:
    wrote(store, message(-9), message(-8))
    wrote(store, message(-7), peer=BOB)
    record(store, mark(BOT, message(-8), peer=ALICE))
    assert who_waits(api.get(UNREAD).get_json()["items"]) == [(BOT, BOB)]


def some(store: Store) -> None:
    """Two customers and a channel wait for bots, and a customer has not read what the bot wrote."""
    wrote(store, message(-20), message(-10), peer=ALICE)
    wrote(store, message(-40), peer=BOB)
    wrote(store, message(-5), reader=ALICE, peer=BOT)
    wrote(store, 1, reader=CHARLIE, peer=BOB)
    wrote_on_slack(store, -30, -1)
    wrote_on_slack(store, -10, peer="C0RANDOM")


IN_ORDER = [
    (CHARLIE, BOB), (BOT, BOB), (SLACK_BOT, CHANNEL), (BOT, ALICE), (SLACK_BOT, "C0RANDOM"), (ALICE, BOT)
]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", IN_ORDER),
        ("platform=twitter", [pair for pair in IN_ORDER if SLACK_BOT not in pair]),
        ("platform=slack", [pair for pair in IN_ORDER if SLACK_BOT in pair]),
        (f"reader={BOT}", [(BOT, BOB), (BOT, ALICE)]),
        (f"peer={BOB}", [(CHARLIE, BOB), (BOT, BOB)]),
        (f"peer={CHANNEL}", [(SLACK_BOT, CHANNEL)]),
        (f"platform=slack&reader={SLACK_BOT}&peer=C0RANDOM", [(SLACK_BOT, "C0RANDOM")]),
        (f"platform=twitter&peer=00{BOB}", [(CHARLIE, BOB), (BOT, BOB)]),  # one spelling of an id
        (f"reader={CHARLIE}&peer={ALICE}", []),
    ],
)
def test_it_filters_and_the_oldest_comes_first(
    api: FlaskClient, store: Store, query: str, found: list[tuple[str, str]]
) -> None:
    some(store)
    assert who_waits(api.get(f"{UNREAD}?{query}").get_json()["items"]) == found
    for limit in (1, 2, 3):
        assert who_waits(walk(api, f"{UNREAD}?{query}&limit={limit}")) == found


def test_conversations_that_are_only_counted_have_their_place(api: FlaskClient, store: Store) -> None:
    wrote(store, *(message(-100 + n / 100) for n in range(1010)))
    wrote(store, message(-90), peer=BOB)
    record(store, mark(BOT, message(-90.01), peer=ALICE))
    (bob, alice) = walk(api, f"{UNREAD}?limit=1")
    assert (bob["peer"], alice["peer"]) == (BOB, ALICE)
    assert alice["message"] == alice["latest"] == str(message(-100 + 10.09))
    assert alice["count"] == 10


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("page=x", "page"),
        ("page=WyJhIiwiYiIsImMiXQ==", "page"),  # of another list
        ("platform=icq", "platform"),
        ("platform=twitter&reader=bob", "reader"),
        ("platform=twitter&peer=", "peer"),
        ("reader=%20", "reader"),
        ("reader=%00", "reader"),
        ("since=2026-11-21T00:00:00Z", "since"),
    ],
)
def test_it_refuses_what_it_cannot_read(plain_api: FlaskClient, query: str, field: str) -> None:
    answer = plain_api.get(f"{UNREAD}?{query}")
    assert (answer.status_code, list(answer.get_json()["errors"]["query"])) == (422, [field])


def test_a_page_of_all_platforms_is_none_of_one(plain_api: FlaskClient, plain_app: Flask) -> None:
    some(services_of(plain_app).store)
    page = plain_api.get(f"{UNREAD}?limit=1").get_json()["next_page"]
    assert plain_api.get(f"{UNREAD}?platform=twitter&page={page}").status_code == 422


@pytest.mark.parametrize(
    ("scopes", "query", "status"),
    [
        (("mark", "admin"), f"platform=twitter&reader={BOT}", 403),
        (("read",), "", 403),
        (("read",), f"reader={BOT}", 403),
        (("read",), f"platform=slack&reader={BOT}", 403),
        (("read",), f"platform=twitter&reader={BOB}", 403),
        (("read",), f"platform=twitter&reader={BOT}", 200),
        (("read",), f"platform=twitter&reader={ALICE}&peer={BOT}", 200),
    ],
)
def test_a_bound_token_asks_for_its_account_with_scope_read(
    plain_app: Flask, plain: FlaskClient, scopes: tuple[str, ...], query: str, status: int
) -> None:
    _, secret = make_token(services_of(plain_app).store, *scopes, account=("twitter", BOT))
    assert plain.get(f"{UNREAD}?{query}", headers=bearer(secret)).status_code == status


def test_marks_of_a_channel_are_reads_too(api: FlaskClient, store: Store) -> None:
    wrote_on_slack(store, -30, -1)
    store.record(Inbound("slack", marks=[Mark("slack", SLACK_BOT, CHANNEL, (NOW - 2000) * 1000, NOW)]))
    (item,) = api.get(UNREAD).get_json()["items"]
    assert (item["message"], item["count"]) == (f"{NOW // 1000 - 1}.000100", 1)
