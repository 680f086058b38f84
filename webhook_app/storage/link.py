"""A kept connection, in each database's own way.

Statements go to the driver itself: SQLAlchemy's way of running one costs more than SQLite takes to do it.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import Connection, exc

from webhook_app.errors import DatabaseUnavailable
from webhook_app.storage.database import (
    AGAIN,
    BY_KEY,
    ONE_BY_ONE,
    TIMEOUTS,
    TRIES,
    Database,
    client_cursor,
    translated,
)  # fmt: skip
from webhook_app.storage.sql import Step

T = TypeVar("T")
#: How long to wait for SQLite's lock, and how long between two looks; another's batch takes about one.
LOCK_PATIENCE, LOCK_PAUSE = 2.0, 0.001  # seconds
DIVISION_BY_ZERO = "22012"
#: What a query finds.
Rows = list[tuple[Any, ...]]


class Link(Protocol):
    """A connection of somebody's own; after an exception it is to be closed."""

    connection: Connection
    #: Whether there are no round trips that could be saved.
    local: bool

    def peek(self, queries: Sequence[Step]) -> list[Rows]:
        """Look, and leave no transaction open."""

    def begin(self, queries: Sequence[Step]) -> list[Rows]:
        """Begin a transaction that writes, and look."""

    def ask(self, queries: Sequence[Step]) -> list[Rows]:
        """Look in the transaction that has begun."""

    def commit(self, steps: Sequence[Step]) -> None:
        """Run the steps and commit what has been begun."""

    def commit_unless(self, exceptions: str, steps: Sequence[Step]) -> bool:
        """Run the steps as a transaction of their own and return True; False if there are exceptions."""


class Kept:
    """A link that is opened when it is needed, and anew when it broke; used by one thread at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._link: Link | None = None

    def run(self, work: Callable[[Link], T]) -> T:
        """Do work that is one transaction; again if the database asks for it, or if it had not begun.

        Raises DatabaseUnavailable, Unstorable.
        """
        with translated():
            for _ in range(TRIES - 1):
                fresh = self._link is None
                try:
                    return self._attempt(work)
                except exc.DBAPIError as error:
                    # A kept connection may have died while nobody used it.
                    stale = error.connection_invalidated and not fresh
                    if not stale and getattr(error.orig, "sqlstate", None) not in AGAIN:
                        raise
            return self._attempt(work)

    def _attempt(self, work: Callable[[Link], T]) -> T:
        if self._link is None:
            self._link = open_link(self._database)
        try:
            return work(self._link)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the connection back."""
        link, self._link = self._link, None
        if link is not None:
            # Dropped and not given back to the pool: it may be in a transaction, and is set up for us alone.
            link.connection.invalidate()
            link.connection.close()


def open_link(database: Database) -> Link:
    """Connect. Raises DatabaseUnavailable."""
    return SqliteLink(database) if database.dialect == "sqlite" else PostgresLink(database)


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

    local = True

    def __init__(self, database: Database) -> None:
        self.connection = database.connect()
        self._database = database
        self._driver = cast(sqlite3.Connection, self.connection.connection.driver_connection)
        self._file = database.file_id()
        self._driver.execute("PRAGMA busy_timeout = 0")

    def peek(self, queries: Sequence[Step]) -> list[Rows]:
        """Look, outside of any transaction."""
        self._check_file()
        return self.ask(queries)

    def begin(self, queries: Sequence[Step]) -> list[Rows]:
        """Begin, by turns with other processes and without blocking the event loop; and look."""
        self._check_file()
        with _wrapped(self.connection):
            self._take_lock()
            return [self._driver.execute(*query).fetchall() for query in queries]

    def _check_file(self) -> None:
        if self._database.file_id() != self._file:
            raise DatabaseUnavailable("The database file is not the one that was opened; it was replaced.")

    def _take_lock(self) -> None:
        for _ in range(int(LOCK_PATIENCE / LOCK_PAUSE)):
            try:
                self._driver.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                # The low byte: somebody may be recovering the log, which is busy too.
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
            self._database.concurrency.pause(LOCK_PAUSE)
        raise DatabaseUnavailable("The database is locked.")

    def ask(self, queries: Sequence[Step]) -> list[Rows]:
        """Look in the transaction that has begun."""
        with _wrapped(self.connection):
            return [self._driver.execute(*query).fetchall() for query in queries]

    def commit(self, steps: Sequence[Step]) -> None:
        """Run the steps and commit. SQLite waits for the disk there; meanwhile the next batch gathers."""
        with _wrapped(self.connection):
            for step in steps:
                self._driver.execute(*step)
            self._database.concurrency.commit(lambda: self._driver.execute("COMMIT"))

    def commit_unless(self, exceptions: str, steps: Sequence[Step]) -> bool:
        """Return False, as if there were exceptions."""
        return False


def _alone(*scripts: str) -> list[Step]:
    """The statements of scripts, one by one: each has its rows, or none."""
    return [(statement, ()) for script in scripts for statement in script.split("; ")]


class PostgresLink:
    """Postgres: in as few round trips as can be, for one costs as much as a statement."""

    local = False

    def __init__(self, database: Database) -> None:
        self.connection = database.connect()
        driver = cast(Any, self.connection.connection.driver_connection)
        # Parameters put in on this side, so that several statements may be sent as one.
        driver.cursor_factory = client_cursor()
        self._cursor = driver.cursor()

    def peek(self, queries: Sequence[Step]) -> list[Rows]:
        """Look, in one trip and a transaction that ends with it: time-outs are a transaction's."""
        first = _alone("BEGIN", TIMEOUTS)
        return self.ask([*first, *queries, ("COMMIT", ())])[len(first) : -1]

    def begin(self, queries: Sequence[Step]) -> list[Rows]:
        """Begin and look, in one trip."""
        first = _alone("BEGIN", BY_KEY, ONE_BY_ONE)
        return self.ask([*first, *queries])[len(first) :]

    def ask(self, queries: Sequence[Step]) -> list[Rows]:
        """Look in the transaction that has begun, in one trip."""
        self._send(queries)
        found: list[Rows] = []
        with _wrapped(self.connection):
            while True:
                found.append(self._cursor.fetchall() if self._cursor.description else [])
                if not self._cursor.nextset():
                    return found

    def commit(self, steps: Sequence[Step]) -> None:
        """Run the steps and commit, in one trip."""
        self._send([*steps, ("COMMIT", ())])

    def commit_unless(self, exceptions: str, steps: Sequence[Step]) -> bool:
        """Begin, look, run and commit in one trip: if there are exceptions, the look divides by zero."""
        none = f"SELECT count(*) FROM ({exceptions}) AS e(f, c) WHERE NOT (f OR c)"
        try:
            self._send([(f"BEGIN; {BY_KEY}; SELECT 1 / ({none})", ()), *steps, ("COMMIT", ())])
        except exc.DataError as error:
            if getattr(error.orig, "sqlstate", None) != DIVISION_BY_ZERO:
                raise
            self._send([("ROLLBACK", ())])
            return False
        return True

    def _send(self, steps: Sequence[Step]) -> None:
        script = "; ".join([statement for statement, _ in steps])
        with _wrapped(self.connection):
            self._cursor.execute(script, [value for _, values in steps for value in values])
