"""The writer's connection, in each database's own way.

Statements go to the driver itself: SQLAlchemy's way of running one costs more than SQLite takes to do it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, cast

from sqlalchemy import Connection, exc

from webhook_app.errors import DatabaseUnavailable
from webhook_app.storage.database import TIMEOUTS, Database, client_cursor
from webhook_app.storage.tables import Step

#: How long to wait for SQLite's lock, and how long between two looks; another's batch takes about one.
LOCK_PATIENCE, LOCK_PAUSE = 2.0, 0.001  # seconds
#: Every statement of ingest goes by key. The planner guesses 100 rows for any JSON array, and would rather
#: read a table of some thousand rows from end to end.
BY_KEY = f"{TIMEOUTS}; SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off"
DIVISION_BY_ZERO = "22012"
#: Whether anybody is forgotten, and whether any position was corrected: nearly never.
Exceptions = tuple[bool, bool]


class Link(Protocol):
    """A connection of the writer's own; after an exception it is to be closed."""

    connection: Connection
    #: Whether to begin by looking for exceptions, or to try first whether it goes without.
    careful: bool

    def begin(self) -> Exceptions:
        """Begin a transaction, and look which exceptions there are to be minded in it."""

    def commit(self, steps: list[Step]) -> None:
        """Run the steps and commit what has been begun."""

    def commit_unless_exceptions(self, steps: list[Step]) -> bool:
        """Run the steps as a transaction of their own and return True; False if there are exceptions."""


def open_link(database: Database, exceptions: str) -> Link:
    """Connect; `exceptions` is the query of what `begin` returns. Raises DatabaseUnavailable."""
    kind: Any = SqliteLink if database.dialect == "sqlite" else PostgresLink
    return cast(Link, kind(database, exceptions))


@contextmanager
def _wrapped(connection: Connection) -> Iterator[None]:
    """The driver's errors as SQLAlchemy's, which tell whether the connection is gone."""
    dialect, driver = connection.dialect, cast(Any, connection.connection.driver_connection)
    kind = cast(Any, dialect.loaded_dbapi).Error
    try:
        yield
    except kind as error:
        gone = dialect.is_disconnect(error, driver, None)
        raise exc.DBAPIError.instance(
            "", None, error, kind, connection_invalidated=gone, dialect=dialect
        ) from error


class SqliteLink:
    """SQLite: statements on the event loop, since they are short, and the commit beside it."""

    #: There is no round trip to be saved.
    careful = True

    def __init__(self, database: Database, exceptions: str) -> None:
        self.connection = database.connect()
        self._database = database
        self._exceptions = exceptions
        self._driver = cast(sqlite3.Connection, self.connection.connection.driver_connection)
        self._file = database.file_id()
        self._driver.execute("PRAGMA busy_timeout = 0")

    def begin(self) -> Exceptions:
        """Begin, by turns with other processes and without blocking the event loop."""
        if self._database.file_id() != self._file:
            raise DatabaseUnavailable("The database file is not the one that was opened; it was replaced.")
        with _wrapped(self.connection):
            self._take_lock()
            found: Exceptions = self._driver.execute(self._exceptions).fetchone()
            return found

    def _take_lock(self) -> None:
        for _ in range(int(LOCK_PATIENCE / LOCK_PAUSE)):
            try:
                self._driver.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
            self._database.concurrency.pause(LOCK_PAUSE)
        raise DatabaseUnavailable("The database is locked.")

    def commit(self, steps: list[Step]) -> None:
        """Run the steps and commit. SQLite waits for the disk there; meanwhile the next batch gathers."""
        with _wrapped(self.connection):
            for step in steps:
                self._driver.execute(*step)
            self._database.concurrency.commit(lambda: self._driver.execute("COMMIT"))

    def commit_unless_exceptions(self, steps: list[Step]) -> bool:
        """Return False, as if there were."""
        return False


class PostgresLink:
    """Postgres: in as few round trips as can be, for one costs as much as a statement."""

    def __init__(self, database: Database, exceptions: str) -> None:
        self.connection = database.connect()
        driver = cast(Any, self.connection.connection.driver_connection)
        # Parameters put in on this side, so that several statements may be sent as one.
        driver.cursor_factory = client_cursor()
        self._cursor = driver.cursor()
        self._begin = f"BEGIN; {BY_KEY}; {exceptions}"
        none = f"SELECT count(*) FROM ({exceptions}) AS e(f, c) WHERE NOT (f OR c)"
        self._begin_if_none = f"BEGIN; {BY_KEY}; SELECT 1 / ({none})"
        self.careful = False

    def begin(self) -> Exceptions:
        """Begin and look, in one trip."""
        with _wrapped(self.connection):
            self._cursor.execute(self._begin)
            while self._cursor.nextset():
                pass
            found: Exceptions = self._cursor.fetchone()
        self.careful = any(found)
        return found

    def commit(self, steps: list[Step]) -> None:
        """Run the steps and commit, in one trip."""
        self._run("", steps)

    def commit_unless_exceptions(self, steps: list[Step]) -> bool:
        """Begin, look, run and commit in one trip: if there are exceptions, the look divides by zero."""
        try:
            self._run(self._begin_if_none, steps)
        except exc.DataError as error:
            if getattr(error.orig, "sqlstate", None) != DIVISION_BY_ZERO:
                raise
            with _wrapped(self.connection):
                self._cursor.execute("ROLLBACK")
            self.careful = True
            return False
        return True

    def _run(self, first: str, steps: list[Step]) -> None:
        script = "; ".join([first, *(statement for statement, _ in steps), "COMMIT"])
        with _wrapped(self.connection):
            self._cursor.execute(script, [value for _, values in steps for value in values])
