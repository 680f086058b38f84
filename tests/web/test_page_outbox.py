"""What the page says of marks on their way out, and the button that tries them again."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import API_TOKEN, Clock
from tests.web.callers import (
    ALICE,
    BOB,
    BOT,
    add_slack,
    add_x,
    bearer,
    csrf_of,
    deliver,
    make_token,
    name,
    services_of,
    slack_mark,
    x_mark,
)
from tests.web.texts import Texts
from webhook_app.domain.outbox import State, Verdict


def send(browser: FlaskClient, *marks: object) -> None:
    """Accept marks."""
    assert browser.post("/api/v1/marks", json=marks, headers=bearer(API_TOKEN)).status_code == 202


def outbox_of(browser: FlaskClient) -> str:
    """What the page says of marks on their way out."""
    html = browser.get("/").text
    return Texts(html[html.index('<section id="outgoing"') :].split("</section>")[0]).text.removeprefix(
        "On the way out "
    )


def test_the_page_says_how_many_marks_wait_and_for_how_long(
    app: Flask, browser: FlaskClient, clock: Clock
) -> None:
    add_x(app)
    add_slack(app)
    assert outbox_of(browser) == "No marks waiting"
    services_of(app).store.outbox.seen(clock())
    send(browser, x_mark())
    assert outbox_of(browser).startswith("1 mark waiting , the oldest for 0 s ")
    clock.advance(90)
    services_of(app).store.outbox.seen(clock())
    send(browser, x_mark(peer=BOB), slack_mark())
    assert outbox_of(browser).startswith("3 marks waiting , the oldest for 1 min ")
    assert deliver(app, verdict=Verdict.PEER, problem="150 No.") == 2
    assert outbox_of(browser).startswith("1 mark waiting , the oldest for 0 s · 2 failed ")
    (failed,) = [a for a in Texts(browser.get("/").text).addresses if "failed" in a]
    assert len(browser.get(failed).get_json()["items"]) == 2


def test_the_page_warns_when_marks_wait_and_nobody_passes_them_on(
    app: Flask, browser: FlaskClient, clock: Clock
) -> None:
    add_x(app)
    # Where nothing waits, nobody is missed.
    assert '<p class="problem">' not in browser.get("/").text
    send(browser, x_mark())
    assert "1 mark waiting, no dispatcher ever seen , the oldest for 0 s" in outbox_of(browser)
    services_of(app).store.outbox.seen(clock())
    clock.advance(14.9)
    assert "no dispatcher" not in outbox_of(browser)
    clock.advance(0.1)
    told = outbox_of(browser)
    assert "1 mark waiting, no dispatcher seen for 15 s , the oldest for 15 s" in told
    assert "readmark worker" in told
    assert '<p class="problem">' in browser.get("/").text
    deliver(app)
    assert outbox_of(browser) == "No marks waiting"


def test_failed_marks_come_first_in_the_platforms_words(
    app: Flask, browser: FlaskClient, clock: Clock
) -> None:
    add_x(app)
    add_slack(app)
    send(browser, x_mark())
    deliver(app, verdict=Verdict.PEER, problem="150: <b>You cannot</b> & may not")
    send(browser, slack_mark())
    name(services_of(app).store, ALICE, "Alice")
    told = outbox_of(browser)
    assert "failed , tried 1 time: 150: <b>You cannot</b> & may not" in told
    assert told.index("Alice") < told.index("bot @ Team")
    assert "waiting , due in 5 s" in told
    assert "<b>You" not in browser.get("/").text


def press(client: FlaskClient, **more: str) -> TestResponse:
    """Press the button beside Alice's mark."""
    fields = {"platform": "twitter", "account": BOT, "peer": ALICE, "csrf_token": csrf_of(client)}
    return client.post("/retry", data={**fields, **more})


def test_a_failed_mark_is_tried_again_by_a_button(app: Flask, browser: FlaskClient) -> None:
    add_x(app)
    send(browser, x_mark())
    deliver(app, verdict=Verdict.PEER, problem="150 No.")
    html = browser.get("/?platform=twitter").text
    assert 'action="/retry"' in html
    assert 'name="back" value="/?platform=twitter#outgoing"' in html
    answer = press(browser, back="/?platform=twitter#outgoing")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?platform=twitter#outgoing")
    assert f"The mark for {ALICE} is tried again now." in Texts(browser.get("/").text).text
    assert "1 mark waiting" in outbox_of(browser)
    (deed, *_) = browser.get("/api/v1/audit").get_json()["items"]
    assert (deed["action"], deed["subject"]) == ("retry mark", f"twitter/{BOT}/{ALICE}")
    assert deed["who"].startswith("token ")
    # Nobody is led elsewhere.
    assert press(browser, back="//evil.example").headers["Location"] == "/"


def test_only_admins_have_the_button(app: Flask, browser: FlaskClient) -> None:
    add_x(app)
    send(browser, x_mark())
    deliver(app, verdict=Verdict.PEER, problem="150 No.")
    reader = app.test_client()
    reader.post("/login", data={"token": make_token(services_of(app).store, "read", "mark")[1]})
    html = reader.get("/").text
    assert "150 No." in html
    assert "/retry" not in html
    answer = press(reader)
    assert (answer.status_code, "lacks the scope admin" in answer.text) == (403, True)
    assert press(browser, csrf_token="").status_code == 403
    assert "1 failed" in outbox_of(browser)


@pytest.mark.parametrize(
    ("field", "value", "status"), [("peer", "7", 404), ("platform", "icq", 404), ("peer", "!", 422)]
)
def test_a_mark_that_is_not_there_is_told_in_words(
    browser: FlaskClient, field: str, value: str, status: int
) -> None:
    answer = press(browser, **{field: value})
    assert (answer.status_code, answer.mimetype) == (status, "text/html")


def test_rate_windows_are_told_the_fullest_first(app: Flask, browser: FlaskClient, clock: Clock) -> None:
    assert "No account to mark for." in Texts(browser.get("/").text).text
    add_slack(app)
    add_x(app)
    send(browser, x_mark(), x_mark(peer=BOB))
    assert deliver(app) == 2
    page = Texts(browser.get("/").text).text
    told = page[page.index("Rate windows") :]
    assert told.startswith(f"Rate windows twitter {BOT} 2 of 1,000 used, resets in 15 min slack bot @ Team")
    services_of(app).store.accounts.set_state("twitter", BOT, State.PAUSED, "a <b>holiday</b>", clock(), "t")
    services_of(app).known.forget()
    page = browser.get("/").text
    assert "Nothing goes out: paused: a <b>holiday</b>" in Texts(page).text
    assert "<b>holiday" not in page


def test_a_section_that_is_shared_has_the_button_for_admins_only(app: Flask, browser: FlaskClient) -> None:
    add_x(app)
    send(browser, x_mark())
    deliver(app, verdict=Verdict.PEER, problem="150 No.")
    for scopes, buttons in ((["read", "admin"], 1), (["read"], 0), (["read", "admin"], 1)):
        _, secret = make_token(services_of(app).store, *scopes)
        section = app.test_client().get("/sections?name=outgoing", headers=bearer(secret)).text
        assert section.count("<button") == buttons
