"""Searches everything that a store keeps for words that must not be there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, make_url, text

from webhook_app.storage import Store


def rows_naming(store: Store, *words: str) -> list[str]:
    """The tables, one for each value, in which some column contains one of the words."""
    return store.read(
        lambda c: [table for table, value in _values(c) if any(word in value for word in words)]
    )


def dump(store: Store) -> str:
    """Every value of every table, one a line."""
    return store.read(lambda c: "\n".join(f"{table}: {value}" for table, value in _values(c)))


def _values(connection: Connection) -> Iterator[tuple[str, str]]:
    """Every value with its table, of all tables that there are, ours or not."""
    listing = "SELECT name FROM sqlite_master WHERE type = 'table'"
    if connection.dialect.name == "postgresql":
        listing = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    for table in sorted(connection.scalars(text(listing))):
        for row in connection.execute(text(f'SELECT * FROM "{table}"')):
            yield from ((table, _shown(value)) for value in row)


def _shown(value: Any) -> str:
    return bytes(value).decode(errors="replace") if isinstance(value, bytes | memoryview) else str(value)


def files_naming(url: str, *words: str) -> list[str]:
    """The files of a SQLite database that contain one of the words, in whatever part of them."""
    path = Path(make_url(url).database or "")
    files = sorted(path.parent.glob(f"{path.name}*"))
    return [file.name for file in files if any(word.encode() in file.read_bytes() for word in words)]
