"""A release's migrations run while the release before serves: they take nothing away from it."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import Connection, Inspector, inspect

from tests.conftest import API_TOKEN, NOW
from tests.storage.locks import execute
from tests.web.callers import (
    ALICE,
    BOT,
    add_x,
    bearer,
    deliver,
    mark,
    message,
    name,
    quarantine,
    record,
    services_of,
    wrote,
    x_mark,
)
from webhook_app.storage import migrations
from webhook_app.storage.database import open_engine
from webhook_app.storage.tables import metadata

Shape = dict[str, dict[str, Any]]


def shape(connection: Connection) -> Shape:
    """Of each table its columns, and all that may refuse a row."""
    look = inspect(connection)
    return {
        table: {
            "columns": {column["name"]: column for column in look.get_columns(table)},
            "key": look.get_pk_constraint(table)["constrained_columns"],
            "checks": {one["sqltext"] for one in look.get_check_constraints(table)},
            "unique": {tuple(names) for names in _unique(look, table)},
        }
        for table in look.get_table_names()
    }


def _unique(look: Inspector, table: str) -> list[list[Any]]:
    """The columns of which no two rows may have the same."""
    indexes = [index["column_names"] for index in look.get_indexes(table) if index["unique"]]
    return [*indexes, *(one["column_names"] for one in look.get_unique_constraints(table))]


@pytest.fixture
def shapes(empty_database: str) -> list[Shape]:
    """The database as each release's migration has left it, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = open_engine(empty_database.replace("postgresql:", "postgresql+psycopg:"))
    found = []
    for revision in migrations.KNOWN:
        with engine.execution_options(writes=True).begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            found.append(shape(connection))
    engine.dispose()
    return found


def test_a_migration_leaves_in_place_what_the_release_before_uses(shapes: list[Shape]) -> None:
    for before, after in pairwise(shapes):
        for table, old in before.items():
            new = after[table]
            assert (new["key"], new["checks"], new["unique"]) == (old["key"], old["checks"], old["unique"])
            for column, was in old["columns"].items():
                now = new["columns"][column]
                assert str(now["type"]) == str(was["type"]), (table, column)
                assert now["nullable"] >= was["nullable"], (table, column)
            for column in new["columns"].keys() - old["columns"].keys():
                added = new["columns"][column]
                # Who does not know it inserts rows without it.
                assert added["nullable"] or added["default"] or added.get("computed"), (table, column)


def test_this_release_works_with_what_the_next_one_adds(app: Flask, database: str) -> None:
    for table in metadata.sorted_tables:
        execute(database, f"ALTER TABLE {table.name} ADD COLUMN later BIGINT NOT NULL DEFAULT 0")
    execute(database, "UPDATE alembic_version SET version_num = '9999'")
    here, client = services_of(app), app.test_client()
    add_x(app)
    record(here.store, mark(ALICE, message(-5), NOW - 1000))
    wrote(here.store, message(-4))
    name(here.store, ALICE, "Alice")
    quarantine(here.store, b"{}")
    answer = client.post("/api/v1/marks", json=x_mark(), headers=bearer(API_TOKEN))
    assert (answer.status_code, deliver(app)) == (202, 1)
    here.counts.add(f"deliveries|twitter|{BOT}", NOW)
    here.flush()
    here.store.make_figures(NOW, 90, "tests", 1000)
    here.store.retain(NOW)
    for nouns in (
        "read-positions",
        "unread",
        "stats",
        "marks",
        "rate-limits",
        "accounts",
        "quarantine",
        "audit",
    ):
        assert client.get(f"/api/v1/{nouns}", headers=bearer(API_TOKEN)).get_json()["items"], nouns
    assert ALICE in client.get("/api/v1/export/history.ndjson", headers=bearer(API_TOKEN)).text
    assert client.get("/metrics", headers=bearer(API_TOKEN)).status_code == 200
    here.store.forget("twitter", ALICE, NOW, "tests")
