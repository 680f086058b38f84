"""The fixtures every test may use: databases, settings, a clock, a store, an application."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import copy, disk_usage

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import make_url

from tests.chromium import chromium as chromium
from tests.databases import KINDS, migrated, postgres_database, postgres_server
from webhook_app.settings import Settings, read_settings
from webhook_app.storage import Store
from webhook_app.web.app import create_app

#: Tests make thousands of databases, which memory takes ten times as fast as a disk, if there is enough.
MEMORY, ENOUGH = Path("/dev/shm"), 4 << 30  # bytes
if "TMPDIR" not in os.environ and MEMORY.is_dir() and disk_usage(MEMORY).free > ENOUGH:
    os.environ["TMPDIR"], tempfile.tempdir = str(MEMORY), None

CONSUMER_SECRET = "consumer-secret-of-the-tests"
API_TOKEN = "api-token-of-the-tests"
#: 2026-11-21T00:00:00Z.
NOW = 1_795_219_200_000


class Clock:
    """A clock that stands still until told."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += int(seconds * 1000)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting and no .env file of the machine reaches a test."""
    for name in ("DATABASE_URL", "PORT", "WEB_CONCURRENCY", "SECRET_KEY", "API_TOKEN", "DYNO"):
        monkeypatch.delenv(name, raising=False)
    for name in list(os.environ):
        if name.startswith(("TWITTER_", "SLACK_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a Postgres server."""
    with postgres_server() as url:
        yield url


@pytest.fixture(params=KINDS)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """DATABASE_URL of an empty database; each test runs once on SQLite and once on Postgres."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield f"sqlite:///{tmp_path}/readmark.db"
        else:
            yield stack.enter_context(postgres_database(request.getfixturevalue("postgres")))


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied: to migrate for each test would take minutes."""
    path = tmp_path_factory.mktemp("migrated") / "readmark.db"
    migrated(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_name(postgres: str) -> Iterator[str]:
    """The name of a migrated Postgres database, to be copied."""
    with postgres_database(postgres) as url:
        yield str(make_url(migrated(url)).database)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """DATABASE_URL of a migrated database; each test runs once on SQLite and once on Postgres."""
    if request.param == "sqlite":
        copy(request.getfixturevalue("migrated_file"), tmp_path / "readmark.db")
        yield f"sqlite:///{tmp_path}/readmark.db"
        return
    server, like = request.getfixturevalue("postgres"), request.getfixturevalue("migrated_name")
    with postgres_database(server, like) as url:
        yield url


@pytest.fixture
def clock() -> Clock:
    """A clock at 2026-11-21."""
    return Clock()


@pytest.fixture
def environ(database: str) -> dict[str, str]:
    """The environment of a configured service."""
    return {
        "DATABASE_URL": database,
        "SECRET_KEY": "secret-key-of-the-tests",
        "API_TOKEN": API_TOKEN,
        "TWITTER_CONSUMER_SECRET": CONSUMER_SECRET,
    }


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    """The settings of a configured service."""
    return read_settings(environ)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """A store over the database."""
    store = Store(settings.database_url, settings.secret_keys)
    yield store
    store.close()


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Iterator[Flask]:
    """The application."""
    app = create_app(settings, clock=clock)
    yield app
    app.extensions["webhook_app"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application."""
    return app.test_client()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """In CI a test that was skipped has failed: the machine was to bring what it needs."""
    if os.environ.get("CI") and terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("FAILED: in CI nothing may be skipped", red=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """See above."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and exitstatus == 0 and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
