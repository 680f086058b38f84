"""No secret is in anything that leaves the service: answers, headers, log, rows, files, command lines."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from oauthlib.oauth1 import Client
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from tests.conftest import CONSUMER_SECRET
from tests.host.hosting import until
from tests.platforms.payloads import encode, read_event, reads
from tests.scenarios.clients import event, ts
from tests.scenarios.exposure import STORED, STRANGER, Exposure, Secrets, credentials, signature
from tests.scenarios.service import serving
from tests.storage.locks import execute, locked
from tests.storage.traces import dump
from webhook_app.sandbox.config import Account
from webhook_app.sandbox.server import Sandbox
from webhook_app.settings import read_settings
from webhook_app.storage import Store

API, MARK_READ, SLACK = "/api/v1", "/1.1/direct_messages/mark_read.json", "/api/conversations.mark"
DELIVERY = encode(reads(read_event()))
#: A row that cannot be read: whoever asks for it meets a fault of ours.
BROKEN = (
    "INSERT INTO quarantine (id, platform, received_at, errors, body, digest)"
    " VALUES (77, 'x', 1, '', {0}, {0})"
)


@pytest.fixture
def secrets() -> Secrets:
    """All there are."""
    return Secrets()


@pytest.fixture
def sandbox(secrets: Secrets) -> Iterator[Sandbox]:
    """X and Slack."""
    with Sandbox(secrets.sandbox(), say=lambda _: None) as sandbox:
        yield sandbox


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_no_secret_leaves_the_service(
    secrets: Secrets, sandbox: Sandbox, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env = secrets.environ(database, sandbox.url)
    with serving(tmp_path, **env) as service:
        seen = Exposure(service, env)
        bearer = {"Authorization": f"Bearer {secrets.api_token}"}
        until(lambda: len(seen.call("GET", f"{API}/accounts", headers=bearer).json()["items"]) == 2)
        add_accounts(seen, secrets)
        mark_in_the_platforms_words(seen, secrets)
        deliver(seen, secrets)
        ask(seen, secrets)
        look_at_pages(seen, secrets)
        command(seen, secrets)
        execute(database, BROKEN.format("x'00'" if database.startswith("sqlite") else "'x'"))
        seen.call("GET", f"{API}/quarantine/77", headers=bearer)
        with away(database):
            be_refused(seen, secrets)
        until(lambda: "89" in refused(seen, secrets))
        store = Store(read_settings(env).database_url, (secrets.secret_key,))
        seen.look_around(dump(store), tmp_path.glob("readmark.db*"))
        store.close()
    assert seen.statuses >= {200, 201, 204, 303, 400, 401, 403, 404, 413, 422, 500, 503}
    found = {place: secrets.canaries.found_in(text) for place, text in seen.said}
    assert {place: names for place, names in found.items() if names} == {}


def add_accounts(seen: Exposure, secrets: Secrets) -> None:
    """Store credentials, good ones and such as are refused."""
    headers = {"Authorization": f"Bearer {secrets.api_token}"}
    given = [("twitter", credentials(account)) for account in secrets.accounts[1:]]
    given.append(("slack", {"token": secrets.stored_slack}))
    given.append(("slack", {"token": secrets.canaries.make("a token that Slack does not know", "xoxb-")}))
    given.append(("twitter", {"access_token": secrets.canaries.make("no access token")}))
    given.append(("slack", {"a_token": secrets.canaries.make("a token under a wrong name")}))
    for platform, one in given:
        sent = {"platform": platform, "credentials": one}
        seen.call("POST", f"{API}/accounts", json=sent, headers=headers)
    seen.call("POST", f"{API}/accounts", data=json.dumps(given)[:-9], headers=headers)


def signed_by(secrets: Secrets, account: Account, port: int) -> tuple[str, dict[str, str]]:
    """A call of X's API 1.1: its query, and the header that signs it."""
    query = f"last_read_event_id={event(60)}&recipient_id=1693649419"
    keys = (secrets.consumer_key, CONSUMER_SECRET, account.access_token, account.access_token_secret)
    _, headers, _ = Client(*keys).sign(f"https://127.0.0.1:{port}{MARK_READ}?{query}", "POST")
    return query, headers


def mark_in_the_platforms_words(seen: Exposure, secrets: Secrets) -> None:
    """Mark with good and with wrong credentials, in headers, bodies and queries."""
    for account in (*secrets.accounts, Account(f"{STORED}-nobody", secrets.canaries.make("a guess"))):
        query, headers = signed_by(secrets, account, seen.service.port)
        seen.call("POST", f"{MARK_READ}?{query}", headers=headers)
        seen.call("POST", f"{MARK_READ}?{query}&oauth_token={account.access_token}")
        seen.call("GET", f"/1.1/account/verify_credentials.json?oauth_token={account.access_token}")
    tokens = [secrets.slack, secrets.stored_slack, secrets.api_token, secrets.canaries.make("xapp", "xapp-")]
    for token in tokens:
        asked = {"channel": "C0GENERAL", "ts": ts(60)}
        seen.call("POST", SLACK, data={**asked, "token": token})
        seen.call("POST", SLACK, params={**asked, "token": token})
        seen.call("POST", SLACK, json={**asked, token: token}, headers={"Authorization": f"Bearer {token}"})
        seen.call("POST", f"/api/auth.test?token={token}")
        seen.call("POST", f"{MARK_READ}?recipient_id=x", headers={"Authorization": f"Bearer {token}"})


def deliver(seen: Exposure, secrets: Secrets) -> None:
    """What X sends, and what strangers do."""
    for query in ("crc_token=foo", "", "crc_token=a&crc_token=b"):
        seen.call("GET", f"/webhooks/twitter?{query}")
    for body in (DELIVERY, b"12", b"{}", b"not JSON", encode(reads(read_event(sender_id=5)))):
        for secret in (CONSUMER_SECRET, secrets.previous, "of nobody"):
            seen.call("POST", "/webhooks/twitter", data=body, headers=signature(secret, body))
    seen.call("POST", "/webhooks/twitter", data=b"x" * (1 << 21))


def ask(seen: Exposure, secrets: Secrets) -> None:
    """Ask the API for everything, also with tokens where they do not belong."""
    good = {"Authorization": f"Bearer {secrets.api_token}"}
    lists = ("read-positions", "unread", "stats", "marks", "rate-limits", "accounts", "quarantine", "audit")
    paths = [f"{API}/{name}" for name in (*lists, "export/positions.csv", "export/history.ndjson", "nothing")]
    for path in (*paths, f"{API}/openapi.json", "/docs", "/metrics", "/readyz", "/healthz"):
        seen.call("GET", path, headers=good)
        seen.call("GET", path, params={"token": secrets.api_token, "access_token": secrets.slack})
        seen.call("GET", path, params={"page": secrets.api_token, "limit": secrets.slack}, headers=good)
        seen.call("GET", path, headers={"Authorization": f"Bearer {secrets.previous}"})
    account = f"{API}/accounts/twitter/{STORED}"
    for path in ("pause", "resume"):
        seen.call("POST", f"{account}/{path}", headers=good)
    seen.call("POST", f"{API}/marks", json={"platform": secrets.slack, "token": secrets.slack}, headers=good)
    seen.call("GET", f"{API}/stream", headers={"Authorization": f"Bearer {secrets.secret_key}"})


def look_at_pages(seen: Exposure, secrets: Secrets) -> None:
    """Log in and look around; the cookie is for the browser alone."""
    for wrong in (secrets.secret_key, secrets.slack):
        seen.call("POST", "/login", data={"token": wrong})
    entered = seen.call("POST", "/login", data={"token": secrets.api_token}, keep=False)
    assert entered.status_code == 303
    cookie = str(entered.cookies["readmark"])
    secrets.canaries.add("the session", cookie)
    for path in ("/", "/?q=ann", "/login", "/docs", "/static/live.js", f"{API}/audit"):
        seen.call("GET", path, cookies={"readmark": cookie})
        seen.call("GET", path, cookies={"readmark": f"{cookie}x"})
    seen.call("POST", "/logout", cookies={"readmark": cookie})


def command(seen: Exposure, secrets: Secrets) -> None:
    """Run the commands, and make them fail."""
    token = seen.run("tokens", "create", "--name", "dash", "--scope", "read", keep=False).split()[0]
    secrets.canaries.add("a token of ours", token)
    seen.call("GET", f"{API}/read-positions", headers={"Authorization": f"Bearer {token}"})
    stored, unknown = json.dumps(credentials(secrets.accounts[1])), json.dumps({"token": secrets.slack})
    seen.run("accounts", "add", "twitter", "--from", "-", typed=stored)
    seen.run("accounts", "add", "twitter", "--from", "-", typed=unknown)
    seen.run("accounts", "add", "twitter", "--from", "-", typed=stored[:-5])
    for words in ("--help", "accounts list", "accounts list --json", "tokens list", "tokens list --json",
                  "quarantine list", "quarantine show 1", "quarantine retry --all", "export positions",
                  "mark slack C0GENERAL 1 --account T9.U9", "tokens revoke nonsense", "migrate",
                  "positions set twitter 7 8 5", "forget twitter 7 --yes", "worker --help"):  # fmt: skip
        seen.run(*words.split())
    wrong = {"TWITTER_BEARER_TOKEN": secrets.slack, "TWITTER_CONSUMER_SECRET": secrets.previous}
    for words in ("doctor", "webhook status", "webhook register https://localhost/webhooks/twitter"):
        seen.run(*words.split())
    for words in ("webhook list", "accounts connect"):
        seen.run(*words.split(), typed="1234567\n")
        seen.run(*words.split(), changes=wrong)
    elsewhere = f"postgresql://ann:{make_url(seen.env['DATABASE_URL']).password or 'x'}@127.0.0.1:1/readmark"
    for name, value in (
        ("DATABASE_URL", elsewhere),
        ("DATABASE_URL", f"mysql://ann:{secrets.password}@db/readmark"),
        ("DATABASE_URL", f"postgresql://ann:{secrets.password}@db:port/readmark"),
        ("TWITTER_API_URL", f"http://ann:{secrets.bearer}@x.example"),
        ("PORT", secrets.slack), ("TWITTER_MARK_READ_LIMIT", secrets.slack), ("CORS_ORIGINS", secrets.slack),
        ("TWITTER_ACCESS_TOKEN_SECRET", ""), ("SECRET_KEY", ","), ("API_TOKEN", secrets.api_token[:11]),
    ):  # fmt: skip
        assert "Error" in seen.run("accounts", "list", changes={name: value})


@contextmanager
def away(database: str) -> Iterator[None]:
    """The database takes nothing for a while: it lets nobody in, or somebody else holds the lock."""
    if database.startswith("sqlite"):
        with locked(database):
            yield
        return
    name = str(make_url(database).database)
    server = make_url(database).set(database="postgres").render_as_string(hide_password=False)
    allow = SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(allow.format(Identifier(name), SQL("false")))
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        try:
            yield
        finally:
            connection.execute(allow.format(Identifier(name), SQL("true")))


def be_refused(seen: Exposure, secrets: Secrets) -> None:
    """Everything once more while the database is away."""
    good = {"Authorization": f"Bearer {secrets.api_token}"}
    seen.call("POST", "/webhooks/twitter", data=DELIVERY, headers=signature(CONSUMER_SECRET, DELIVERY))
    seen.call("POST", SLACK, data={"token": secrets.slack, "channel": "C0GENERAL", "ts": ts(1)})
    query, headers = signed_by(secrets, secrets.accounts[0], seen.service.port)
    seen.call("POST", f"{MARK_READ}?{query}", headers=headers)
    for path in ("/readyz", "/metrics", "/", f"{API}/accounts?token={secrets.slack}"):
        seen.call("GET", path, headers=good)
    seen.run("forget", "twitter", "7", "--yes")


def refused(seen: Exposure, secrets: Secrets) -> str:
    """Why the account that X does not know is stopped."""
    answer = seen.call("GET", f"{API}/accounts", headers={"Authorization": f"Bearer {secrets.api_token}"})
    return str([item["reason"] for item in answer.json()["items"] if item["id"] == STRANGER])
