"""Who may do what: tokens, scopes, bound tokens, sessions."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import API_TOKEN, NOW
from tests.web.callers import ALICE, BOB, BOT, bearer, csrf_of, make_token, record
from tests.web.callers import mark as mark_of
from webhook_app.settings import Settings
from webhook_app.storage import Store
from webhook_app.storage.tokens import revoke_token
from webhook_app.web.app import create_app

POSITIONS = "/api/v1/read-positions"
ONE = f"{POSITIONS}/twitter/{ALICE}/{BOT}"
READERS = f"/api/v1/messages/twitter/{BOT}/1/readers"
#: What needs no token.
OPEN = {"/readyz", "/login", "/docs", "/api/v1/openapi.json", "/static/<path:filename>"}


def desk_of(app: Flask) -> Any:
    """The application behind the webhooks."""
    return app.extensions["webhook_app"].desk()


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """(method, rule, an address of it) of every route."""
    found = []
    for rule in desk_of(app).url_map.iter_rules():
        values = dict.fromkeys(rule.arguments, "1")
        with desk_of(app).test_request_context():
            path = desk_of(app).url_for(rule.endpoint, **values)
        found += [(method, rule.rule, path) for method in sorted((rule.methods or set()) - {"OPTIONS"})]
    return found


def wanted_scope(app: Flask, method: str, _: str, path: str) -> str | None:
    """The scope that a route's view has declared."""
    endpoint, _ = desk_of(app).url_map.bind("localhost").match(path, method)
    scope: str | None = desk_of(app).view_functions[endpoint].access.scope
    return scope


def test_every_route_is_guarded_except_the_named_ones(plain_app: Flask) -> None:
    """A route that somebody adds without a scope fails here."""
    client, unguarded = plain_app.test_client(), set()
    for method, rule, path in routes(plain_app):
        answer = client.open(path, method=method)
        to_login = answer.status_code == 303 and answer.headers["Location"].startswith("/login")
        if answer.status_code != 401 and not to_login:
            unguarded.add(rule)
    assert unguarded == OPEN


@pytest.mark.parametrize("scope", ["read", "mark", "admin"])
def test_every_route_refuses_a_token_without_its_scope(plain_app: Flask, scope: str) -> None:
    """Scopes do not include one another."""
    store = plain_app.extensions["webhook_app"].services().store
    _, secret = make_token(store, scope)
    client = plain_app.test_client()
    others = [route for route in routes(plain_app) if wanted_scope(plain_app, *route) not in (None, scope)]
    assert len(others) > 5
    answers = {route: client.open(route[2], method=route[0], headers=bearer(secret)) for route in others}
    assert {answer.status_code for answer in answers.values()} == {403}
    assert all("insufficient_scope" in answer.headers["WWW-Authenticate"] for answer in answers.values())


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Basic {API_TOKEN}",
        API_TOKEN,
        f"Bearer {API_TOKEN}x",
        f"Bearer {API_TOKEN[:-1]}",
        "Bearer \xe9\xff",
    ],
)
def test_it_refuses_who_shows_no_valid_token(plain: FlaskClient, header: str | None) -> None:
    answer = plain.get(POSITIONS, headers={} if header is None else {"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="readmark"')
    assert answer.get_json() == {
        "code": 401,
        "status": "Unauthorized",
        "message": "A valid token is required.",
    }


def test_it_knows_the_tokens_of_the_table(client: FlaskClient, store: Store) -> None:
    _, secret = make_token(store, "read")
    assert client.get(POSITIONS, headers=bearer(secret)).status_code == 200
    assert client.get("/api/v1/audit", headers=bearer(secret)).status_code == 403


def test_a_revoked_token_is_refused_at_once(client: FlaskClient, store: Store) -> None:
    token_id, secret = make_token(store, "read")
    client.post("/login", data={"token": secret})
    assert client.get(POSITIONS).status_code == 200
    store.write(lambda connection: revoke_token(connection, token_id, NOW))
    assert client.get(POSITIONS, headers=bearer(secret)).status_code == 401
    # The session that it began, too.
    assert client.get(POSITIONS).status_code == 401


@pytest.mark.parametrize(
    "path", ["/", "/login", "/readyz", "/docs", "/nope", "/api/v1/openapi.json", "/metrics"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_query_that_is_no_text_is_nobodys_fault_of_ours(
    plain: FlaskClient, plain_api: FlaskClient, path: str, method: str
) -> None:
    for client in (plain, plain_api):
        answer = client.open(path, method=method, environ_overrides={"QUERY_STRING": "next=\xff"})
        assert 300 <= answer.status_code < 500, answer.text


def test_the_scheme_may_be_written_in_any_case(plain: FlaskClient) -> None:
    assert plain.get(POSITIONS, headers={"Authorization": f"bearer {API_TOKEN}"}).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (POSITIONS, 403),
        (f"{POSITIONS}?platform=twitter", 403),
        (f"{POSITIONS}?reader={ALICE}", 403),  # of which platform?
        (f"{POSITIONS}?platform=twitter&reader={BOB}", 403),
        (f"{POSITIONS}?platform=slack&reader={ALICE}", 403),
        (f"{POSITIONS}?platform=twitter&reader={ALICE}", 200),
        (f"{POSITIONS}?platform=twitter&peer={ALICE}", 200),
        (ONE, 200),
        (f"{POSITIONS}/twitter/{BOB}/{BOT}", 403),
        (READERS, 403),
        (f"{READERS}?reader={BOB}", 403),
        (f"{READERS}?reader={ALICE}", 200),
        (f"/api/v1/messages/twitter/{ALICE}/1/readers", 200),
        ("/api/v1/marks", 403),
        (f"/api/v1/marks?platform=twitter&account={BOB}", 403),
        (f"/api/v1/marks?platform=twitter&account={ALICE}", 200),
        ("/api/v1/rate-limits", 200),
        ("/api/v1/accounts", 403),
        ("/api/v1/audit", 403),
        ("/api/v1/quarantine", 403),
        ("/metrics", 403),
        ("/", 403),
    ],
)
def test_a_bound_token_sees_only_what_names_its_account(plain_app: Flask, path: str, status: int) -> None:
    store = plain_app.extensions["webhook_app"].services().store
    record(store, mark_of(ALICE), mark_of(BOB))
    _, secret = make_token(store, "read", "mark", "admin", account=("twitter", ALICE))
    assert plain_app.test_client().get(path, headers=bearer(secret)).status_code == status


def test_a_session_may_get_but_needs_the_csrf_token_for_the_rest(plain: FlaskClient) -> None:
    plain.post("/login", data={"token": API_TOKEN})
    assert plain.get("/api/v1/quarantine").status_code == 200
    address = "/api/v1/people/twitter/1"
    assert plain.delete(address).status_code == 403
    assert plain.delete(address, headers={"X-CSRF-Token": "wrong"}).status_code == 403
    assert plain.delete(address, headers={"X-CSRF-Token": ""}).status_code == 403
    csrf = csrf_of(plain)
    assert plain.delete(address, headers={"X-CSRF-Token": csrf}).status_code == 200
    assert plain.delete(address, data={"csrf_token": csrf}).status_code == 200


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
def test_the_session_cookie_is_kept_from_scripts_and_strangers(
    plain: FlaskClient, scheme: str, secure: bool
) -> None:
    answer = plain.post("/login", data={"token": API_TOKEN}, base_url=f"{scheme}://localhost")
    attributes = {part.strip() for part in answer.headers["Set-Cookie"].split(";")}
    assert {"HttpOnly", "SameSite=Lax"} <= attributes
    assert ("Secure" in attributes) is secure
    assert API_TOKEN not in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("keys", "token", "status"),
    [
        (("new", "secret-key-of-the-tests"), API_TOKEN, 200),  # the key was rotated
        (("new",), API_TOKEN, 401),  # the old key was taken away
        (("secret-key-of-the-tests",), "another-api-token", 401),  # API_TOKEN was changed
        (("secret-key-of-the-tests",), None, 401),  # API_TOKEN was taken away
    ],
)
def test_a_session_lives_as_long_as_its_key_and_its_token(
    settings: Settings, client: FlaskClient, keys: tuple[str, ...], token: str | None, status: int
) -> None:
    client.post("/login", data={"token": API_TOKEN})
    cookie = client.get_cookie("readmark")
    assert cookie is not None
    later = create_app(replace(settings, secret_keys=keys, api_token=token)).test_client()
    later.set_cookie("readmark", cookie.value)
    assert later.get(POSITIONS).status_code == status
    later.application.extensions["webhook_app"].close()


def test_a_token_in_the_header_counts_before_the_session(plain: FlaskClient) -> None:
    plain.post("/login", data={"token": API_TOKEN})
    assert plain.get(POSITIONS, headers=bearer("wrong")).status_code == 401
    # A proxy's own scheme is no token of ours.
    assert plain.get(POSITIONS, headers={"Authorization": "Basic YTpi"}).status_code == 200
