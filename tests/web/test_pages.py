"""The page, as a browser without JavaScript sees it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import API_TOKEN, NOW, Clock
from tests.web.callers import (
    ALICE,
    BOB,
    BOT,
    bearer,
    make_token,
    mark,
    message,
    name,
    quarantine,
    record,
    services_of,
)
from tests.web.texts import Texts
from webhook_app.domain.inbound import Inbound, Message
from webhook_app.domain.position import Mark
from webhook_app.storage import Store
from webhook_app.web.pages.words import duration, figure, initials, told


def test_the_positions_are_in_the_page(browser: FlaskClient, store: Store, clock: Clock) -> None:
    record(store, mark(ALICE, message(-12), NOW))
    name(store, ALICE, "<script>alert('&')</script>")
    clock.advance(180)
    html = browser.get("/").text
    assert f"<script>alert('&')</script> has read {BOT} 3 min ago" in Texts(html).text
    assert f"twitter read 12 s after it was sent {message(-12)}" in Texts(html).text
    assert "<script>alert" not in html
    assert '<time data-told="ago" datetime="2026-11-21T00:00:00.000Z">3 min ago</time>' in html


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
    # A script that another imports has no version in its address.
    for address, kept in [*((one, "max-age=86400") for one in addresses), ("/static/told.js", "no-cache")]:
        answer = plain.get(address, buffered=True)
        assert kept in answer.headers["Cache-Control"]
        again = plain.get(address, headers={"If-None-Match": answer.headers["ETag"]}, buffered=True)
        assert (answer.status_code, again.status_code) == (200, 304)


@pytest.mark.parametrize(
    ("seconds", "text", "exact"),
    [
        (0, "0 s", "0.0 s"),
        (0.9, "0 s", "0.9 s"),
        (9.96, "9 s", "10 s"),
        (59.4, "59 s", "59 s"),
        (60, "1 min", "1.0 min"),
        (114, "1 min", "1.9 min"),
        (3600, "1 h", "1.0 h"),
        (172_800, "2 d", "2.0 d"),
    ],
)
def test_durations_are_told_in_the_largest_unit(seconds: float, text: str, exact: str) -> None:
    assert (duration(seconds), figure(seconds)) == (text, exact)


@pytest.mark.parametrize(
    ("kind", "seconds", "text"),
    [
        ("ago", -12, "12 s ago"),
        ("ago", 5, "0 s ago"),  # another's clock
        ("since", -90, "1 min"),
        ("in", 30, "in 30 s"),
        ("in", 0, "now"),
        ("in", -5, "now"),
        ("minute", -59, "this minute"),
        ("minute", -60, "1 min ago"),
    ],
)
def test_moments_are_told_from_now(kind: str, seconds: int, text: str) -> None:
    assert told(kind, NOW + seconds * 1000, NOW) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Ann Öhm", "AÖ"),
        ("ann", "A"),
        ("Ann B. van der Berg", "AB"),
        ("  Siobhán   O'Brien ", "SO"),
        ("<script>alert(1)</script>", "S"),
        ("王小明", "王"),
        ("Sam 🌻👩‍🚀", "S"),
        ("🌻", "🌻"),
        ("", "89"),
        ("  ", "89"),
    ],
)
def test_discs_hold_initials(name: str, text: str) -> None:
    assert initials(name, "123456789") == text


def test_names_lead_to_what_they_have_read_and_who_has_read_them(browser: FlaskClient, store: Store) -> None:
    record(store, mark(ALICE))
    addresses = Texts(browser.get("/").text).addresses
    for side, person in (("reader", ALICE), ("peer", BOT)):
        address = f"/?platform=twitter&{side}={person}"
        assert address in addresses
        assert f"{ALICE} has read {BOT}" in Texts(browser.get(address).text).text


def test_messages_wait_to_be_read_the_oldest_first(browser: FlaskClient, store: Store, clock: Clock) -> None:
    page = Texts(browser.get("/").text).text
    assert "No message waits to be read." in page
    waiting = [(BOB, -30), (ALICE, -90), (ALICE, -60)]
    store.record(
        Inbound("twitter", messages=[Message("twitter", who, BOT, message(at), NOW) for who, at in waiting])
    )
    name(store, ALICE, "Alice")
    for address in ("/", "/sections?name=waiting"):
        page = Texts(browser.get(address).text).text
        assert page.index("2 messages of") < page.index("1 message of")
        assert page.index("Alice") < page.index(BOB)
    assert "for 1 min" in Texts(browser.get("/").text).text
    assert (
        f"/api/v1/unread?platform=twitter&reader={BOB}"
        in Texts(browser.get(f"/?platform=twitter&reader={BOB}").text).addresses
    )
    assert "2 messages" not in browser.get(f"/?platform=twitter&reader={BOB}").text


def test_the_page_says_how_deliveries_fare(app: Flask, browser: FlaskClient, clock: Clock) -> None:
    page = Texts(browser.get("/").text).text
    assert "Last delivery none yet Webhook last checked never Dispatcher never seen Quarantine empty" in page
    here = services_of(app)
    here.counts.add("deliveries|twitter", clock())
    here.counts.add("challenges|twitter", clock())
    here.store.outbox.seen(clock())
    here.flush()
    clock.advance(10)
    page = Texts(browser.get("/").text).text
    assert "Last delivery this minute Webhook last checked this minute Dispatcher at work" in page
    clock.advance(120)
    page = Texts(browser.get("/").text).text
    assert "Last delivery 2 min ago Webhook last checked 2 min ago Dispatcher seen 2 min ago" in page


def test_sections_are_told_apart_and_have_a_validator(
    browser: FlaskClient, store: Store, clock: Clock
) -> None:
    record(store, mark(ALICE))
    answer = browser.get("/sections")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-cache")
    # What time alone changes is left to the script, and no token is told.
    clock.advance(20)
    again = browser.get("/sections", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert "csrf-token" not in answer.text
    alone = browser.get("/sections?name=limits&name=outgoing").text
    assert alone.count("<section") == 2
    record(store, mark(BOB))
    # For a second all who look are told the same.
    for seconds, status in ((0.5, 304), (0.5, 200)):
        clock.advance(seconds)
        seen = browser.get("/sections", headers={"If-None-Match": answer.headers["ETag"]})
        assert seen.status_code == status
    clock.advance(-60)
    assert BOB in browser.get("/sections").text


def test_sections_are_for_who_may_read(plain_app: Flask) -> None:
    client, store = plain_app.test_client(), services_of(plain_app).store
    # A script is told so; only people are sent to the login.
    assert client.get("/sections").status_code == 401
    for scopes, account, status in (
        (("read",), None, 200), (("mark", "admin"), None, 403), (("read",), ("twitter", BOT), 403),
    ):  # fmt: skip
        _, secret = make_token(store, *scopes, account=account)
        assert client.get("/sections", headers=bearer(secret)).status_code == status
    for query, field in (("name=other", "name"), ("x=1", "x")):
        _, secret = make_token(store, "read")
        answer = client.get(f"/sections?{query}", headers=bearer(secret))
        assert (answer.status_code, list(answer.get_json()["errors"]["query"])) == (422, [field])


def test_what_the_quarantine_holds_is_told_with_what_to_do(app: Flask, browser: FlaskClient) -> None:
    quarantine(services_of(app).store, b"{")
    page = browser.get("/").text
    assert "Quarantine 1 to look at" in Texts(page).text
    assert "readmark quarantine list" in Texts(page).text
    assert "/api/v1/quarantine" in Texts(page).addresses
    # Who may not look is not led there.
    reader = app.test_client()
    reader.post("/login", data={"token": make_token(services_of(app).store, "read")[1]})
    assert "/api/v1/quarantine" not in Texts(reader.get("/").text).addresses
