"""Every call of the API that changes what an operator answers for leaves an entry, without secrets."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import NOW
from tests.storage.traces import dump
from tests.web.callers import ACCESS_SECRET, ACCESS_TOKEN, ALICE, BOT, mark, quarantine, record, services_of
from tests.web.test_auth import routes
from tests.web.test_quarantine import delivery
from webhook_app.domain.outbox import Outgoing
from webhook_app.web.auth import SAFE

X = "/api/v1/accounts/twitter"
CREDENTIALS = {"access_token": ACCESS_TOKEN, "access_token_secret": ACCESS_SECRET}
#: What a bot does all day, and coming and going: rows tell the one, and nobody answers for the other.
UNWRITTEN = {("POST", "/api/v1/marks"), ("POST", "/login"), ("POST", "/logout")}
#: (method, rule) → where, what the client sends, and the entry: what was done, and to what.
DEEDS: dict[tuple[str, str], tuple[str, dict[str, Any], str, str]] = {
    ("POST", "/api/v1/accounts"): (
        "/api/v1/accounts", {"json": {"platform": "twitter", "credentials": CREDENTIALS}}, "add account",
        f"twitter/{BOT}",
    ),
    ("POST", "/api/v1/accounts/<platform>/<id>/pause"): (
        f"{X}/{BOT}/pause", {"json": {"reason": "holidays"}}, "pause account", f"twitter/{BOT}",
    ),
    ("POST", "/api/v1/accounts/<platform>/<id>/resume"): (
        f"{X}/{BOT}/resume", {}, "resume account", f"twitter/{BOT}",
    ),
    ("POST", "/api/v1/marks/<platform>/<account>/<peer>/retry"): (
        f"/api/v1/marks/twitter/{BOT}/{ALICE}/retry", {}, "retry mark", f"twitter/{BOT}/{ALICE}",
    ),
    # The page's button.
    ("POST", "/retry"): (
        "/retry", {"data": {"platform": "twitter", "account": BOT, "peer": ALICE}}, "retry mark",
        f"twitter/{BOT}/{ALICE}",
    ),
    ("DELETE", "/api/v1/accounts/<platform>/<id>"): (
        f"{X}/{BOT}?now=1", {}, "remove account", f"twitter/{BOT}",
    ),
    ("POST", "/api/v1/quarantine/<int(max=9223372036854775807):id>/retry"): (
        "/api/v1/quarantine/1/retry", {}, "retry quarantined", "1",
    ),
    ("DELETE", "/api/v1/quarantine/<int(max=9223372036854775807):id>"): (
        "/api/v1/quarantine/2", {}, "discard quarantined", "2",
    ),
    ("DELETE", "/api/v1/people/<platform>/<id>"): (
        f"/api/v1/people/twitter/{ALICE}", {}, "forget person", "twitter/",
    ),
}  # fmt: skip


@pytest.fixture
def prepared(plain_app: Flask, plain_api: FlaskClient) -> FlaskClient:
    """A client of a service in which there is something to do everything to."""
    store = services_of(plain_app).store
    record(store, mark())
    quarantine(store, delivery())
    quarantine(store, b"nothing that anybody could read")
    return plain_api


def entries(client: FlaskClient) -> list[dict[str, str]]:
    """The audit log, newest first."""
    found: list[dict[str, str]] = client.get("/api/v1/audit?limit=1000").get_json()["items"]
    return found


def test_every_change_is_written_down_once(plain_app: Flask, prepared: FlaskClient) -> None:
    """A route that somebody adds without an entry fails here."""
    changing = {(method, rule) for method, rule, _ in routes(plain_app) if method not in SAFE}
    assert changing - UNWRITTEN == DEEDS.keys()
    for (method, _), (address, sent, action, subject) in DEEDS.items():
        if action == "retry mark":
            here = services_of(plain_app)
            here.outbound.accept([Outgoing("twitter", BOT, ALICE, NOW << 22, NOW)])
        before = len(entries(prepared))
        answer = prepared.open(address, method=method, **sent)
        assert answer.status_code < 400, answer.text
        told = entries(prepared)
        assert len(told) == before + 1
        assert told[0]["who"].startswith("token api-token-")
        assert (told[0]["action"], told[0]["subject"].startswith(subject)) == (action, True)


def test_it_names_neither_credentials_nor_who_was_forgotten(plain_app: Flask, prepared: FlaskClient) -> None:
    store = services_of(plain_app).store
    store.set_position(("twitter", ALICE, BOT), 5, NOW, "tests")
    prepared.post("/api/v1/accounts", json={"platform": "twitter", "credentials": CREDENTIALS})
    prepared.post(f"{X}/{BOT}/pause", json={"reason": "as told"})
    assert not [secret for secret in (ACCESS_TOKEN, ACCESS_SECRET) if secret in dump(store)]
    assert f"twitter/{ALICE}/{BOT}" in json.dumps(entries(prepared))
    for person in (ALICE, BOT):
        prepared.delete(f"/api/v1/people/twitter/{person}")
    told = json.dumps(entries(prepared))
    assert not [word for word in (ALICE, BOT, "as told") if word in told]
    assert len(entries(prepared)) == 5
