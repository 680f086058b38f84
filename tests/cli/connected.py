"""A service that X can reach, and an X for it: the sandbox."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from click.testing import Result

from tests.cli.serving import serving
from tests.conftest import API_TOKEN, CONSUMER_SECRET
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.server import Sandbox
from webhook_app.services import Services
from webhook_app.settings import read_settings
from webhook_app.web.app import create_app

BOT = Account("1245855954975051776-bot", "secret-of-the-bot")
KEY, BEARER = "consumer-key-of-the-tests", "bearer-token-of-the-tests"
#: None of these is ever printed.
SECRETS = (KEY, CONSUMER_SECRET, BEARER, BOT.access_token, BOT.access_token_secret)
#: Starts a sandbox with further settings.
StartX = Callable[..., Sandbox]
#: Runs `readmark …` with X's settings; checks that no secret is printed.
Ask = Callable[..., Result]


@pytest.fixture
def start_x() -> Iterator[StartX]:
    """Start sandboxes that are as quiet as can be."""
    with ExitStack() as stack:

        def start(**changes: Any) -> Sandbox:
            config = SandboxConfig(KEY, CONSUMER_SECRET, BEARER, (BOT,), reads_per_second=0, **changes)
            return stack.enter_context(Sandbox(config, say=lambda _: None))

        yield start


@pytest.fixture
def x(start_x: StartX) -> Sandbox:
    """X."""
    return start_x()


def environment_of(x: Sandbox) -> dict[str, str]:
    """What an operator sets to connect to it."""
    return {
        "TWITTER_API_URL": x.url,
        "TWITTER_BEARER_TOKEN": BEARER,
        "TWITTER_CONSUMER_KEY": KEY,
        "TWITTER_ACCESS_TOKEN": BOT.access_token,
        "TWITTER_ACCESS_TOKEN_SECRET": BOT.access_token_secret,
    }


@pytest.fixture
def place(migrated_file: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a service; on SQLite, where a test does not say otherwise."""
    copy(migrated_file, tmp_path / "readmark.db")
    return {
        "DATABASE_URL": f"sqlite:///{tmp_path}/readmark.db",
        "SECRET_KEY": "secret-key-of-the-tests",
        "API_TOKEN": API_TOKEN,
        "TWITTER_CONSUMER_SECRET": CONSUMER_SECRET,
    }


@pytest.fixture
def ask(run_bare: Callable[..., Result], place: dict[str, str], x: Sandbox) -> Ask:
    """Run `readmark webhook …`."""

    def ask(*words: str, typed: str | None = None, **env: str) -> Result:
        result = run_bare("webhook", *words, typed=typed, **(place | environment_of(x) | env))
        assert not [secret for secret in SECRETS if secret in result.output + result.stderr]
        assert "Traceback" not in result.stderr
        return result

    return ask


@pytest.fixture
def service(place: dict[str, str]) -> Iterator[str]:
    """The address of a running service's webhook."""
    app = create_app(read_settings(place))
    with serving(app) as url:
        yield f"{url}/webhooks/twitter"
    app.extensions["webhook_app"].close()


@pytest.fixture
def beside(place: dict[str, str]) -> Iterator[Services]:
    """The services beside the command."""
    services = Services(read_settings(place))
    yield services
    services.close()


def refused(result: Result) -> str:
    """The one sentence of a command that has done nothing."""
    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (1, "", 1), result.stderr
    return result.stderr.removeprefix("Error: ").strip()
