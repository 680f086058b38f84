"""The writer's connection: kept open, renewed when it breaks, its transactions repeated where that helps."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, exc

from webhook_app.domain.inbound import Inbound
from webhook_app.errors import DatabaseUnavailable
from webhook_app.storage.batch import Batch, merge
from webhook_app.storage.database import TIMEOUTS, Database, client_cursor, translated
from webhook_app.storage.tables import Step
from webhook_app.storage.writing import Writing

#: Serialization failure and deadlock: the database has undone the transaction and asks for it again.
AGAIN = ("40001", "40P01")
TRIES = 3
#: Every statement of ingest goes by key. The planner guesses 100 rows for any JSON array, and would rather
#: read a table of some thousand rows from end to end.
BEGIN_POSTGRES = f"BEGIN; {TIMEOUTS}; SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off"
#: How long to wait for SQLite's lock, and how long between two looks; another's batch takes about one.
LOCK_PATIENCE, LOCK_PAUSE = 2.0, 0.001  # seconds


class Writer:
    """Commits batches of deliveries over one connection; used by one thread at a time."""

    def __init__(self, database: Database, writing: Writing) -> None:
        self._database = database
        self._writing = writing
        self._sqlite = database.dialect == "sqlite"
        self._connection: Connection | None = None
        #: Which file the connection writes to.
        self._file: tuple[int, int] | None = None
        self._dropped = 0

    def take_dropped(self) -> int:
        """How many quarantined rows had to go for newer ones since the last call."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    def write(self, inbounds: Sequence[Inbound]) -> None:
        """Commit the deliveries, all or none. Raises DatabaseUnavailable, Unstorable."""
        batch = merge(inbounds)
        with translated():
            for left in reversed(range(TRIES)):
                fresh = self._connection is None
                try:
                    self._transact(batch)
                    return
                except exc.DBAPIError as error:
                    # A kept connection may have died while nobody used it.
                    stale = error.connection_invalidated and not fresh
                    if not left or not (stale or getattr(error.orig, "sqlstate", None) in AGAIN):
                        raise

    def _transact(self, batch: Batch) -> None:
        if self._connection is None:
            self._connection = self._connect()
        connection = self._connection
        try:
            self._begin(connection)
            dropped, steps = self._writing.write(connection, batch)
            self._commit(connection, steps)
        except BaseException:
            self.close()
            raise
        self._dropped += dropped

    def _commit(self, connection: Connection, steps: list[Step]) -> None:
        if self._sqlite:
            for step in steps:
                connection.exec_driver_sql(*step)
            # Off the event loop: SQLite waits for the disk here, and meanwhile the next batch gathers.
            self._database.concurrency.commit(lambda: connection.exec_driver_sql("COMMIT"))
            return
        # Off to the server all at once: a round trip costs as much as a statement.
        script = "; ".join([statement for statement, _ in steps] + ["COMMIT"])
        connection.exec_driver_sql(script, tuple(value for _, values in steps for value in values))

    def _connect(self) -> Connection:
        connection = self._database.connect()
        if self._sqlite:
            self._file = self._database.file_id()
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        else:
            # Parameters put in on this side, so that several statements may be sent as one.
            driver: Any = connection.connection.driver_connection
            driver.cursor_factory = client_cursor()
        return connection

    def _begin(self, connection: Connection) -> None:
        """Begin; on SQLite take turns with other processes without blocking the event loop."""
        if not self._sqlite:
            connection.exec_driver_sql(BEGIN_POSTGRES)
            return
        if self._database.file_id() != self._file:
            raise DatabaseUnavailable("The database file is not the one that was opened; it was replaced.")
        concurrency = self._database.concurrency
        for _ in range(int(LOCK_PATIENCE / LOCK_PAUSE)):
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return
            except exc.OperationalError as error:
                if getattr(error.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY:
                    raise
                concurrency.pause(LOCK_PAUSE)
        raise DatabaseUnavailable("The database is locked.")

    def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # Dropped and not given back to the pool: it may be in a transaction, and is set up for us alone.
            connection.invalidate()
            connection.close()
