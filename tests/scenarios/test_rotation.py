"""Secrets change while X delivers, as docs/operations.md says, and no delivery is refused.

A recipe is of the service's processes, not of its database: each is followed on one of them.
"""

import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from tests.conftest import API_TOKEN, CONSUMER_SECRET
from tests.databases import migrated, postgres_database
from tests.host.hosting import until
from tests.scenarios.clients import event, on_x
from tests.scenarios.deployment import Deployment, deployed
from webhook_app.errors import SealedElsewhere
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.server import Sandbox
from webhook_app.storage import Store

BOT, PERSON = "2244994945", "1693649419"
FIRST_KEY = "first-secret-key-of-the-tests"


@pytest.fixture(scope="module")
def deployment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """A service over either database, which the tests leave running with other secrets than they found."""
    folder = tmp_path_factory.mktemp("rotation")
    with ExitStack() as stack:
        url = f"sqlite:///{folder}/readmark.db"
        if request.param == "postgres":
            url = stack.enter_context(postgres_database(request.getfixturevalue("postgres")))
        settings = {
            "DATABASE_URL": migrated(url), "SECRET_KEY": FIRST_KEY, "API_TOKEN": API_TOKEN,
            "TWITTER_CONSUMER_SECRET": CONSUMER_SECRET,
        }  # fmt: skip
        yield stack.enter_context(deployed(folder, settings))


@pytest.mark.parametrize("deployment", ["sqlite"], indirect=True)
def test_the_consumer_secret_changes(deployment: Deployment) -> None:
    old, new = deployment.secret, secrets.token_hex(20)
    # What X delivers between the click and the deployment is refused; that is what the replay is for.
    assert deployment.delivers(new) == 403
    with deployment.loaded() as load:
        deployment.deploy(TWITTER_CONSUMER_SECRET=new, TWITTER_CONSUMER_SECRETS_PREVIOUS=old)
        assert deployment.answers_as(new)
        # What X tries again may be signed as it was the first time.
        load.acknowledge(50)
        deployment.secret = new
        load.acknowledge(50)
        deployment.deploy(TWITTER_CONSUMER_SECRETS_PREVIOUS="")
    assert (deployment.delivers(old), deployment.delivers(new)) == (403, 200)


@pytest.mark.parametrize("deployment", ["postgres"], indirect=True)
def test_the_secret_key_changes(deployment: Deployment) -> None:
    credentials = add(deployment, f"{BOT}-token")
    token = deployment.run("tokens", "create", "--name", "browser", "--scope", "read").strip()
    before = logged_in(deployment, token)
    old, new = deployment.settings["SECRET_KEY"], secrets.token_hex(32)
    with deployment.loaded():
        # Processes with these keys and those with the former ones serve beside each other for a while.
        for keys in (f"{old},{new}", f"{new},{old}"):
            deployment.deploy(SECRET_KEY=keys)
            assert looks(deployment, before)
        after = logged_in(deployment, token)
        assert "The credentials of 1 accounts are sealed anew." in deployment.run("migrate")
        deployment.deploy(SECRET_KEY=new)
    assert (looks(deployment, before), looks(deployment, after)) == (False, True)
    assert credentials_under(deployment, new) == credentials
    with pytest.raises(SealedElsewhere):
        credentials_under(deployment, old)


@pytest.mark.parametrize("deployment", ["sqlite"], indirect=True)
def test_tokens_change(deployment: Deployment) -> None:
    def may(token: str) -> bool:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{deployment.url}/api/v1/read-positions"
        return {200: True, 401: False}[requests.get(url, headers=headers, timeout=30).status_code]

    create = ("tokens", "create", "--scope", "read", "--json", "--name")
    old, new = (json.loads(deployment.run(*create, name)) for name in ("old", "new"))
    configured, other = deployment.settings["API_TOKEN"], secrets.token_hex(20)
    with deployment.loaded():
        assert may(old["secret"])
        assert may(new["secret"])
        deployment.run("tokens", "revoke", old["id"])
        until(lambda: not may(old["secret"]))
        deployment.deploy(API_TOKEN=other)
        assert (may(configured), may(other), may(new["secret"])) == (False, True, True)


@pytest.mark.parametrize("deployment", ["postgres"], indirect=True)
def test_an_accounts_token_changes(deployment: Deployment) -> None:
    # X knows only the new one any more.
    config = SandboxConfig("key", deployment.secret, "bearer", (Account(f"{BOT}-new", "token-secret"),))
    with Sandbox(config, say=lambda _: None) as sandbox:
        deployment.deploy(TWITTER_CONSUMER_KEY="key", TWITTER_API_URL=sandbox.url, COALESCE_SECONDS="0.1")
        add(deployment, f"{BOT}-old")
        with deployment.loaded():
            message = event(60)
            deployment.run("mark", "twitter", PERSON, message)
            until(lambda: "Invalid or expired token" in deployment.run("accounts", "list"))
            assert on_x(sandbox) == set()
            add(deployment, f"{BOT}-new")
            until(lambda: on_x(sandbox) == {(BOT, PERSON, message)})


def add(deployment: Deployment, token: str) -> dict[str, str]:
    """Give the bot this access token, by the command; returns its credentials."""
    credentials = {"access_token": token, "access_token_secret": "token-secret"}
    deployment.run("accounts", "add", "twitter", "--from", "-", typed=json.dumps(credentials))
    return credentials


def logged_in(deployment: Deployment, token: str) -> requests.Session:
    """A browser after the login."""
    browser = requests.Session()
    browser.post(f"{deployment.url}/login", data={"token": token}, timeout=30)
    assert looks(deployment, browser)
    return browser


def looks(deployment: Deployment, browser: requests.Session) -> bool:
    """Whether somebody who has logged in sees the page."""
    answer = browser.get(f"{deployment.url}/", allow_redirects=False, timeout=30)
    return answer.status_code == 200


def credentials_under(deployment: Deployment, key: str) -> dict[str, str]:
    """The bot's credentials, read with this key alone."""
    store = Store(deployment.settings["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"), (key,))
    try:
        return store.accounts.credentials("twitter", BOT)
    finally:
        store.close()
