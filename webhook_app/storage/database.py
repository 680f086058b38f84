"""The engine of either database, its time-outs, and its failures in our words."""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, exc, inspect, make_url, text
from sqlalchemy.pool import NullPool

from webhook_app.errors import DatabaseUnavailable, SchemaOutdated, Unstorable
from webhook_app.storage.concurrency import Threads, concurrency
from webhook_app.storage.migrations import KNOWN

T = TypeVar("T")
#: Values a database refuses; everything else it reports is its own trouble and may pass.
DATA_ERRORS = (exc.DataError, exc.IntegrityError, OverflowError, UnicodeEncodeError)

#: Serialization failure and deadlock: the database has undone the transaction and asks for it again.
AGAIN = ("40001", "40P01")
TRIES = 3


def open_engine(url: str) -> Engine:
    """Return an engine; nothing is connected yet."""
    if make_url(url).get_backend_name() == "sqlite":
        # A connection a verb: opening a file is cheap, and no connection is shared between threads.
        engine = create_engine(
            url,
            poolclass=NullPool,
            connect_args={"timeout": 2, "check_same_thread": False, "cached_statements": 500},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(
        url,
        # Small plans have 20 connections; the writer's is one of the three of this process.
        pool_size=3,
        max_overflow=0,
        pool_timeout=3,
        pool_pre_ping=True,
        pool_recycle=600,
        connect_args={
            "connect_timeout": 3,
            "tcp_user_timeout": 5000,
            # Transaction poolers hand the next transaction to another server.
            "prepare_threshold": None,
        },
    )
    event.listen(engine, "begin", _begin_postgres)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    """An acknowledgement means durable: a sync at each commit. Transactions are begun by us."""
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=FULL")
    # KiB; a larger one makes nothing faster here, and is most of what a worker grows by.
    connection.execute("PRAGMA cache_size=-4000")
    # Four times the default: pages that change again and again are copied into the file once.
    connection.execute("PRAGMA wal_autocheckpoint=4000")
    # What is deleted is overwritten in the file; some builds of SQLite do it unasked, others do not.
    connection.execute("PRAGMA secure_delete=ON")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads before it writes would fail at once where another has written in between.
    options = connection.get_execution_options()
    if not options.get("by_hand"):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


#: In the transaction and not at connect: behind a transaction pooler a session may be another's.
TIMEOUTS = "SET LOCAL statement_timeout = 5000; SET LOCAL lock_timeout = 2000"
#: For statements over given rows, which go by key. The planner guesses 100 rows for any JSON array, and
#: would rather read a table of some thousand rows from end to end.
BY_KEY = f"{TIMEOUTS}; SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off"
#: The same for tables that are joined by the order of their keys, which those of ingest never are.
ONE_BY_ONE = "SET LOCAL enable_mergejoin = off"


def _begin_postgres(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("by_hand"):
        connection.exec_driver_sql(f"{BY_KEY}; {ONE_BY_ONE}" if options.get("by_key") else TIMEOUTS)


def client_cursor() -> Any:
    """The cursor class of the Postgres driver that puts parameters in by itself."""
    from psycopg import ClientCursor  # a fifth of a second that SQLite does not need

    return ClientCursor


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's exceptions into DatabaseUnavailable or Unstorable."""
    try:
        yield
    except DATA_ERRORS as error:
        raise Unstorable(f"The database refuses these values: {type(error).__name__}") from error
    except (exc.SQLAlchemyError, OSError, sqlite3.Error) as error:
        raise DatabaseUnavailable from error


class Database:
    """Runs work in transactions, off the event loop where the driver blocks."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self.dialect = self.engine.dialect.name
        self._reading_by_key = self.engine.execution_options(by_key=True)
        self._writing = self.engine.execution_options(writes=True)
        self._writing_by_key = self.engine.execution_options(writes=True, by_key=True)
        self._checked = False
        self._opened = False
        self._concurrency: Threads | None = None

    @property
    def concurrency(self) -> Threads:
        """Threads or greenlets; chosen at the first use, which is after the fork."""
        if self._concurrency is None:
            self._concurrency = concurrency(native=self.dialect == "sqlite")
        return self._concurrency

    def _open(self) -> None:
        """Make the first connection here, on the event loop.

        SQLAlchemy takes a lock for it. Under gevent that is a lock of greenlets, and two of gevent's threads
        that meet at it wait for ever.
        """
        if not self._opened:
            with translated(), self.engine.connect():
                self._opened = True

    def read(self, work: Callable[[Connection], T], *, by_key: bool = False) -> T:
        """Run a query in a transaction. Raises DatabaseUnavailable.

        `by_key`: its statements are over given rows.
        """
        self._open()
        engine = self._reading_by_key if by_key else self.engine
        return self.concurrency.aside(lambda: self._run(engine, work))

    def write(self, work: Callable[[Connection], T], *, by_key: bool = False) -> T:
        """Run a change in a transaction and commit it. Raises DatabaseUnavailable, Unstorable.

        `by_key`: its statements are over given rows. A change that the database asks for again is made again.
        """
        self._open()
        engine = self._writing_by_key if by_key else self._writing
        return self.concurrency.aside(lambda: self._run(engine, work))

    def _run(self, engine: Engine, work: Callable[[Connection], T]) -> T:
        with translated():
            for _ in range(TRIES - 1):
                try:
                    return self._transact(engine, work)
                except exc.DBAPIError as error:
                    if getattr(error.orig, "sqlstate", None) not in AGAIN:
                        raise
            return self._transact(engine, work)

    def _transact(self, engine: Engine, work: Callable[[Connection], T]) -> T:
        with engine.connect() as connection:
            self.check_schema(connection)
            with connection.begin():
                return work(connection)

    def connect(self) -> Connection:
        """Return a connection of the writer's own, schema checked; it begins and commits by hand."""
        self._open()
        with self.engine.connect() as connection:
            self.check_schema(connection)
        return self.engine.connect().execution_options(by_hand=True, isolation_level="AUTOCOMMIT")

    def wipe_log(self) -> None:
        """Empty SQLite's log, which holds what was deleted until it is written over.

        Whoever reads for more than two seconds prevents it; then that comes later, by itself.
        """
        if self.dialect == "sqlite":
            self._open()
            self.concurrency.aside(self._truncate_log)

    def _truncate_log(self) -> None:
        alone = self.engine.execution_options(by_hand=True, isolation_level="AUTOCOMMIT")
        with translated(), alone.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def file_id(self) -> tuple[int, int] | None:
        """Which file a SQLite database is; None if there is none under its name.

        Whoever removes or replaces the file leaves us writing to one that nobody will ever find.
        """
        try:
            stat = os.stat(self.engine.url.database or "")
        except FileNotFoundError:
            return None
        return stat.st_dev, stat.st_ino

    def check(self) -> None:
        """Raise DatabaseUnavailable or SchemaOutdated if requests could not be answered."""
        self._checked = False
        self.read(lambda connection: connection.execute(text("SELECT 1")))

    def check_schema(self, connection: Connection) -> None:
        """Refuse a schema older than this release, once a process. An unknown one is newer: it is served."""
        if self._checked:
            return
        with connection.begin():
            version = schema_version(connection)
        if version is None or (version in KNOWN and version != KNOWN[-1]):
            raise SchemaOutdated
        self._checked = True


def schema_version(connection: Connection) -> str | None:
    """The revision the database is at; None before the first migration. Raises DatabaseUnavailable."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if version is not None and not re.fullmatch(r"[0-9]{4}", version, re.ASCII):
        raise DatabaseUnavailable("This is another program's database: DATABASE_URL is wrong.")
    return version
