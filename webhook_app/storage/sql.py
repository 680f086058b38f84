"""The little SQL in which SQLite and Postgres differ."""

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import orjson
from sqlalchemy import BigInteger, ColumnClause, Dialect, Table, Text, column, literal_column
from sqlalchemy import table as sqlalchemy_table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from webhook_app.errors import Unstorable


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


class greatest(FunctionElement[int]):
    """The greatest of some numbers, none of them NULL."""

    inherit_cache = True
    type = BigInteger()


@compiles(greatest, "postgresql")
def _greatest_postgres(element: greatest, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"greatest({compiler.process(element.clauses, **kwargs)})"


@compiles(greatest, "sqlite")
def _greatest_sqlite(element: greatest, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"max({compiler.process(element.clauses, **kwargs)})"


class next_at(FunctionElement[int]):
    """When a dispatcher is to look at an account: nothing is to be done for a stopped one."""

    inherit_cache = True
    type = BigInteger()


@compiles(next_at, "postgresql")
def _next_at_postgres(element: next_at, compiler: SQLCompiler, **kwargs: Any) -> str:
    # In Postgres' own spelling, so that migrations can be compared with it.
    return (
        "CASE WHEN ((state = 'active'::text) AND (due_at IS NOT NULL)) "
        "THEN GREATEST(due_at, opens_at, refused_until) ELSE NULL::bigint END"
    )


@compiles(next_at, "sqlite")
def _next_at_sqlite(element: next_at, compiler: SQLCompiler, **kwargs: Any) -> str:
    # Of NULL and numbers SQLite's greatest is NULL.
    return "CASE WHEN state = 'active' THEN max(due_at, opens_at, refused_until) END"


class packed(FunctionElement[str]):
    """All rows as one JSON text: an array of arrays."""

    inherit_cache = True
    type = Text()


@compiles(packed, "postgresql")
def _packed_postgres(element: packed, compiler: SQLCompiler, **kwargs: Any) -> str:
    row = compiler.process(element.clauses, **kwargs)
    return f"coalesce(CAST(json_agg(json_build_array({row})) AS text), '[]')"


@compiles(packed, "sqlite")
def _packed_sqlite(element: packed, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **kwargs)}))"


#: Where a parameter goes.
HERE: Any = literal_column("?")
#: A statement as its driver takes it, and its parameters.
Step = tuple[str, tuple[Any, ...]]


class Given:
    """A statement over rows that Python gives: `WITH given(…) AS (…) …`, a whole batch at once.

    A statement a row would hand Python's lock back and forth once a row, and make a round trip once a row.
    SQLite takes the rows as VALUES, Postgres as one JSON array. `build` makes the statement from the table
    `given`, which has these columns; its parameters are written into it.
    """

    def __init__(
        self, dialect: Dialect, columns: Sequence[ColumnClause[Any]], build: Callable[[Any], Any]
    ) -> None:
        self._dialect, self._columns, self._build = dialect, columns, build
        self._sqlite = dialect.name == "sqlite"
        # One text for each number of rows; SQLite has most of them in its cache of prepared statements.
        self._texts: dict[int, str] = {}

    def steps(self, rows: Sequence[Sequence[Any]]) -> list[Step]:
        """The statements, with their parameters, that do it for all the rows."""
        if not self._sqlite:
            return [(self._text(0), (_pack(rows),))]
        pieces = [rows[start : start + MOST_ROWS] for start in range(0, len(rows), MOST_ROWS)]
        return [(self._text(len(piece)), tuple(chain.from_iterable(piece))) for piece in pieces]

    def _text(self, many: int) -> str:
        text = self._texts.get(many)
        if text is None:
            names = ", ".join(one.name for one in self._columns)
            given = self._values(many) if self._sqlite else self._select()
            text = self._texts[many] = f"WITH given({names}) AS ({given}) {self._body}"
        return text

    @cached_property
    def _body(self) -> str:
        """Compiled when it is needed: a process may never need it, and all together take their time."""
        given = sqlalchemy_table("given", *(column(one.name, one.type) for one in self._columns))
        options = {"literal_binds": True}
        return str(self._build(given).compile(dialect=self._dialect, compile_kwargs=options))

    def _values(self, many: int) -> str:
        row = f"({', '.join('?' for _ in self._columns)})"
        return f"VALUES {', '.join([row] * many)}"

    def _select(self) -> str:
        values = [
            f"CAST(element->>{i} AS bigint)" if one.type.python_type is int
            else f'(element->>{i}) COLLATE "C"'
            for i, one in enumerate(self._columns)
        ]  # fmt: skip
        return f"SELECT {', '.join(values)} FROM json_array_elements(CAST(%s AS json)) AS element"


def plain(dialect: Dialect, statement: Any) -> str:
    """The text of a statement whose parameters are `HERE`, for its driver."""
    text = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    return text if dialect.name == "sqlite" else text.replace("?", "%s")


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
