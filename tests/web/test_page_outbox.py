"""What the page says of marks on their way out."""

from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import API_TOKEN, Clock
from tests.web.callers import (
    BOB,
    BOT,
    add_slack,
    add_x,
    bearer,
    deliver,
    make_token,
    services_of,
    slack_mark,
    x_mark,
)
from tests.web.texts import Texts
from webhook_app.domain.outbox import Verdict


def send(browser: FlaskClient, *marks: object) -> None:
    """Accept marks."""
    assert browser.post("/api/v1/marks", json=marks, headers=bearer(API_TOKEN)).status_code == 202


def outbox_of(browser: FlaskClient) -> str:
    """What the page says of marks on their way out, and its script is told alike."""
    alone = browser.get("/outbox").text
    assert alone in browser.get("/").text
    return Texts(alone).text


def test_the_page_says_how_many_marks_wait_and_for_how_long(
    app: Flask, browser: FlaskClient, clock: Clock
) -> None:
    add_x(app)
    add_slack(app)
    assert outbox_of(browser) == "No marks waiting"
    services_of(app).store.outbox.seen(clock())
    send(browser, x_mark())
    assert outbox_of(browser) == "1 mark waiting , the oldest for 0 s"
    clock.advance(90)
    services_of(app).store.outbox.seen(clock())
    send(browser, x_mark(peer=BOB), slack_mark())
    assert outbox_of(browser) == "3 marks waiting , the oldest for 1 min"
    assert deliver(app, verdict=Verdict.PEER, problem="150 No.") == 2
    assert outbox_of(browser) == "1 mark waiting , the oldest for 0 s · 2 failed"
    (failed,) = [a for a in Texts(browser.get("/outbox").text).addresses if "failed" in a]
    assert len(browser.get(failed).get_json()["items"]) == 2


def test_the_page_warns_when_marks_wait_and_nobody_passes_them_on(
    app: Flask, browser: FlaskClient, clock: Clock
) -> None:
    add_x(app)
    # Where nothing waits, nobody is missed.
    assert "problem" not in browser.get("/outbox").text
    send(browser, x_mark())
    assert "1 mark waiting, no dispatcher ever seen , the oldest for 0 s" in outbox_of(browser)
    services_of(app).store.outbox.seen(clock())
    clock.advance(14.9)
    assert "no dispatcher" not in outbox_of(browser)
    clock.advance(0.1)
    told = outbox_of(browser)
    assert "1 mark waiting, no dispatcher seen for 15 s , the oldest for 15 s" in told
    assert "readmark worker" in told
    assert '<p class="problem">' in browser.get("/outbox").text
    deliver(app)
    assert outbox_of(browser) == "No marks waiting"


def test_what_waits_is_shown_to_whom_the_page_is(plain_app: Flask) -> None:
    client, store = plain_app.test_client(), services_of(plain_app).store
    assert client.get("/outbox").status_code == 303
    for scopes, account, status in (
        (("read",), None, 200), (("mark", "admin"), None, 403), (("read",), ("twitter", BOT), 403),
    ):  # fmt: skip
        _, secret = make_token(store, *scopes, account=account)
        assert client.get("/outbox", headers=bearer(secret)).status_code == status
