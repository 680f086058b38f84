"""Positions of whom somebody looks for: right, and bounded however many there are."""

from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, text

from tests.storage.law import BASE
from tests.storage.plans import NUMBERS, learn, visits
from webhook_app.domain.inbound import Inbound, Person
from webhook_app.storage import Store
from webhook_app.storage import tables as t
from webhook_app.storage.searching import Found, Search, find_people, names_of, search_positions

BOTH = ("icq", "msn")
RECENT, FEW = 2000, 200
ROWS = 20_000
#: `quiet` was read long ago, `bot` ever since.
FILL = (
    "INSERT INTO read_positions {} SELECT 'icq', CAST(n AS text),"
    " CASE WHEN n <= 2000 THEN 'quiet' ELSE 'bot' END, n, n, n, 0 FROM numbers"
)


def search(store: Store, wanted: Search) -> Found:
    """What is found."""
    return store.read(lambda connection: search_positions(connection, wanted, BOTH))


def bounded(platforms: tuple[str, ...] = BOTH, **wanted: Any) -> Search:
    """A search with bounds that some thousand rows pass."""
    return Search(platforms, **wanted, few=FEW, recent=RECENT)


@pytest.fixture(scope="module")
def full(shared: Store) -> Store:
    """A store with more positions than are looked through."""
    statement = text(FILL.format(NUMBERS[shared.database.dialect]))
    shared.write(partial(Connection.execute, statement=statement, parameters={"rows": ROWS}))
    learn(shared)
    return shared


def keys(found: Found) -> list[tuple[str, str]]:
    """(reader, peer) of what was found."""
    return [(row.reader, row.peer) for row in found.positions]


def test_of_many_the_latest_are_found(full: Store) -> None:
    found = search(full, bounded(peer="bot", limit=3))
    assert keys(found) == [(str(n), "bot") for n in range(ROWS, ROWS - 3, -1)]
    assert found.complete
    nobody = search(full, bounded(peer="bot", people=frozenset({("icq", str(ROWS - 1))})))
    assert (keys(nobody), nobody.complete) == ([(str(ROWS - 1), "bot")], True)


def test_of_many_that_have_not_changed_for_long_it_says_that_there_may_be_more(full: Store) -> None:
    found = search(full, bounded(peer="quiet"))
    assert (found.positions, found.complete) == ([], False)


def test_of_few_all_are_found_however_old(full: Store) -> None:
    found = search(full, bounded(people=frozenset({("icq", "7"), ("icq", "9"), ("msn", "9")})))
    assert (keys(found), found.complete) == ([("9", "quiet"), ("7", "quiet")], True)
    assert keys(search(full, bounded(reader="7"))) == [("7", "quiet")]
    assert keys(search(full, bounded(reader="7", peer="bot"))) == []
    assert search(full, bounded(("msn",))) == Found([], True)
    assert search(full, bounded(people=frozenset())) == Found([], True)


@pytest.mark.parametrize(
    "wanted",
    [
        bounded(),
        bounded(("icq",)),
        bounded(("msn",)),
        bounded(reader="7"),
        bounded(peer="bot"),
        bounded(peer="quiet"),
        bounded(reader="7", peer="quiet"),
        bounded(people=frozenset(("icq", str(n)) for n in range(50))),
        bounded(people=frozenset({("icq", "bot"), ("icq", "7")})),
    ],
    ids=[
        "all",
        "platform",
        "other",
        "reader",
        "bot",
        "quiet",
        "both",
        "fifty people",
        "bot and one",
    ],
)
def test_no_search_looks_at_more_than_the_last_changes(full: Store, wanted: Search) -> None:
    found = visits(full, lambda: search(full, wanted), ("read_positions",))
    for visit in found:
        by_time = "read_positions_updated" in visit.how or visit.table == "last"
        all_of_platform = "PRIMARY KEY (platform=?)" in visit.how
        assert visit.searched or by_time or all_of_platform, visit
        assert visit.rows is None or visit.rows <= (RECENT + 1 if by_time else 2 * FEW + 100), visit


SMALL = st.integers(0, 3).map(str)
POSITIONS = st.dictionaries(st.tuples(st.sampled_from(BOTH), SMALL, SMALL), st.integers(1, 40), max_size=25)


@given(
    POSITIONS,
    st.sets(st.sampled_from(BOTH), min_size=1),
    st.none() | SMALL,
    st.none() | SMALL,
    st.none() | st.frozensets(st.tuples(st.sampled_from(BOTH), SMALL), max_size=3),
    st.integers(1, 6),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_it_finds_what_a_look_at_every_position_finds(
    store: Store,
    positions: dict[tuple[str, str, str], int],
    platforms: set[str],
    reader: str | None,
    peer: str | None,
    people: frozenset[tuple[str, str]] | None,
    limit: int,
) -> None:
    rows = [
        {"platform": key[0], "reader": key[1], "peer": key[2], "cursor": 1, "read_at": 1, "updated_at": at}
        for key, at in positions.items()
    ]

    def refill(connection: Connection) -> None:
        connection.execute(delete(t.read_positions))
        if rows:
            connection.execute(insert(t.read_positions), rows)

    store.write(refill)
    wanted = Search(tuple(sorted(platforms)), reader, peer, people, limit, few=3)
    fitting = [
        (at, *key)
        for key, at in positions.items()
        if key[0] in platforms
        and reader in (None, key[1])
        and peer in (None, key[2])
        and (people is None or (key[0], key[1]) in people or (key[0], key[2]) in people)
    ]
    found = search(store, wanted)
    assert found.complete
    times = [row.updated_at for row in found.positions]
    assert times == sorted((at for at, *_ in fitting), reverse=True)[:limit]
    assert {(row.updated_at, row.platform, row.reader, row.peer) for row in found.positions} <= set(fitting)


def test_people_are_found_by_a_part_of_name_or_handle_and_at_most_fifty(store: Store) -> None:
    people = [Person("icq", f"{n:03}", f"Ann {n}", "ann_x", "", BASE) for n in range(60)]
    people += [Person("icq", "z", "ÖZGÜR 100%", "oz", "", BASE), Person("msn", "1", "Ann", "", "", BASE)]
    store.record(Inbound("icq", people=people))

    def find(text: str, *platforms: str) -> list[tuple[str, str]]:
        return store.read(lambda connection: find_people(connection, platforms or BOTH, text))

    assert find("ann") == [("icq", f"{n:03}") for n in range(50)]
    assert find("NN", "msn") == [("msn", "1")]
    assert find("@ANN_", "icq") == find("ann", "icq")
    for spelling in ("özgür", "Özgür", "ÖZGÜR", "0%", "@oz"):
        assert find(spelling) == [("icq", "z")], spelling
    for none in ("%nn", "_nn", "z%", "\\", "'", "@ann 1"):
        assert find(none) == [], none


def test_names_are_those_of_people_and_of_our_accounts(store: Store) -> None:
    store.record(Inbound("icq", people=[Person("icq", "1", "Ann", "", "", BASE)]))
    asked = [("icq", "1"), ("icq", "2"), ("icq", "1")]
    assert store.read(lambda connection: names_of(connection, asked)) == {("icq", "1"): "Ann"}
    assert store.read(lambda connection: names_of(connection, [])) == {}
