"""Commands run in this process, over either database, and as processes of their own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from click.testing import CliRunner, Result

from tests.cli.connected import ask as ask
from tests.cli.connected import beside as beside
from tests.cli.connected import place as place
from tests.cli.connected import service as service
from tests.cli.connected import start_x as start_x
from tests.cli.connected import x as x
from tests.cli.processes import Start, start
from webhook_app.cli import main
from webhook_app.services import Services
from webhook_app.settings import Settings


class Run(Protocol):
    """Runs a command in this process."""

    def __call__(self, *words: str, typed: str | None = None, **env: str) -> Result:
        """Return how it went."""


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Commands read `.env` of the working directory; here is none."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run_bare() -> Run:
    """Run commands in an empty environment."""

    def run(*words: str, typed: str | None = None, **env: str) -> Result:
        return CliRunner().invoke(main, words, input=typed, env=env)

    return run


@pytest.fixture
def run(run_bare: Run, environ: dict[str, str]) -> Run:
    """Run commands in the environment of a configured service."""

    def run(*words: str, typed: str | None = None, **env: str) -> Result:
        return run_bare(*words, typed=typed, **(environ | env))

    return run


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    """The services beside the command."""
    services = Services(settings)
    yield services
    services.close()


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Start]:
    """Start commands as processes; they end with the test."""
    yield from start(tmp_path)
