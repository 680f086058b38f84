"""The road leads to the tables of today, and one process at a time walks it."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from tests.storage.conftest import KEYS
from tests.storage.locks import execute, look
from tests.storage.outgoing import open_accounts
from webhook_app.errors import DatabaseUnavailable, SealedElsewhere
from webhook_app.storage import Store, migrations
from webhook_app.storage.database import open_engine
from webhook_app.storage.migrate import migrate
from webhook_app.storage.tables import metadata

VERSIONS = sorted((Path(migrations.__file__).parent / "versions").glob("*.py"))


@pytest.fixture
def url(empty_database: str) -> str:
    """DATABASE_URL of an empty database."""
    return empty_database.replace("postgresql:", "postgresql+psycopg:")


def test_a_migrated_database_has_the_tables_of_today(url: str) -> None:
    migrate(url)
    options = {"compare_type": True, "compare_server_default": True}
    store = Store(url, KEYS)
    differences = store.read(
        lambda c: compare_metadata(MigrationContext.configure(c, opts=options), metadata)
    )
    store.close()
    assert differences == []


def _shape(connection: Connection) -> dict[str, object]:
    """All that inspection shows; alembic's comparison passes over checks, collations and WITHOUT ROWID."""
    look = inspect(connection)
    shape: dict[str, object] = {}
    for name in sorted(metadata.tables):
        indexes = [
            (i["name"], i["column_names"], i["unique"], {k: str(v) for k, v in i["dialect_options"].items()})
            for i in look.get_indexes(name)
        ]
        shape[name] = (
            [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in look.get_columns(name)],
            [(c["name"], re.sub(r"[()\s]", "", c["sqltext"])) for c in look.get_check_constraints(name)],
            sorted(indexes, key=str),
            [(u["name"], u["column_names"]) for u in look.get_unique_constraints(name)],
            look.get_pk_constraint(name)["constrained_columns"],
            look.get_table_options(name),
        )
    return shape


def test_it_is_as_if_the_tables_had_been_created(url: str) -> None:
    migrate(url)
    store = Store(url, KEYS)
    migrated = store.read(_shape)
    store.write(metadata.drop_all)
    store.write(metadata.create_all)
    assert store.read(_shape) == migrated
    store.close()


def test_it_says_what_it_did(url: str) -> None:
    last = migrations.KNOWN[-1]
    assert migrate(url) == f"The schema is now {last} (was empty)."
    assert migrate(url) == f"The schema is up to date ({last})."
    execute(url, "UPDATE alembic_version SET version_num = '9999'")
    assert migrate(url) == "The schema (9999) is of a newer release; nothing to do."


@pytest.mark.parametrize("version", ["ae1027a6acf0", "xxxx", "head"])
def test_another_programs_database_is_left_alone(url: str, version: str) -> None:
    migrate(url)
    execute(url, f"UPDATE alembic_version SET version_num = '{version}'")
    with pytest.raises(DatabaseUnavailable, match="another program's"):
        migrate(url)
    store = Store(url, KEYS)
    with pytest.raises(DatabaseUnavailable, match="another program's"):
        store.check()
    store.close()


def test_credentials_that_no_key_opens_are_told(url: str) -> None:
    migrate(url, KEYS)
    store = Store(url, KEYS)
    open_accounts(store, ("twitter", "1"), ("twitter", "2"), now=1)
    store.close()
    with pytest.raises(SealedElsewhere, match="up to date") as caught:
        migrate(url, ("another-key",))
    assert "The credentials of 2 accounts were sealed under another SECRET_KEY: " in str(caught.value)
    assert "2 accounts are sealed anew" in migrate(url, ("another-key", *KEYS))
    assert migrate(url, ("another-key",)).endswith("is up to date (0005).")


def test_many_may_migrate_at_once(url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        said = list(threads.map(migrate, [url] * 4))
    assert sum("is now" in line for line in said) == 1
    assert sum("up to date" in line for line in said) == 3


def test_it_loses_nothing(url: str) -> None:
    migrate(url)
    execute(url, "INSERT INTO people VALUES ('twitter', '1', 'Ann', '', '', 0)")
    migrate(url)
    assert look(url, "SELECT name FROM people") == [("Ann",)]


def test_what_the_first_release_has_stored_stays(url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = open_engine(url)
    with engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    execute(url, "INSERT INTO people VALUES ('twitter', '1', 'Ann', '', '', 0)")
    assert migrate(url) == f"The schema is now {migrations.KNOWN[-1]} (was 0001)."
    assert look(url, "SELECT name FROM people") == [("Ann",)]
    assert look(url, "SELECT count(*) FROM outbox") == [(0,)]


def test_every_revision_is_known_in_order() -> None:
    texts = [path.read_text() for path in VERSIONS]
    revisions = [re.findall(r'^revision = "(\w+)"$', text, re.MULTILINE)[0] for text in texts]
    parents = [re.findall(r'^down_revision = (?:"(\w+)"|None)$', text, re.MULTILINE)[0] for text in texts]
    assert tuple(revisions) == migrations.KNOWN
    assert parents == ["", *revisions[:-1]]
    assert all(
        path.name.startswith(f"{revision}_") for path, revision in zip(VERSIONS, revisions, strict=True)
    )
