"""What a database does for a verb: every statement it is sent, explained with the very same parameters."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, event, text

from webhook_app.storage import Store

#: The tables that grow with the use of the service.
BIG = ("read_positions", "history", "people", "unread_messages")
OUTBOUND = ("outbox", "accounts", "rate_windows")
#: A table of the numbers 1 to :rows.
NUMBERS = {
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :rows) ",
    "postgresql": "WITH numbers AS (SELECT CAST(n AS bigint) AS n FROM generate_series(1, :rows) AS g(n)) ",
}
Statement = tuple[str, Any]


class Visit(NamedTuple):
    """One table's part of a plan."""

    table: str
    #: In the database's own words.
    how: str
    #: By an index and a condition on it that names a few rows, or by an index that is as good as empty.
    searched: bool
    #: Rows looked at; None on SQLite, which does not tell.
    rows: int | None


@contextmanager
def overheard(store: Store) -> Iterator[list[Statement]]:
    """Every statement that the store sends meanwhile."""
    said: list[Statement] = []

    def listen(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        said.append((statement, parameters[0] if many and parameters else parameters))

    event.listen(store.database.engine, "before_cursor_execute", listen)
    try:
        yield said
    finally:
        event.remove(store.database.engine, "before_cursor_execute", listen)


def visits(store: Store, work: Callable[[], object], tables: tuple[str, ...] = BIG) -> list[Visit]:
    """How the big tables are visited by the work's statements."""
    with overheard(store) as said:
        work()
    explain = _explain_sqlite if store.database.dialect == "sqlite" else _explain_postgres
    with store.database.engine.connect() as connection, connection.begin() as transaction:
        found = [visit for statement in said for visit in explain(connection, statement)]
        transaction.rollback()
    return [visit for visit in found if visit.table in (*tables, "reader_person", "peer_person")]


def _query(statement: str) -> bool:
    return bool(re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", statement, re.IGNORECASE))


def _explain_sqlite(connection: Connection, statement: Statement) -> list[Visit]:
    if not _query(statement[0]):
        return []
    found = []
    for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement[0], statement[1]):
        match = re.match(r"(SEARCH|SCAN) (\w+)", row[3])
        if match:
            searched = match[1] == "SEARCH" or "read_positions_corrected" in row[3]
            # That is all of a platform.
            searched = searched and not row[3].endswith("(platform=?)")
            found.append(Visit(match[2], row[3], searched, None))
    return found


def _explain_postgres(connection: Connection, statement: Statement) -> list[Visit]:
    found: list[Visit] = []
    for query, parameters in _single(*statement):
        if query.startswith("SET LOCAL"):
            # The settings that the verb makes for its own transaction.
            connection.exec_driver_sql(query)
        elif _query(query):
            explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", parameters)
            found += _walk(explained.scalar_one()[0]["Plan"])
    return found


def _single(script: str, parameters: Any) -> Iterator[Statement]:
    """The statements of a script that is sent at once, each with its share of the parameters."""
    for part in (part.strip() for part in script.split(";")):
        share = parameters
        if isinstance(parameters, tuple):
            many = part.count("%s")
            share, parameters = parameters[:many], parameters[many:]
        yield part, share


def _walk(node: dict[str, Any]) -> Iterator[Visit]:
    for child in node.get("Plans", []):
        yield from _walk(child)
    table, kind = node.get("Relation Name"), node["Node Type"]
    if table is None or kind == "ModifyTable":
        return
    index = node.get("Index Name", "")
    if kind == "Bitmap Heap Scan":
        index = node["Plans"][0].get("Index Name", "several")
    searched = "Index Cond" in node or kind == "Bitmap Heap Scan" or index == "read_positions_corrected"
    seen = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    seen += node.get("Rows Removed by Index Recheck", 0)
    how = f"{kind} {index} {node.get('Index Cond', '')} {node.get('Filter', '')}"
    yield Visit(table, how, searched, round(seen * node["Actual Loops"]))


def learn(store: Store) -> None:
    """Let Postgres' planner know its tables, as autovacuum does; SQLite's never learns anything."""
    if store.database.dialect == "postgresql":
        store.write(lambda connection: connection.execute(text("ANALYZE")))
