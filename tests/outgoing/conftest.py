"""Services and a dispatcher before a sandbox of both platforms."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.conftest import CONSUMER_SECRET, Clock
from tests.outgoing.marks import BOT, LIMIT
from webhook_app.dispatcher import Dispatcher
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.server import Sandbox
from webhook_app.services import Services
from webhook_app.settings import Settings


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at the present: calls are signed by the machine's, within five minutes."""
    return Clock(time.time_ns() // 1_000_000)


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    """Both platforms, by the test's own clock."""
    account = Account(f"{BOT}-token", "token-secret")
    config = SandboxConfig(
        "consumer-key", CONSUMER_SECRET, "bearer", (account,), mark_read_limit=(LIMIT.calls, LIMIT.seconds)
    )
    with Sandbox(config, clock=lambda: clock() / 1000, say=lambda _: None) as sandbox:
        yield sandbox


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    """One bot on each platform, in the environment."""
    return replace(
        settings,
        twitter_consumer_key="consumer-key",
        twitter_access_token=f"{BOT}-token",
        twitter_access_token_secret="token-secret",
        slack_token="xoxb-sandbox-bot",
        twitter_api_url=sandbox.url,
        slack_api_url=f"{sandbox.url}/api/",
        twitter_mark_read_limit=LIMIT,
        slack_mark_limit=LIMIT,
        outbox_limit=20,
    )


@pytest.fixture
def services(settings: Settings, clock: Clock) -> Iterator[Services]:
    """What a process works with."""
    services = Services(settings, clock=clock)
    yield services
    services.close()


@pytest.fixture
def dispatcher(services: Services) -> Dispatcher:
    """Somebody to pass marks on; the accounts of the environment are known."""
    services.accounts.keep()
    return Dispatcher(services)
