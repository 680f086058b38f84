"""The history of a platform: pages that together are the whole, found by index, and counted within bounds."""

from functools import partial
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from tests.storage.law import BASE
from webhook_app.domain.position import Mark
from webhook_app.storage import Store
from webhook_app.storage import tables as t
from webhook_app.storage.history import READERS, Place, count_rows, history_page

_platforms = count()
#: Short ids whose order as text and as numbers differ.
ids = st.sampled_from(["1", "10", "2", "B", "é"])
rows = st.lists(st.tuples(ids, ids, st.integers(0, 4)), unique=True, max_size=20)


def keep(store: Store, rows: list[tuple[str, str, int]]) -> str:
    """History on a platform of its own, with the positions that go with it; returns the platform's name."""
    platform = f"h{next(_platforms)}"
    past = [
        {"platform": platform, "reader": reader, "peer": peer, "cursor": cursor, "read_at": BASE}
        for reader, peer, cursor in rows
    ]
    positions = {(row["reader"], row["peer"]): {**row, "updated_at": BASE} for row in past}
    if past:
        store.write(lambda c: c.execute(insert(t.history), past))
        store.write(lambda c: c.execute(insert(t.read_positions), list(positions.values())))
    return platform


def walk(store: Store, platform: str, reader: str | None, peer: str | None, limit: int) -> list[Mark]:
    """All pages, one after the other."""
    found: list[Mark] = []
    after: Place | None = ("", "", -1)
    of = partial(history_page, platform=platform, reader=reader, peer=peer, limit=limit)
    while after is not None:
        page, after = store.read(partial(of, after=after))
        assert len(page) <= limit
        found += page
    return found


@settings(deadline=None, max_examples=40)
@given(rows, st.none() | ids, st.none() | ids, st.integers(1, 5))
def test_pages_are_together_the_whole(
    shared: Store, rows: list[tuple[str, str, int]], reader: str | None, peer: str | None, limit: int
) -> None:
    platform = keep(shared, rows)
    expected = sorted(row for row in rows if reader in (None, row[0]) and peer in (None, row[1]))
    assert [mark[1:4] for mark in walk(shared, platform, reader, peer, limit)] == expected


def test_a_peer_with_more_readers_than_one_look_takes_is_whole(shared: Store) -> None:
    many = READERS * 2 + 1
    platform = keep(shared, [(f"{number:05}", "peer", 1) for number in range(many)])
    # Retention has left the positions of some, and of all that one look finds.
    gone = t.history.c.platform == platform, t.history.c.reader < f"{READERS + 10:05}"
    shared.write(lambda c: c.execute(t.history.delete().where(*gone)))
    found = walk(shared, platform, None, "peer", 100)
    assert [mark.reader for mark in found] == [f"{number:05}" for number in range(READERS + 10, many)]


@pytest.mark.parametrize(
    ("reader", "peer", "counted"), [(None, None, 4), ("1", None, 2), ("1", "2", 2), (None, "2", None)]
)
def test_it_is_counted_where_that_is_quick(
    shared: Store, reader: str | None, peer: str | None, counted: int | None
) -> None:
    platform = keep(shared, [("1", "2", 1), ("1", "2", 3), ("2", "1", 1), ("2", "2", 1)])
    many = partial(count_rows, table=t.history, platform=platform, reader=reader, peer=peer)
    assert shared.read(many) == counted


@pytest.mark.parametrize(("peer", "counted"), [(None, 3), ("2", 2), ("9", 0)])
def test_positions_are_counted_by_peer_too(shared: Store, peer: str | None, counted: int) -> None:
    platform = keep(shared, [("1", "2", 1), ("1", "2", 3), ("2", "1", 1), ("2", "2", 1)])
    many = partial(count_rows, table=t.read_positions, platform=platform, reader=None, peer=peer)
    assert shared.read(many) == counted


def test_more_than_some_are_not_counted_to_the_end(shared: Store) -> None:
    platform = keep(shared, [("1", "2", 1), ("1", "2", 3), ("2", "1", 1)])
    for most, counted in ((2, None), (3, 3)):
        few = partial(count_rows, table=t.history, platform=platform, reader=None, peer=None, most=most)
        assert shared.read(few) == counted
