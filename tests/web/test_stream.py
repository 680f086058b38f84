"""The stream inside one process: what is told to whom."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from tests.conftest import API_TOKEN, NOW
from tests.host.hosting import LONGEST, until
from tests.web.callers import (
    ALICE,
    BOB,
    BOT,
    CHANNEL,
    CHARLIE,
    SLACK_BOT,
    add_slack,
    add_x,
    bearer,
    deliver,
    make_token,
    mark,
    message,
    name,
    record,
    services_of,
    slack_mark,
    x_mark,
)
from tests.web.watching import STREAM, feed_of, readers, watching
from webhook_app.domain.outbox import Verdict
from webhook_app.storage import Store
from webhook_app.storage.tokens import revoke_token


def items(client: FlaskClient, path: str) -> list[dict[str, Any]]:
    """What a list of the API shows."""
    found: list[dict[str, Any]] = client.get(f"/api/v1/{path}").get_json()["items"]
    return found


def test_it_begins_at_once_and_is_kept_by_nobody(plain_api: FlaskClient) -> None:
    answer = plain_api.get(STREAM)
    assert next(answer.iter_encoded()).startswith(b": readmark\nretry: 2000\n\n")
    answer.close()
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-cache, no-transform"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert "ETag" not in answer.headers


def test_events_are_the_items_of_the_api(app: Flask, api: FlaskClient, store: Store) -> None:
    add_x(app)
    add_slack(app)
    with watching(api) as seen:
        record(store, mark(ALICE, message(-12.5)), mark(BOB, message(60)), mark(CHARLIE, 1))
        name(store, ALICE, "Ann <3\nünïcode")
        api.post("/api/v1/marks", json=[x_mark(), slack_mark()])
        seen.until(lambda: seen.knows(status="waiting", account=BOT))
        deliver(app, problem="not today")
        seen.until(lambda: seen.knows(status="delivered", account=BOT))
        record(store, mark(ALICE, message(-3)))
        seen.until(lambda: seen.knows(cursor=str(message(-3)), reader=ALICE))
        # The newest of each are what the lists show now.
        for kind, path, key in (
            ("position", "read-positions", ("platform", "reader", "peer")),
            ("mark", "marks", ("platform", "account", "peer")),
            ("rate-limit", "rate-limits", ("platform", "account", "method")),
        ):
            newest = {tuple(shown[part] for part in key): shown for shown in seen.of(kind)}
            listed = items(api, path)
            assert {tuple(shown[part] for part in key): shown for shown in listed} == newest


def test_a_failed_mark_is_told_and_its_retry(app: Flask, api: FlaskClient, store: Store) -> None:
    add_x(app)
    api.post("/api/v1/marks", json=x_mark())
    with watching(api) as seen:
        deliver(app, problem="349 no", verdict=Verdict.PEER)
        seen.until(lambda: seen.knows(status="failed", problem="349 no", due_at=None))
        api.post(f"/api/v1/marks/twitter/{BOT}/{ALICE}/retry")
        seen.until(lambda: seen.of("mark")[-1]["status"] == "waiting")
        assert seen.of("mark")[-1] == items(api, "marks")[0]


def test_an_account_that_is_stopped_shows_in_its_rate_limit(app: Flask, api: FlaskClient) -> None:
    add_x(app)
    with watching(api) as seen:
        seen.until(lambda: seen.knows(account=BOT, blocked=None))
        api.post(f"/api/v1/accounts/twitter/{BOT}/pause", json={"reason": "holidays"})
        seen.until(lambda: seen.knows(account=BOT, blocked="paused: holidays"))


def test_what_an_operator_has_set_replaces(api: FlaskClient, store: Store) -> None:
    record(store, mark(ALICE, message(-1)))
    with watching(api) as seen:
        seen.until(lambda: seen.knows(reader=ALICE))
        assert "corrected" not in seen.of("position")[0]
        store.set_position(("twitter", ALICE, BOT), message(-50), NOW, "tests")
        seen.until(lambda: seen.knows(cursor=str(message(-50)), corrected=True))


@pytest.mark.parametrize(
    ("query", "told", "marked", "limited"),
    [
        ("", {ALICE, BOB, BOT, SLACK_BOT}, {BOT, SLACK_BOT}, {BOT, SLACK_BOT}),
        ("?platform=slack", {SLACK_BOT}, {SLACK_BOT}, {SLACK_BOT}),
        (f"?reader={ALICE}", {ALICE}, set(), set()),
        (f"?platform=twitter&reader=00{BOB}", {BOB}, set(), set()),
        (f"?peer={BOT}", {ALICE, BOB}, set(), {BOT}),
        (f"?reader={BOT}", {BOT}, {BOT}, {BOT}),
        (f"?reader={BOT}&peer={ALICE}", {BOT}, {BOT}, {BOT}),
        (f"?reader={BOB}&peer={BOT}", {BOB}, set(), {BOT}),
        (f"?platform=slack&peer={CHANNEL}", {SLACK_BOT}, {SLACK_BOT}, set()),
    ],
)
def test_it_filters(
    plain_app: Flask,
    plain_api: FlaskClient,
    query: str,
    told: set[str],
    marked: set[str],
    limited: set[str],
) -> None:
    add_x(plain_app)
    add_slack(plain_app)
    store = services_of(plain_app).store
    with watching(plain_api) as everything, watching(plain_api, query) as seen:
        record(store, mark(ALICE), mark(BOB))
        plain_api.post("/api/v1/marks", json=[x_mark(), slack_mark()])
        # Another one of each when all are there, so that it is known when nothing more comes.
        everything.until(lambda: {ALICE, BOB, BOT, SLACK_BOT} <= readers(everything))
        seen.until(lambda: told <= readers(seen) and marked <= {m["account"] for m in seen.of("mark")})
        assert readers(seen) == told
        assert {shown["account"] for shown in seen.of("mark")} == marked
        assert {shown["account"] for shown in seen.of("rate-limit")} == limited


@pytest.mark.parametrize(
    ("query", "headers", "where", "field"),
    [
        ("?since=1", {}, "query", "since"),
        ("?limit=5", {}, "query", "limit"),
        ("?platform=pigeon", {}, "query", "platform"),
        ("?reader=%2F", {}, "query", "reader"),
        ("?updated_since=yesterday", {}, "query", "updated_since"),
        ("", {"Last-Event-ID": "yesterday"}, "headers", "Last-Event-ID"),
        ("", {"Last-Event-ID": "-1"}, "headers", "Last-Event-ID"),
        ("", {"Last-Event-ID": "9" * 15}, "headers", "Last-Event-ID"),
    ],
)
def test_it_names_what_it_does_not_understand(
    plain_app: Flask, plain_api: FlaskClient, query: str, headers: dict[str, str], where: str, field: str
) -> None:
    answer = plain_api.get(STREAM + query, headers=headers)
    assert answer.status_code == 422
    assert field in answer.get_json()["errors"][where]
    assert not feed_of(plain_app).viewers


def test_head_opens_nothing(plain_app: Flask, plain_api: FlaskClient) -> None:
    answer = plain_api.head(STREAM)
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "text/event-stream", b"")
    assert not feed_of(plain_app).viewers


def test_there_is_room_for_so_many(plain_app: Flask, plain_api: FlaskClient) -> None:
    feed_of(plain_app).most = 2
    with watching(plain_api), watching(plain_api):
        answer = plain_api.get(STREAM)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert answer.get_json()["code"] == 503
    with watching(plain_api):
        pass
    assert not feed_of(plain_app).viewers


def test_a_revoked_token_ends_its_streams(client: FlaskClient, app: Flask, store: Store) -> None:
    api = app.test_client()
    api.environ_base["HTTP_AUTHORIZATION"] = bearer(API_TOKEN)["Authorization"]
    token_id, secret = make_token(store, "read")
    client.environ_base["HTTP_AUTHORIZATION"] = bearer(secret)["Authorization"]
    with watching(api) as other, watching(client) as seen:
        record(store, mark(ALICE))
        seen.until(lambda: seen.knows(reader=ALICE))
        store.write(lambda connection: revoke_token(connection, token_id, NOW))
        while seen.read():
            pass
        record(store, mark(BOB))
        other.until(lambda: other.knows(reader=BOB))
    assert client.get(STREAM).status_code == 401


def test_what_becomes_visible_late_is_told(app: Flask, api: FlaskClient, store: Store) -> None:
    feed, written, looked = feed_of(app), Event(), Event()
    late = f"SELECT platform, '{BOB}', peer, cursor, read_at, updated_at, 0 FROM read_positions"

    def write_slowly(connection: Connection) -> None:
        connection.execute(text(f"INSERT INTO read_positions {late}"))
        written.set()
        looked.wait(LONGEST)

    with watching(api) as seen, ThreadPoolExecutor() as beside:
        record(store, mark(ALICE))
        seen.until(lambda: seen.knows(reader=ALICE))
        began, writing = feed.looked_at, beside.submit(store.write, write_slowly)
        assert written.wait(LONGEST)
        if store.database.dialect == "postgresql":
            # On SQLite nobody else can write meanwhile.
            record(store, mark(CHARLIE))
            seen.until(lambda: seen.knows(reader=CHARLIE))
        until(lambda: feed.looked_at > began + 1000)
        looked.set()
        writing.result()
        seen.until(lambda: seen.knows(reader=BOB))


def test_what_was_seen_is_not_told_again(api: FlaskClient, store: Store) -> None:
    with watching(api) as seen:
        seen.until(lambda: seen.last_id)
        record(store, mark(ALICE))
        seen.until(lambda: seen.knows(reader=ALICE))
        # Long enough for a sweep.
        for number in range(12):
            record(store, mark(BOB, message(number - 50)))
            seen.until(partial(seen.knows, cursor=str(message(number - 50))))
    assert [shown["reader"] for shown in seen.of("position")].count(ALICE) == 1
