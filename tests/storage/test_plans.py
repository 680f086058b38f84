"""Indexes are used: no statement of ingest or of a list reads a big table from end to end."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import Connection, text

from tests.storage.law import BASE
from tests.storage.plans import NUMBERS, learn, visits
from webhook_app.domain.inbound import Inbound, Message, Person
from webhook_app.domain.position import Mark
from webhook_app.storage import Store
from webhook_app.storage.batch import merge
from webhook_app.storage.changes import Wanted, since
from webhook_app.storage.counts import drop_counts
from webhook_app.storage.database import BY_KEY
from webhook_app.storage.forgotten import Forgotten
from webhook_app.storage.history import history_page
from webhook_app.storage.messages import LIMIT
from webhook_app.storage.passed import drop_passed, look_for_passed
from webhook_app.storage.positions import Filter, latest_positions, list_positions, readers_of
from webhook_app.storage.retention import drop_history
from webhook_app.storage.unread import UnreadFilter, oldest_of_accounts, walk_unread
from webhook_app.storage.writing import Writing

ROWS = 20_000
#: Rows that may be looked at for one statement: a page and what surrounds it, never the table.
FEW = 1500
KEY = "'twitter', CAST(n / 10 AS text), CAST(n % 10 + 100 * (n % 20) AS text)"
FILL = [
    f"INSERT INTO read_positions SELECT {KEY}, n, n, n, 0 FROM numbers",
    f"INSERT INTO history SELECT {KEY}, n, n FROM numbers",
    "INSERT INTO people SELECT 'twitter', CAST(n AS text), 'Ann', 'ann', '', n FROM numbers",
    "INSERT INTO counts SELECT CAST(n AS text), n, 1 FROM numbers",
    "INSERT INTO unread_messages SELECT 'twitter', CAST(n / 10 AS text), 'writer', n FROM numbers",
]


@pytest.fixture(scope="module")
def full(shared: Store) -> Store:
    """A store with some ten thousand rows, whose planner knows it."""
    for fill in FILL:
        head, rest = fill.split(" SELECT ", 1)
        numbers = NUMBERS[shared.database.dialect]
        query = f"{head} {numbers} SELECT {rest}"
        shared.write(partial(Connection.execute, statement=text(query), parameters={"rows": ROWS}))
    learn(shared)
    return shared


def assert_few(full: Store, work: Callable[[], object], *tables: str, in_order: bool = False) -> None:
    """The work visits these tables by index, and only a few rows of any big one.

    `in_order`: all of a platform, until a page is full.
    """
    found = visits(full, work)
    assert {visit.table for visit in found} >= set(tables), found
    for visit in found:
        assert visit.searched or (in_order and "PRIMARY KEY (platform=?)" in visit.how), visit
        assert visit.rows is None or visit.rows <= FEW, visit


def delivery(size: int) -> Inbound:
    """A delivery (or a batch of them) of known and new marks, messages and names."""
    every = ROWS // size
    numbers = [n * every for n in range(size)]
    peers = [str(n % 10 + 100 * (n % 20)) for n in numbers]
    return Inbound(
        "twitter",
        marks=[
            Mark("twitter", str(n // 10), peer, n + 5, BASE) for n, peer in zip(numbers, peers, strict=True)
        ]
        + [Mark("twitter", f"new {n}", "1", 1, BASE) for n in numbers],
        messages=[Message("twitter", str(n // 10), "writer", n + 5, BASE) for n in numbers],
        people=[Person("twitter", str(n), "Bea", "", "", BASE) for n in numbers],
    )


@pytest.mark.parametrize("size", [1, 10, 200])
def test_ingest(full: Store, size: int) -> None:
    assert_few(full, lambda: full.record(delivery(size)), "unread_messages")


@pytest.mark.parametrize("size", [1, 100])
def test_new_messages_of_many_conversations(full: Store, size: int) -> None:
    readers = [str(n) for n in range(0, ROWS // 10, ROWS // 10 // size)]
    told = [Message("twitter", reader, "writer", 10 * ROWS, BASE) for reader in readers]
    tables = ("read_positions", "unread_messages")
    assert_few(full, lambda: full.record(Inbound("twitter", messages=told)), *tables)


@pytest.mark.parametrize("size", [1, 10, 200])
def test_the_hot_statements_of_ingest(full: Store, size: int) -> None:
    dialect = full.database.engine.dialect
    writing = Writing(dialect, Forgotten([b"key"]))
    batch = merge([delivery(size)])

    def work(connection: Connection) -> None:
        """What the writer's link gives to the driver, sent where it can be overheard."""
        if dialect.name == "postgresql":
            connection.exec_driver_sql(BY_KEY)
        for step in [(writing.exceptions, ()), *writing.steps(batch)]:
            connection.exec_driver_sql(*step)

    assert_few(full, lambda: full.write(work), "people")


@pytest.mark.parametrize("size", [1, 200])
def test_ingest_after_a_correction_and_a_forgetting(full: Store, size: int) -> None:
    full.set_position(("twitter", "corrected", "1"), 5, BASE, "tests")
    full.forget("twitter", "forgotten", BASE, "tests")
    assert_few(full, lambda: full.record(delivery(size)), "read_positions")


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(("twitter",)),
        Filter(("slack", "twitter"), limit=1000),
        Filter(("twitter",), after=("twitter", "1500", "1")),
        Filter(("twitter",), reader="1500"),
        Filter(("twitter",), reader="1500", after=("twitter", "1500", "2")),
        Filter(("twitter",), peer="101"),
        Filter(("twitter",), peer="101", after=("twitter", "1500", "101")),
        Filter(("twitter",), reader="1500", peer="101"),
        Filter(("twitter",), updated_since=ROWS - 50),
        Filter(("twitter",), updated_since=0),
        Filter(("slack", "twitter"), updated_since=0, after=(ROWS // 2, "twitter", "1", "1")),
    ],
    ids=str,
)
def test_lists_of_positions(full: Store, wanted: Filter) -> None:
    every = (wanted.reader, wanted.peer, wanted.updated_since) == (None, None, None)
    assert_few(full, lambda: full.read(lambda c: list_positions(c, wanted)), "read_positions", in_order=every)


@pytest.mark.parametrize(("reader", "after"), [(None, ""), (None, "1500"), ("1500", "")])
def test_readers_of_a_message(full: Store, reader: str | None, after: str) -> None:
    query = partial(
        readers_of, platform="twitter", peer="101", message=ROWS // 2, reader=reader, after=after, limit=100
    )
    assert_few(full, lambda: full.read(query), "read_positions", "history")


@pytest.mark.parametrize(
    "wanted",
    [
        UnreadFilter(("slack", "twitter")),
        UnreadFilter(("twitter",), after=((ROWS // 2, "1000", "writer"),), limit=30),
        UnreadFilter(("twitter",), reader="1500"),
        UnreadFilter(("twitter",), reader="1500", after=((15_003, "1500", "writer"),)),
        UnreadFilter(("twitter",), peer="writer"),
        UnreadFilter(("twitter",), peer="writer", after=((ROWS // 2, "1000", "writer"),)),
        UnreadFilter(("twitter",), reader="1500", peer="writer"),
    ],
    ids=str,
)
def test_lists_of_what_is_unread(full: Store, wanted: UnreadFilter) -> None:
    work = partial(walk_unread, wanted=wanted)
    assert_few(full, lambda: full.read(work), "read_positions", "unread_messages", "people")


def test_the_oldest_unread_of_accounts(full: Store) -> None:
    assert_few(full, lambda: full.read(oldest_of_accounts), "unread_messages")


def test_following_the_positions(full: Store) -> None:
    found = visits(full, lambda: full.read(partial(look_for_passed, after=(ROWS - 100, "", "", ""))))
    assert {visit.table for visit in found} >= {"read_positions", "unread_messages"}
    for visit in found:
        assert visit.searched, visit
        assert visit.rows is None or visit.rows <= FEW, visit
    assert_few(
        full, lambda: full.write(partial(drop_passed, keys=[("twitter", "7", "1")])), "unread_messages"
    )


@pytest.mark.parametrize(("reader", "peer"), [(None, None), ("1500", None), (None, "101"), ("1500", "101")])
def test_a_late_page_begins_where_it_is(full: Store, reader: str | None, peer: str | None) -> None:
    after = Filter(("twitter",), reader, peer, after=("twitter", "1500", "101"))
    past = partial(history_page, reader=reader, peer=peer, after=("1500", "101", 15_000), limit=100)
    found = visits(full, lambda: full.read(lambda c: list_positions(c, after)))
    found += visits(full, lambda: full.read(partial(past, platform="twitter")))
    for visit in found:
        assert visit.searched, visit
        assert visit.rows is None or visit.rows <= FEW, visit
        if visit.rows is None and visit.table != "people":
            # SQLite does not count, but tells where it begins.
            given = [name for name, value in (("reader=", reader), ("peer=", peer)) if value]
            assert all(name in visit.how for name in given), visit
            assert ">" in visit.how or "reader=" in visit.how, visit


def test_one_position(full: Store) -> None:
    key = ("twitter", "150", "101")
    full.record(Inbound("twitter", marks=[Mark(*key, 5, BASE)]))
    assert_few(full, lambda: full.position(key), "read_positions", "history")


def test_the_latest_changes(full: Store) -> None:
    found = visits(full, lambda: full.read(lambda c: latest_positions(c, 20)))
    # From the end of the index by time, until there are enough.
    assert all(visit.searched or "read_positions_updated" in visit.how for visit in found), found
    assert all(visit.rows is None or visit.rows <= FEW for visit in found)


def test_corrections(full: Store) -> None:
    assert_few(full, lambda: full.set_position(("twitter", "150", "101"), 7, BASE, "tests"), "history")


def test_forgetting(full: Store) -> None:
    assert_few(full, lambda: full.forget("twitter", "19", BASE, "tests"), "history", "people")


def test_a_piece_of_the_walk_through_history(full: Store) -> None:
    place = ("twitter", "1999", "919", 0)
    found = visits(full, lambda: full.read(lambda c: drop_history(c, place, 10**6)))
    assert all(visit.rows is None or visit.rows <= 2 * 2000 for visit in found), found


def test_old_minutes_of_many_counts_go_together(full: Store) -> None:
    found = visits(full, lambda: full.write(partial(drop_counts, before=10)), ("counts",))
    assert [visit.searched for visit in found] == [True, True]


def test_a_full_conversation_does_not_read_its_thousand_ids_again(full: Store) -> None:
    key = ("twitter", "1", "talkative")
    full.record(Inbound("twitter", messages=[Message(*key, n, BASE) for n in range(LIMIT + 5)]))
    more = Inbound("twitter", messages=[Message(*key, LIMIT + 5, BASE)])
    for visit in visits(full, lambda: full.record(more)):
        assert visit.searched, visit
        assert visit.rows is None or visit.rows <= 10, visit


@pytest.mark.parametrize("wanted", [None, Wanted(("twitter",)), Wanted(("twitter",), reader="1500")])
def test_changes(full: Store, wanted: Wanted | None) -> None:
    def look() -> None:
        found = full.changes(since(ROWS - 300), 1000, wanted, ({}, {}))
        assert found.positions or wanted

    assert_few(full, look, "read_positions")
