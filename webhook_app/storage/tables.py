"""The tables as they are today, and the little SQL in which SQLite and Postgres differ.

Ids are text and cursors 64-bit integers. Times are integers, milliseconds since 1970; `updated_at` comes
from the database's clock, the others from the platform's or the caller's.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    column,
    text,
)  # fmt: skip
from sqlalchemy import table as sqlalchemy_table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from webhook_app.errors import Unstorable

metadata = MetaData()
Id = BigInteger().with_variant(Integer, "sqlite")
# Keys compare byte by byte on both databases: faster, and pages have one order everywhere.
Key = Text().with_variant(Text(collation="C"), "postgresql")


def _table(name: str, *parts: Any) -> Table:
    return Table(name, metadata, *parts, sqlite_with_rowid=False)


def _key(name: str) -> Column[str]:
    return Column(name, Key, primary_key=True)


def _text(name: str, **kwargs: Any) -> Column[str]:
    return Column(name, Text, nullable=False, **kwargs)


def _number(name: str, **kwargs: Any) -> Column[int]:
    return Column(name, BigInteger, nullable=False, **kwargs)


# The primary key is the law: there is one position, the furthest, of a (platform, reader, peer).
read_positions = _table(
    "read_positions",
    _key("platform"), _key("reader"), _key("peer"),
    _number("cursor"), _number("read_at"), _number("updated_at"),
    # Marks read before this moment are dropped: an operator has set the position.
    _number("not_before", server_default="0"),
    # Who has read this peer; and what has changed since.
    Index("read_positions_peer", "platform", "peer", "reader"),
    Index("read_positions_updated", "updated_at", "platform", "reader", "peer"),
    # Nearly always empty, so that ingest sees at no cost that nothing has been corrected.
    Index(
        "read_positions_corrected", "not_before",
        sqlite_where=text("not_before > 0"), postgresql_where=text("not_before > 0"),
    ),
)  # fmt: skip

# History is a set: one row per distinct (reader, peer, cursor), with its earliest time.
history = _table(
    "history",
    _key("platform"), _key("reader"), _key("peer"), Column("cursor", BigInteger, primary_key=True),
    _number("read_at"),
)  # fmt: skip

people = _table(
    "people",
    _key("platform"), _key("id"), _text("name"), _text("handle"), _text("picture"), _number("seen_at"),
)  # fmt: skip

# At most 1000 a conversation; what comes on top is counted in unread_overflow.
unread_messages = _table(
    "unread_messages",
    _key("platform"), _key("reader"), _key("peer"), Column("message", BigInteger, primary_key=True),
    Index("unread_messages_peer", "platform", "peer"),
)  # fmt: skip

unread_overflow = _table(
    "unread_overflow",
    _key("platform"), _key("reader"), _key("peer"), _number("count"), _number("latest"),
    Index("unread_overflow_peer", "platform", "peer"),
)  # fmt: skip

# The latest word of a platform about an account or a job.
notices = _table("notices", _key("platform"), _key("kind"), _key("subject"), _number("at"), _text("detail"))

# The unique digest keeps a body that is delivered again and again once.
quarantine = Table(
    "quarantine", metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    _text("platform"), _number("received_at"), _text("errors"),
    Column("body", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    UniqueConstraint("platform", "digest", name="quarantine_digest"),
    sqlite_autoincrement=True,
)  # fmt: skip

# Forgotten people, as HMACs: what happened before does not come back. Also the gate between ingest, which
# reads this table in each transaction, and an operator's corrections, which lock it.
forgotten = _table(
    "forgotten",
    Column("digest", LargeBinary, primary_key=True), _number("not_before"), _number("expires_at"),
)  # fmt: skip

tokens = _table(
    "tokens",
    _key("id"), _text("name"), Column("digest", LargeBinary, nullable=False), _text("scopes"),
    Column("platform", Text), Column("account", Text), _number("created_at"),
    Column("revoked_at", BigInteger),
    UniqueConstraint("digest", name="tokens_digest"),
    # Bound to an account or to none.
    CheckConstraint("(platform IS NULL) = (account IS NULL)", name="tokens_bound"),
)  # fmt: skip

login_links = _table(
    "login_links",
    Column("digest", LargeBinary, primary_key=True), _text("token"), _number("expires_at"),
)  # fmt: skip

audit = Table(
    "audit", metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    _number("at"), _text("who"), _text("action"), _text("subject"), _text("detail"),
    sqlite_autoincrement=True,
)  # fmt: skip

# Minute 0 holds the total since the beginning, which retention leaves alone.
counts = _table("counts", _key("name"), Column("minute", BigInteger, primary_key=True), _number("n"))

# Who does what only one process may do.
leases = _table("leases", _key("name"), _text("holder"), _number("until"))


class now_ms(FunctionElement[int]):
    """The database's clock, in milliseconds since 1970."""

    inherit_cache = True
    type = BigInteger()


@compiles(now_ms, "postgresql")
def _now_postgres(element: now_ms, compiler: SQLCompiler, **kwargs: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"


@compiles(now_ms, "sqlite")
def _now_sqlite(element: now_ms, compiler: SQLCompiler, **kwargs: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


#: A statement as its driver takes it, and its parameters.
Step = tuple[str, tuple[Any, ...]]


class Given:
    """A statement over rows that Python gives: `WITH given(…) AS (…) …`, a whole batch at once.

    A statement a row would hand Python's lock back and forth once a row, and make a round trip once a row.
    SQLite takes the rows as VALUES, Postgres as one JSON array. `build` makes the statement from the table
    `given`; it must not hold parameters.
    """

    def __init__(
        self, dialect: Dialect, table: Table, names: Sequence[str], build: Callable[[Any], Any]
    ) -> None:
        given = sqlalchemy_table("given", *(column(name, table.c[name].type) for name in names))
        body = str(build(given).compile(dialect=dialect))
        self._sqlite = dialect.name == "sqlite"
        head = f"WITH given({', '.join(names)}) AS "
        if self._sqlite:
            # One text for each number of rows; SQLite has most of them in its cache of prepared statements.
            self._texts: dict[int, str] = {}
            self._row = f"({', '.join('?' for _ in names)})"
            self._head, self._body = head, body
        else:
            values = [
                f"CAST(element->>{i} AS bigint)" if table.c[name].type.python_type is int
                else f'(element->>{i}) COLLATE "C"'
                for i, name in enumerate(names)
            ]  # fmt: skip
            rows = "json_array_elements(CAST(%s AS json)) AS element"
            self._texts = {0: f"{head}(SELECT {', '.join(values)} FROM {rows}) {body}"}

    def steps(self, rows: Sequence[Sequence[Any]]) -> list[Step]:
        """The statements, with their parameters, that do it for all the rows."""
        if not self._sqlite:
            return [(self._texts[0], (_pack(rows),))]
        return [self._values(rows[start : start + MOST_ROWS]) for start in range(0, len(rows), MOST_ROWS)]

    def _values(self, rows: Sequence[Sequence[Any]]) -> Step:
        many = len(rows)
        if many not in self._texts:
            self._texts[many] = f"{self._head}(VALUES {', '.join([self._row] * many)}) {self._body}"
        return self._texts[many], tuple(chain.from_iterable(rows))


def _pack(rows: Sequence[Sequence[Any]]) -> str:
    """JSON of the rows. Raises Unstorable for lone surrogates and integers over 64 bits."""
    try:
        return orjson.dumps(rows, default=tuple).decode()
    except orjson.JSONEncodeError as exc:
        raise Unstorable from exc


#: Rows of one SQLite statement; its oldest limit is 999 parameters.
MOST_ROWS = 128


def insert(dialect: str, table: Table) -> Any:
    """An insert that knows `on_conflict_do_update`; both databases spell it alike."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
