"""Calls in a platform's own words: taken, kept, answered and refused as the platform would."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Client, EnvironBuilder, TestResponse

from tests.conftest import API_TOKEN, CONSUMER_SECRET, Clock
from tests.storage.locks import locked, look
from tests.storage.outgoing import take
from tests.web.callers import (
    ACCESS_TOKEN,
    ALICE,
    BOT,
    CHANNEL,
    SLACK_BOT,
    SLACK_TOKEN,
    add_slack,
    add_x,
    bearer,
    deliver,
    make_token,
    message,
    services_of,
    ts,
)
from webhook_app.domain.account import Account
from webhook_app.domain.outbox import Verdict
from webhook_app.platforms import Platforms
from webhook_app.platforms.native import MOST_BYTES, Call
from webhook_app.platforms.slack import Slack
from webhook_app.settings import Settings, read_settings
from webhook_app.storage import Store
from webhook_app.web.app import create_app
from webhook_app.web.front import Front
from webhook_app.web.native import Native, read_request

SLACK, X = "/api/conversations.mark", "/1.1/direct_messages/mark_read.json"
OUTBOX = "SELECT platform, account, peer, wanted FROM outbox ORDER BY platform"
RATE = {"x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"}


def on_slack(client: Client, seconds: float = -5, token: str = SLACK_TOKEN, **kwargs: Any) -> TestResponse:
    """A call of Slack's method as a form."""
    data = {"channel": CHANNEL, "ts": ts(seconds)}
    return client.post(SLACK, data=data, headers=bearer(token), **kwargs)


def on_x(client: Client, cursor: int | None = None, token: str = API_TOKEN, **kwargs: Any) -> TestResponse:
    """A call of X's endpoint with the parameters in the query, as tweepy has it."""
    asked = {"last_read_event_id": cursor or message(-5), "recipient_id": ALICE}
    return client.post(X, query_string=asked, headers=bearer(token), **kwargs)


def x_code(answer: TestResponse) -> tuple[int, int]:
    """The status and the code of an error in X's shape, which tells the rate window besides."""
    (error,) = answer.get_json()["errors"]
    assert set(error) == {"code", "message"}
    assert {name.lower() for name in dict(answer.headers)} >= RATE
    return answer.status_code, error["code"]


def slack_error(answer: TestResponse) -> tuple[int, str]:
    """The status and the name of an error in Slack's shape."""
    said = answer.get_json()
    assert said["ok"] is False
    return answer.status_code, said["error"]


def test_a_mark_in_slacks_words_is_kept(app: Flask, client: FlaskClient, database: str) -> None:
    add_slack(app)
    answer = on_slack(client)
    assert (answer.status_code, answer.get_json()) == (200, {"ok": True})
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    cursor = int(ts(-5).replace(".", ""))
    assert look(database, OUTBOX) == [("slack", SLACK_BOT, CHANNEL, cursor)]
    # Whoever marks has read: the position follows at once.
    assert look(database, "SELECT reader, peer, cursor FROM read_positions") == [(SLACK_BOT, CHANNEL, cursor)]


def test_a_mark_in_xs_words_is_kept(app: Flask, client: FlaskClient, database: str) -> None:
    add_x(app)
    answer = on_x(client)
    assert (answer.status_code, answer.data) == (204, b"")
    assert {name.lower() for name in dict(answer.headers)} >= RATE
    assert not {"Content-Type", "Content-Length"} & set(answer.headers.keys())
    assert answer.headers["x-rate-limit-limit"] == "1000"
    assert look(database, OUTBOX) == [("twitter", BOT, ALICE, message(-5))]


def test_the_window_it_tells_is_the_accounts(app: Flask, client: FlaskClient) -> None:
    add_x(app)
    on_x(client)
    (claim,) = take(services_of(app).store, services_of(app).clock(), 8)
    assert claim.peer == ALICE
    answer = on_x(client, message(-4))
    assert answer.headers["x-rate-limit-remaining"] == "999"


def test_our_own_api_is_not_a_platforms(plain: FlaskClient) -> None:
    assert plain.get("/api/v1/marks").status_code == 401
    assert plain.get("/api/v1").status_code == 404
    assert plain.get("/api/v1").get_json()["code"] == 404
    assert slack_error(plain.post("/api/v1x", data={"a": "b"})) == (200, "unknown_method")
    assert slack_error(plain.post("/api/chat.postMessage", data={"a": "b"})) == (200, "unknown_method")


@pytest.mark.parametrize("path", ["/1.1/", "/1.1/statuses/update.json", f"{X}/", "/1.1//"])
def test_other_paths_of_x_are_not_there(plain: FlaskClient, path: str) -> None:
    assert x_code(plain.post(path)) == (404, 34)


def test_a_token_of_ours_may_be_bound_to_the_account_it_marks_for(
    app: Flask, client: FlaskClient, store: Store, database: str
) -> None:
    add_x(app)
    add_x(app, "42-other")
    assert x_code(on_x(client)) == (401, 32)  # whose?
    _, secret = make_token(store, "mark", account=("twitter", "42"))
    assert on_x(client, token=secret).status_code == 204
    assert look(database, OUTBOX) == [("twitter", "42", ALICE, message(-5))]
    _, secret = make_token(store, "read", account=("twitter", "42"))
    assert x_code(on_x(client, token=secret)) == (401, 32)


def test_a_head_has_no_body(plain: FlaskClient) -> None:
    assert plain.head(SLACK).data == b""


@pytest.fixture(params=["sqlite:////nonexistent/folder/x.db", "postgres://nobody@127.0.0.1:1/nothing"])
def stranded(request: pytest.FixtureRequest, clock: Clock) -> Iterator[FlaskClient]:
    """A client of a service whose database is not there."""
    environ = {"DATABASE_URL": request.param, "SECRET_KEY": "k", "API_TOKEN": API_TOKEN}
    environ |= {"TWITTER_CONSUMER_KEY": "k", "TWITTER_CONSUMER_SECRET": CONSUMER_SECRET}
    app = create_app(read_settings(environ), clock=clock)
    yield app.test_client()
    app.extensions["webhook_app"].close()


def test_without_a_database_each_says_so_in_its_words(stranded: FlaskClient) -> None:
    assert slack_error(on_slack(stranded)) == (200, "service_unavailable")
    assert x_code(on_x(stranded)) == (503, 130)


def test_while_the_lock_is_held_marks_are_put_off(app: Flask, client: FlaskClient, database: str) -> None:
    add_slack(app)
    with locked(database), ThreadPoolExecutor(1) as threads:
        late = threads.submit(on_slack, app.test_client())
        assert slack_error(late.result(20)) == (200, "service_unavailable")
    assert look(database, OUTBOX) == []
    assert on_slack(client).get_json() == {"ok": True}


@pytest.mark.parametrize("length", [str(1 << 21), "1000", "x"])
def test_a_body_that_is_not_whole_is_refused(plain_app: Flask, plain: FlaskClient, length: str) -> None:
    """Too long, broken off, and of no known length; the parameters would be all there."""
    add_slack(plain_app)
    add_x(plain_app)
    wrong = {"CONTENT_LENGTH": length}
    assert slack_error(on_slack(plain, environ_overrides=wrong)) == (200, "request_timeout")
    form = {"last_read_event_id": message(-5), "recipient_id": ALICE}
    answer = plain.post(X, data=form, headers=bearer(API_TOKEN), environ_overrides=wrong)
    assert answer.status_code == 400
    assert "errors" in answer.get_json()
    assert services_of(plain_app).store.outbox.numbers().waiting == {}


def test_a_body_longer_than_a_mark_needs_is_not_read() -> None:
    for length, whole in ((MOST_BYTES, True), (MOST_BYTES + 1, False)):
        environ = EnvironBuilder(method="POST", data=b"x" * length).get_environ()
        assert read_request(environ).whole is whole


def test_where_too_much_waits_callers_are_told_when_to_come_back(
    plain_environ: dict[str, str], plain_app: Flask, clock: Clock
) -> None:
    app = create_app(read_settings(plain_environ | {"OUTBOX_LIMIT": "1"}), clock=clock)
    client = app.test_client()
    add_slack(app)
    add_x(app)
    assert on_slack(client).get_json() == {"ok": True}
    answer = client.post(SLACK, data={"channel": "C0OTHER", "ts": ts(-5)}, headers=bearer(SLACK_TOKEN))
    assert slack_error(answer) == (429, "ratelimited")
    assert int(answer.headers["Retry-After"]) >= 1
    assert on_x(client).status_code == 204
    asked = {"last_read_event_id": message(-5), "recipient_id": BOT}
    assert x_code(client.post(X, query_string=asked, headers=bearer(API_TOKEN))) == (429, 88)
    app.extensions["webhook_app"].close()


def test_what_is_refused_is_counted_by_the_platforms_word_and_logged_without_secrets(
    plain_app: Flask, plain: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        on_slack(plain, token="xoxb-a-secret")
        on_x(plain, token="rm_a-secret")
        plain.post(SLACK + "?token=a-secret", data={"token": "a-secret", "a-secret\n": "1"})
    counted = {name for name, _ in plain_app.extensions["webhook_app"].counts.take()}
    words = {"slack|invalid_auth", "slack|invalid_arg_name", "twitter|32"}
    assert counted == {f"marks refused|{word}" for word in words}
    assert [record.getMessage() for record in caplog.records] == ["call refused"] * 3
    assert "a-secret" not in str([vars(record) for record in caplog.records])


class Broken(Slack):
    """Slack, if we had made a mistake."""

    def identify(self, call: Call, known: Any, now: int) -> Account:
        """Fail."""
        raise ZeroDivisionError("of the tests")


def test_our_own_mistake_is_answered_in_its_words_and_logged(
    caplog: pytest.LogCaptureFixture, clock: Clock, tmp_path: Any
) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/x.db", secret_keys=("k",))
    front = Front(settings, Platforms({"slack": Broken(settings)}), clock)
    assert slack_error(on_slack(Client(Native(front)))) == (200, "fatal_error")
    assert "ZeroDivisionError: of the tests" in caplog.text
    assert {name for name, _ in front.counts.take()} == {"marks refused|slack|fault"}
    front.close()


@pytest.mark.parametrize("verdict", [Verdict.PEER, Verdict.PAUSE])
def test_what_the_platform_has_said_is_said_again_for_a_while(
    app: Flask, client: FlaskClient, clock: Clock, verdict: Verdict
) -> None:
    """Then the next mark is accepted, as the probe."""
    add_slack(app)
    on_slack(client)
    clock.advance(10)
    assert deliver(app, verdict=verdict, problem="not_in_channel") == 1
    services_of(app).known.forget()
    assert slack_error(on_slack(client, -4)) == (200, "not_in_channel")
    clock.advance(601)
    assert on_slack(client, -4).get_json() == {"ok": True}
    clock.advance(10)
    assert deliver(app) == 1


def test_the_access_token_alone_is_no_way_in(app: Flask, client: FlaskClient) -> None:
    add_x(app)
    assert x_code(on_x(client, token=ACCESS_TOKEN)) == (401, 32)
