"""The pages, as a browser without JavaScript sees them."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import API_TOKEN, NOW, Clock
from tests.storage.locks import locked
from tests.web.callers import ALICE, BOT, csrf_of, make_token, mark, message, name, record
from tests.web.texts import Texts
from webhook_app.domain.position import Mark
from webhook_app.settings import Settings
from webhook_app.storage import Store
from webhook_app.storage.tokens import add_login_link
from webhook_app.web.pages import duration

MINUTES_10 = 600_000  # milliseconds


def add_link(store: Store, secret: str, token_id: str, expires_at: int = NOW + MINUTES_10) -> None:
    """Store a login link."""
    store.write(lambda connection: add_login_link(connection, secret, token_id, expires_at))


def test_a_stranger_is_sent_to_the_login(client: FlaskClient) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert client.get("/login").status_code == 200


def test_a_token_opens_the_page(client: FlaskClient) -> None:
    answer = client.post("/login", data={"token": f" {API_TOKEN}\n"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "form", [{}, {"token": ""}, {"token": "wrong"}, {"token": "a\0b"}, {"token": "\xe9"}]
)
def test_a_wrong_token_opens_nothing(plain: FlaskClient, form: dict[str, str]) -> None:
    answer = plain.post("/login", data=form)
    assert (answer.status_code, "not a valid token" in answer.text) == (403, True)
    assert "Set-Cookie" not in answer.headers
    assert plain.get("/").status_code == 303


def test_a_token_that_may_not_read_everything_opens_nothing(plain_app: Flask) -> None:
    store, client = plain_app.extensions["webhook_app"].services().store, plain_app.test_client()
    for _, secret in (
        make_token(store, "mark", "admin"),
        make_token(store, "read", account=("twitter", BOT)),
    ):
        answer = client.post("/login", data={"token": secret})
        assert (answer.status_code, "scope read" in answer.text) == (403, True)


def test_a_login_link_works_once(client: FlaskClient, store: Store) -> None:
    token_id, _ = make_token(store, "read")
    add_link(store, "link", token_id)
    # Whoever only looks at the address does not use it up.
    assert client.head("/login?link=link").status_code == 200
    answer = client.get("/login?link=link")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert client.get("/").status_code == 200
    again = client.application.test_client().get("/login?link=link")
    assert (again.status_code, "has been used" in again.text) == (403, True)


@pytest.mark.parametrize(("link", "minutes"), [("other", 0), ("link", 11), ("", 0)])
def test_a_wrong_or_old_link_opens_nothing(
    client: FlaskClient, store: Store, clock: Clock, link: str, minutes: int
) -> None:
    token_id, _ = make_token(store, "read")
    add_link(store, "link", token_id)
    clock.advance(minutes * 60)
    assert client.get(f"/login?link={link}").status_code == 403
    assert client.get("/").status_code == 303


def test_a_link_of_a_revoked_or_unknown_token_opens_nothing(client: FlaskClient, store: Store) -> None:
    add_link(store, "link", "nobody")
    assert client.get("/login?link=link").status_code == 403


def test_logging_out_ends_the_session(browser: FlaskClient) -> None:
    assert browser.post("/logout").status_code == 403
    answer = browser.post("/logout", data={"csrf_token": csrf_of(browser)})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert browser.get("/").status_code == 303


def test_the_positions_are_in_the_page(browser: FlaskClient, store: Store, clock: Clock) -> None:
    record(store, mark(ALICE, message(-12), NOW))
    name(store, ALICE, "<script>alert('&')</script>")
    clock.advance(180)
    html = browser.get("/").text
    assert f"<script>alert('&')</script> has read {BOT} 3 min ago" in Texts(html).text
    assert f"twitter up to {message(-12)} , read 12 s after it was sent" in Texts(html).text
    assert "<script>alert" not in html
    assert '<time class="read" datetime="2026-11-21T00:00:00.000Z">' in html


def test_the_page_shows_the_latest_fifty(browser: FlaskClient, store: Store) -> None:
    record(store, *(mark(str(reader)) for reader in range(60)))
    # One for each, one for the row that the script copies.
    assert browser.get("/").text.count("<li data-key=") == 51


def test_a_position_of_a_platform_no_longer_there_does_not_break_the_page(
    browser: FlaskClient, store: Store
) -> None:
    record(store, mark(ALICE), Mark("icq", "1", "2", 3, NOW))
    assert ALICE in browser.get("/").text
    assert "icq" not in browser.get("/").text


def test_an_empty_page_says_what_to_do_next(browser: FlaskClient) -> None:
    text = Texts(browser.get("/").text).text
    assert "readmark demo" in text
    assert "http://localhost/webhooks/twitter" in text
    # Nothing is delivered by this one.
    assert "/webhooks/slack" not in text


@pytest.mark.parametrize("path", ["/", "/login", "/docs"])
def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline(browser: FlaskClient, path: str) -> None:
    answer = browser.get(path)
    page = Texts(answer.text)
    assert page.inline == []
    assert [address for address in page.addresses if not address.startswith(("/", "#"))] == []
    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_static_files_may_be_kept(plain: FlaskClient) -> None:
    plain.post("/login", data={"token": API_TOKEN})
    addresses = [a for a in Texts(plain.get("/").text).addresses if a.startswith("/static/")]
    assert len(addresses) == 3
    for address in addresses:
        answer = plain.get(address, buffered=True)
        assert "max-age=86400" in answer.headers["Cache-Control"]
        again = plain.get(address, headers={"If-None-Match": answer.headers["ETag"]}, buffered=True)
        assert (answer.status_code, again.status_code) == (200, 304)


def test_a_body_too_long_for_a_form_is_refused(plain: FlaskClient) -> None:
    assert plain.post("/login", data={"token": "x" * 100_000}).status_code == 413


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.9, "0 s"), (59.9, "59 s"), (60, "1 min"), (3600, "1 h"), (172_800, "2 d")],
)
def test_durations_are_told_in_the_largest_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_made_up_login_link_waits_for_no_lock(client: FlaskClient, settings: Settings) -> None:
    """Strangers who try links must not stand in the way of deliveries."""
    with locked(settings.database_url):
        assert client.get("/login?link=made-up").status_code == 403
