"""Accounts over the API: added, stopped, removed; and what they may still call."""

import json
import logging
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import API_TOKEN
from tests.storage.locks import look
from tests.storage.outgoing import take
from tests.web.callers import (
    ACCESS_SECRET,
    ACCESS_TOKEN,
    ALICE,
    BOB,
    BOT,
    SLACK_BOT,
    SLACK_TOKEN,
    add_slack,
    add_x,
    bearer,
    make_token,
    services_of,
    walk,
    x_mark,
)
from webhook_app.settings import read_settings
from webhook_app.web.app import create_app

ACCOUNTS = "/api/v1/accounts"
ONE = f"{ACCOUNTS}/twitter/{BOT}"
CREDENTIALS = {"access_token": ACCESS_TOKEN, "access_token_secret": ACCESS_SECRET}
NEW = {"platform": "twitter", "credentials": CREDENTIALS}
#: A port on which nobody listens.
NOBODY = "http://127.0.0.1:1/api/"


def test_it_adds_an_account_and_never_shows_its_credentials(
    api: FlaskClient, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "webhook_app"):
        answer = api.post(ACCOUNTS, json=NEW)
    assert answer.status_code == 201
    account = answer.get_json()
    assert account == {
        "platform": "twitter", "id": BOT, "name": account["name"], "owner": BOT, "state": "active",
        "reason": None, "since": "2026-11-21T00:00:00.000Z", "authorised_at": "2026-11-21T00:00:00.000Z",
        "refused_until": None, "scopes": None, "configured": False,
    }  # fmt: skip
    assert api.get(ACCOUNTS).get_json() == {"items": [account], "next_page": None}
    everything = json.dumps([api.get(path).get_json() for path in (ACCOUNTS, "/api/v1/audit")])
    told = [everything, answer.text, caplog.text, str(look(database, "SELECT * FROM accounts"))]
    assert not [text for text in told for secret in CREDENTIALS.values() if secret in text]


def test_an_account_again_has_new_credentials(app: Flask, api: FlaskClient) -> None:
    api.post(ACCOUNTS, json=NEW)
    api.post(f"{ONE}/pause")
    again = {**CREDENTIALS, "access_token_secret": "another"}
    assert api.post(ACCOUNTS, json={**NEW, "credentials": again}).get_json()["state"] == "active"
    assert services_of(app).store.accounts.credentials("twitter", BOT) == again


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"platform": 1, "credentials": 1}),
        ({**NEW, "name": "x"}, {"name": 1}),
        ({**NEW, "platform": "icq"}, {"platform": 1}),
        ({**NEW, "credentials": "token"}, {"credentials": 1}),
        ({**NEW, "credentials": {}}, {"credentials": {"access_token"}}),
        ({**NEW, "credentials": {"access_token": ACCESS_TOKEN}}, {"credentials": {"access_token_secret"}}),
        ({**NEW, "credentials": {**CREDENTIALS, "pin": "1"}}, {"credentials": {"pin"}}),
        ({**NEW, "credentials": {**CREDENTIALS, "access_token": "x"}}, {"credentials": {"access_token"}}),
        ({**NEW, "credentials": {**CREDENTIALS, "access_token": 5}}, {"credentials": {"access_token"}}),
        ({**NEW, "credentials": {"access_token": "\0"}}, {"credentials": {"access_token"}}),
        ({**NEW, "credentials": {"access_token": "\ud800"}}, {"credentials": {"access_token"}}),
        ({**NEW, "credentials": {"access_token": "x" * 1001}}, {"credentials": {"access_token"}}),
        ({**NEW, "credentials": dict.fromkeys("abcdefghijk", "x")}, {"credentials": 1}),
        ([NEW], {"_schema": 1}),
    ],
)
def test_it_names_what_it_cannot_use(plain_api: FlaskClient, body: Any, fields: Any) -> None:
    answer = plain_api.post(ACCOUNTS, json=body)
    assert answer.status_code == 422
    errors = answer.get_json()["errors"]["json"]
    assert errors.keys() == fields.keys()
    named = fields.get("credentials")
    assert not isinstance(named, set) or set(errors["credentials"]) == named
    assert ACCESS_TOKEN not in answer.text
    assert plain_api.get(ACCOUNTS).get_json()["items"] == []


@pytest.fixture
def plain_environ(plain_environ: dict[str, str]) -> dict[str, str]:
    """The environment of a service whose Slack does not answer."""
    return plain_environ | {"SLACK_API_URL": NOBODY}


def test_while_the_platform_cannot_be_asked_nothing_is_added(plain_api: FlaskClient) -> None:
    answer = plain_api.post(ACCOUNTS, json={"platform": "slack", "credentials": {"token": SLACK_TOKEN}})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert SLACK_TOKEN not in answer.text
    assert plain_api.get(ACCOUNTS).get_json()["items"] == []


def test_a_paused_account_accepts_and_does_not_send(app: Flask, api: FlaskClient) -> None:
    add_x(app)
    paused = api.post(f"{ONE}/pause", json={"reason": "holidays"})
    assert paused.status_code == 200
    assert (paused.get_json()["state"], paused.get_json()["reason"]) == ("paused", "holidays")
    (item,) = api.post("/api/v1/marks", json=x_mark()).get_json()["items"]
    assert item["status"] == "stopped"
    here = services_of(app)
    assert take(here.store, here.clock(), 8) == []
    resumed = api.post(f"{ONE}/resume").get_json()
    assert (resumed["state"], resumed["reason"]) == ("active", None)
    assert len(take(here.store, here.clock(), 8)) == 1


@pytest.mark.parametrize("sent", [{}, {"data": b""}, {"json": {}}, {"json": {"reason": ""}}])
def test_a_reason_is_not_needed(plain_app: Flask, plain_api: FlaskClient, sent: Any) -> None:
    add_x(plain_app)
    answer = plain_api.post(f"{ONE}/pause", **sent)
    assert (answer.status_code, answer.get_json()["reason"]) == (200, None)


@pytest.mark.parametrize("reason", [5, "\0", "\ud800", "x" * 1001, None])
def test_a_reason_is_a_text(plain_app: Flask, plain_api: FlaskClient, reason: Any) -> None:
    add_x(plain_app)
    answer = plain_api.post(f"{ONE}/pause", json={"reason": reason})
    assert (answer.status_code, set(answer.get_json()["errors"]["json"])) == (422, {"reason"})


def test_a_removed_account_is_gone_with_what_waited(app: Flask, api: FlaskClient, database: str) -> None:
    add_x(app)
    api.post("/api/v1/marks", json=x_mark())
    assert api.delete(f"{ONE}?now=1").status_code == 204
    assert api.get(ACCOUNTS).get_json()["items"] == []
    assert api.post("/api/v1/marks", json=x_mark()).status_code == 422
    here = services_of(app)
    assert take(here.store, here.clock(), 8) == []


def test_where_nothing_waits_it_is_removed_at_once(app: Flask, api: FlaskClient) -> None:
    add_x(app)
    assert api.delete(ONE).status_code == 204
    assert api.delete(ONE).status_code == 404


def test_what_the_environment_gives_it_does_not_remove(
    plain_app: Flask, plain_environ: dict[str, str]
) -> None:
    words = {f"TWITTER_{name.upper()}": value for name, value in CREDENTIALS.items()}
    app = create_app(read_settings(plain_environ | words), clock=services_of(plain_app).clock)
    client = app.test_client()
    answer = client.delete(f"{ONE}?now=1", headers=bearer(API_TOKEN))
    assert (answer.status_code, set(answer.get_json()["errors"]["path"])) == (422, {"id"})
    assert "environment" in answer.get_json()["message"]
    assert client.post(f"{ONE}/pause", headers=bearer(API_TOKEN)).get_json()["configured"]
    app.extensions["webhook_app"].close()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", f"twitter/{BOB}", 404),
        ("DELETE", f"icq/{BOB}", 404),
        ("DELETE", "twitter/x", 422),
        ("DELETE", f"twitter/{BOB}?now=perhaps", 422),
        ("DELETE", f"twitter/{BOB}?soon=1", 422),
        ("POST", f"twitter/{BOB}/pause", 404),
        ("POST", f"icq/{BOB}/pause", 404),
        ("POST", "twitter/x/pause", 422),
        ("POST", f"twitter/{BOB}/resume", 404),
        ("POST", "twitter/x/resume", 422),
        ("POST", f"twitter/{BOB}/start", 404),
    ],
)
def test_there_is_no_such_account(plain_api: FlaskClient, method: str, path: str, status: int) -> None:
    assert plain_api.open(f"{ACCOUNTS}/{path}", method=method).status_code == status


def test_every_change_is_in_the_audit_log(app: Flask, api: FlaskClient) -> None:
    api.post(ACCOUNTS, json=NEW)
    api.post(f"{ONE}/pause", json={"reason": "holidays"})
    api.post(f"{ONE}/resume")
    api.delete(f"{ONE}?now=1")
    deeds = api.get("/api/v1/audit").get_json()["items"]
    assert len(deeds) == 4
    assert {deed["subject"] for deed in deeds} == {f"twitter/{BOT}"}
    assert all(deed["who"].startswith("token api-token-") for deed in deeds)


def test_accounts_and_limits_come_in_pages(plain_app: Flask, plain_api: FlaskClient) -> None:
    add_slack(plain_app)
    for person in (ALICE, BOB, BOT):
        add_x(plain_app, f"{person}-token")
    for path, name in ((ACCOUNTS, "id"), ("/api/v1/rate-limits", "account")):
        found = [item[name] for item in walk(plain_api, f"{path}?limit=2")]
        assert found == [SLACK_BOT, *sorted((ALICE, BOB, BOT))]
        assert plain_api.get(f"{path}?page=x").status_code == 422


def test_limits_are_shown_before_the_first_call_and_after(app: Flask, api: FlaskClient) -> None:
    add_slack(app)
    add_x(app)
    limits = api.get("/api/v1/rate-limits").get_json()["items"]
    assert [limit["account"] for limit in limits] == [SLACK_BOT, BOT]
    x = limits[1]
    assert x == {
        "platform": "twitter", "account": BOT, "method": x["method"], "limit": 1000, "used": 0,
        "remaining": 1000, "since": None, "reset_at": None, "blocked": None,
    }  # fmt: skip
    assert (limits[0]["limit"], limits[0]["method"]) == (50, "conversations.mark")
    api.post("/api/v1/marks", json=[x_mark(), x_mark(peer=BOB)])
    here = services_of(app)
    assert len(take(here.store, here.clock(), 8)) == 2
    x = api.get("/api/v1/rate-limits").get_json()["items"][1]
    assert (x["used"], x["remaining"], x["since"]) == (2, 998, "2026-11-21T00:00:00.000Z")
    assert x["reset_at"] > "2026-11-21T00:15:00.000Z"


def test_a_limit_says_why_nothing_is_sent(plain_app: Flask, plain_api: FlaskClient) -> None:
    add_x(plain_app)
    plain_api.post(f"{ONE}/pause", json={"reason": "holidays"})
    (limit,) = plain_api.get("/api/v1/rate-limits").get_json()["items"]
    assert "holidays" in limit["blocked"]


def test_a_bound_token_sees_its_own_limit(plain_app: Flask, plain: FlaskClient) -> None:
    add_x(plain_app)
    add_slack(plain_app)
    _, secret = make_token(services_of(plain_app).store, "read", account=("twitter", BOT))
    (limit,) = plain.get("/api/v1/rate-limits", headers=bearer(secret)).get_json()["items"]
    assert limit["account"] == BOT
    assert plain.get(ACCOUNTS, headers=bearer(secret)).status_code == 403
