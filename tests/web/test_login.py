"""The way in and out."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import API_TOKEN, NOW, Clock
from tests.storage.locks import locked
from tests.web.callers import BOT, csrf_of, make_token
from tests.web.texts import Texts
from webhook_app.settings import Settings
from webhook_app.storage import Store
from webhook_app.storage.tokens import add_login_link

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


def test_a_body_too_long_for_a_form_is_refused(plain: FlaskClient) -> None:
    assert plain.post("/login", data={"token": "x" * 100_000}).status_code == 413


def test_a_made_up_login_link_waits_for_no_lock(client: FlaskClient, settings: Settings) -> None:
    """Strangers who try links must not stand in the way of deliveries."""
    with locked(settings.database_url):
        assert client.get("/login?link=made-up").status_code == 403


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/", None),
        ("/?platform=twitter&q=Zo%C3%AB", "/?platform=twitter&q=Zo%C3%AB"),
        ("/?", None),
    ],
)
def test_the_login_leads_back_to_where_the_visitor_wanted_to_go(
    plain: FlaskClient, path: str, wanted: str | None
) -> None:
    sent = plain.get(path).headers["Location"]
    form = plain.get(sent).text
    hidden = re.search(r'name="next" value="([^"]*)"', form)
    assert (hidden and hidden[1].replace("&amp;", "&")) == wanted
    fields = {"token": API_TOKEN, **({"next": wanted} if wanted else {})}
    # A slip on the way does not lose it.
    again = plain.post("/login", data={**fields, "token": "wrong"}).text
    assert ('name="next"' in again) is (wanted is not None)
    assert plain.post("/login", data=fields).headers["Location"] == (wanted or "/")


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        "/\t/evil.example",
        "\t//evil.example",
        "/\n/evil.example",
        " //evil.example",
    ],
)
def test_the_login_leads_to_nobody_else(plain: FlaskClient, path: str) -> None:
    answer = plain.post("/login", data={"token": API_TOKEN, "next": path})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "evil" not in plain.get("/login", query_string={"next": path}).text


def test_a_login_link_leads_on_too(client: FlaskClient, store: Store) -> None:
    token_id, _ = make_token(store, "read")
    add_link(store, "link", token_id)
    answer = client.get("/login?link=link&next=/?q=Ann")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?q=Ann")


def test_what_changes_something_is_not_gone_back_to(plain: FlaskClient) -> None:
    assert plain.post("/logout").headers["Location"] == "/login"
    assert plain.post("/retry").headers["Location"] == "/login"


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/logout"), ("POST", "/retry")])
@pytest.mark.parametrize("cookie", ["made-up", "eyJ0b2tlbiI6ImFkbWluIn0.aSBnw.2kWk3zX5TQX6PzNvcwZHOJb1nXk"])
def test_a_forged_session_is_refused_in_words(
    plain: FlaskClient, method: str, path: str, cookie: str
) -> None:
    plain.set_cookie("readmark", cookie)
    answer = plain.open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert "This session is not one of ours" in Texts(answer.text).text
    # It is taken away, so that the next visit ends at the login.
    assert plain.get("/").headers["Location"] == "/login"


def test_a_forged_csrf_token_is_refused_in_words(browser: FlaskClient) -> None:
    for token in ("", "made-up", "\0", "\xe9" * 80, csrf_of(browser)[:-1], csrf_of(browser) + "0"):
        for path in ("/logout", "/retry"):
            answer = browser.post(path, data={"csrf_token": token})
            assert (answer.status_code, answer.mimetype) == (403, "text/html")
            assert "CSRF token" in Texts(answer.text).text
    assert browser.get("/").status_code == 200


def test_csrf_tokens_differ_in_every_answer_and_all_are_believed(browser: FlaskClient) -> None:
    """So that the length of a compressed answer tells nothing about them (BREACH)."""
    tokens = [csrf_of(browser) for _ in range(5)]
    assert len({token[i : i + 8] for token in tokens for i in range(0, len(token), 8)}) == 5 * 10
    for token in tokens:
        wrong = {"platform": "nowhere", "csrf_token": token}
        assert browser.post("/retry", data=wrong).status_code == 404
    # Those of another session are not.
    other = browser.application.test_client()
    other.post("/login", data={"token": API_TOKEN})
    assert other.post("/logout", data={"csrf_token": tokens[0]}).status_code == 403
