"""Somebody else's connection: it looks, and it holds locks, as another process would."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from sqlalchemy import make_url


def _connect(url: str) -> Any:
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        assert parts.database
        return sqlite3.connect(parts.database, isolation_level=None, check_same_thread=False)
    plain = parts.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def look(url: str, query: str) -> list[tuple[Any, ...]]:
    """What another connection sees now."""
    with closing(_connect(url)) as connection:
        return list(connection.execute(query).fetchall())


def execute(url: str, *statements: str) -> None:
    """Do something to the database behind the store's back."""
    with closing(_connect(url)) as connection:
        for statement in statements:
            connection.execute(statement)


@contextmanager
def locked(
    url: str, table: str = "read_positions", *, rows: bool = False, mode: str = "EXCLUSIVE"
) -> Iterator[None]:
    """Hold the lock that ingest needs, or another's; or those of a table's rows, where there are such.

    SQLite has one lock for all, under which everybody may look.
    """
    with closing(_connect(url)) as connection:
        if url.startswith("sqlite"):
            connection.execute("BEGIN IMMEDIATE")
        else:
            connection.execute("BEGIN")
            one = f"SELECT 1 FROM {table} FOR UPDATE" if rows else f"LOCK TABLE {table} IN {mode} MODE"
            connection.execute(one)
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
