"""What a store promises about durability, and about a database that does not answer."""

import os
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack

import pytest
from sqlalchemy import make_url

from tests.databases import postgres_database
from tests.storage.conftest import KEYS
from tests.storage.locks import execute, locked, look
from webhook_app.domain.inbound import Inbound, Person, Unreadable
from webhook_app.domain.position import Mark
from webhook_app.errors import DatabaseUnavailable, NotFound, SchemaOutdated, Unstorable
from webhook_app.storage import Store
from webhook_app.storage.migrate import migrate

POSITIONS = "SELECT reader, peer, cursor, read_at FROM read_positions ORDER BY reader"
KEY = ("twitter", "1", "2")


def marked(reader: str = "1", cursor: int = 5) -> Inbound:
    """A delivery of one mark."""
    return Inbound("twitter", marks=[Mark("twitter", reader, "2", cursor, 7)])


def test_what_is_recorded_is_seen_by_others_at_once(store: Store, database: str) -> None:
    for n in range(5):
        store.record(marked(str(n)))
        assert len(look(database, POSITIONS)) == n + 1


def test_nobody_is_answered_before_the_commit(store: Store, database: str) -> None:
    store.record(marked("0"))
    with ThreadPoolExecutor(4) as threads:
        with locked(database):
            answers = [threads.submit(store.record, marked(str(n))) for n in range(1, 5)]
            assert not wait(answers, timeout=0.3).done
            assert len(look(database, POSITIONS)) == 1
        for answer in answers:
            answer.result(10)
    assert len(look(database, POSITIONS)) == 5


def test_a_lock_that_is_never_released_fails_everybody_and_then_it_works_again(
    store: Store, database: str
) -> None:
    store.record(marked("0"))
    with locked(database), ThreadPoolExecutor(4) as threads:
        answers = [threads.submit(store.record, marked(str(n))) for n in range(1, 5)]
        for answer in answers:
            assert isinstance(answer.exception(60), DatabaseUnavailable)
        assert [row[0] for row in look(database, POSITIONS)] == ["0"]
    # Whoever was refused is to come again; what was tried last may be stored all the same.
    store.record(marked("5"))
    assert {row[0] for row in look(database, POSITIONS)} >= {"0", "5"}


def test_nothing_of_a_refused_delivery_is_stored(store: Store, database: str) -> None:
    poisoned = marked()
    poisoned.people.append(Person("twitter", "1", "Ann", "", "", 1))
    poisoned.marks.append(Mark("twitter", "3", "2", 2**63, 7))
    with pytest.raises(Unstorable):
        store.record(poisoned)
    assert look(database, POSITIONS) == []
    assert look(database, "SELECT * FROM people") == []
    store.record(marked())
    assert store.position(KEY)[0].reader_name == ""


@pytest.mark.parametrize(
    "poison",
    [
        Mark("twitter", "1", "2", 2**63, 7),
        Mark("twitter", "1", "2", 2**64, 7),
        Mark("twitter", "1", "2", 5, -(2**70)),
        Mark("twitter", "\ud800", "2", 5, 7),
    ],
)
def test_values_the_database_refuses_are_unstorable(store: Store, poison: Mark) -> None:
    with pytest.raises(Unstorable):
        store.record(Inbound("twitter", marks=[poison]))
    store.record(marked())
    assert store.position(KEY)[0].cursor == 5


def test_poison_costs_nobody_else_anything(store: Store, database: str) -> None:
    store.record(marked("0"))
    poison = Inbound("twitter", marks=[Mark("twitter", "x", "2", 2**63, 7)])
    with ThreadPoolExecutor(9) as threads:
        with locked(database):
            answers = [threads.submit(store.record, marked(str(n))) for n in range(1, 8)]
            bad = threads.submit(store.record, poison)
            wait([*answers, bad], timeout=0.2)
        assert isinstance(bad.exception(10), Unstorable)
        for answer in answers:
            answer.result(10)
    assert len(look(database, POSITIONS)) == 8


def test_nothing_to_store_asks_no_database() -> None:
    Store("sqlite:////nonexistent/folder/x.db", KEYS).record(Inbound("twitter", ignored=1))


@pytest.mark.parametrize(
    "url", ["sqlite:////nonexistent/folder/x.db", "postgresql+psycopg://nobody@127.0.0.1:1/nothing"]
)
def test_a_database_out_of_reach_is_unavailable(url: str) -> None:
    store = Store(url, KEYS)
    with pytest.raises(DatabaseUnavailable):
        store.record(marked())
    with pytest.raises(DatabaseUnavailable):
        store.check()
    with pytest.raises(DatabaseUnavailable):
        store.position(KEY)
    with pytest.raises(DatabaseUnavailable):
        migrate(url)
    store.close()


def test_a_file_that_is_no_database_is_unavailable(tmp_path: os.PathLike[str]) -> None:
    path = os.path.join(tmp_path, "x.db")
    with open(path, "w") as file:
        file.write("not a database, and long enough to be looked at" * 100)
    store = Store(f"sqlite:///{path}", KEYS)
    with pytest.raises(DatabaseUnavailable):
        store.record(marked())


def test_a_dropped_connection_is_opened_again(postgres: str) -> None:
    """A restart of Postgres costs nobody an answer where the writer only kept an idle connection."""
    with ExitStack() as stack:
        url = stack.enter_context(postgres_database(postgres))
        url = url.replace("postgresql:", "postgresql+psycopg:")
        migrate(url)
        store = Store(url, KEYS)
        stack.callback(store.close)
        store.record(marked("0"))
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        execute(url, f"{cut} AND pid <> pg_backend_pid()")
        store.record(marked("1"))
        assert store.position(("twitter", "1", "2"))[0].cursor == 5


def test_a_database_that_vanishes_is_unavailable_and_works_when_it_is_back(postgres: str) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(postgres_database(postgres))
        url = url.replace("postgresql:", "postgresql+psycopg:")
        name, away = f"{make_url(url).database}", f"away_{make_url(url).database}"
        migrate(url)
        store = Store(url, KEYS)
        stack.callback(store.close)
        store.record(marked("0"))
        cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        execute(postgres, cut, f'ALTER DATABASE "{name}" RENAME TO "{away}"')
        try:
            for _ in range(2):
                with pytest.raises(DatabaseUnavailable):
                    store.record(marked("1"))
            with pytest.raises(DatabaseUnavailable):
                store.check()
        finally:
            execute(postgres, f'ALTER DATABASE "{away}" RENAME TO "{name}"')
        store.record(marked("1"))
        assert len(look(url, POSITIONS)) == 2


def test_an_empty_database_is_refused_with_the_command_that_helps(empty_database: str) -> None:
    store = Store(empty_database.replace("postgresql:", "postgresql+psycopg:"), KEYS)
    for verb in (store.check, lambda: store.record(marked())):
        with pytest.raises(SchemaOutdated, match="python -m webhook_app migrate"):
            verb()
    store.close()


def test_a_newer_schema_is_served(store: Store, database: str) -> None:
    execute(database, "UPDATE alembic_version SET version_num = '9999'")
    store.check()
    store.record(marked())
    assert store.position(KEY)[0].cursor == 5


def test_it_works_as_soon_as_the_migration_is_done(empty_database: str) -> None:
    url = empty_database.replace("postgresql:", "postgresql+psycopg:")
    store = Store(url, KEYS)
    with pytest.raises(SchemaOutdated):
        store.record(marked())
    migrate(url)
    store.record(marked())
    assert store.position(KEY)[0].cursor == 5
    store.close()


def test_there_is_no_position_of_strangers(store: Store) -> None:
    with pytest.raises(NotFound):
        store.position(KEY)


def test_bodies_in_quarantine_are_bytes_as_they_came(store: Store) -> None:
    body = bytes(range(256))
    store.record(Inbound("twitter", unreadable=[Unreadable("twitter", body, {"_schema": ["é\0"]})]))
    row = store.quarantined(1)
    assert (row.body, row.errors) == (body, {"_schema": ["é\0"]})
