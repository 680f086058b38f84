"""Lists of positions: pages that together are the whole, and who has read a message."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from tests.storage.law import BASE, fresh
from webhook_app.domain.inbound import Inbound, Person
from webhook_app.domain.position import Mark, ReadPosition
from webhook_app.storage import Store
from webhook_app.storage import tables as t
from webhook_app.storage.positions import Filter, latest_positions, list_positions, readers_of

some = settings(deadline=None, max_examples=40)
_platforms = count(10)

#: (platform, reader, peer, cursor, updated_at); short ids whose order as text and as numbers differ.
ids = st.sampled_from(["1", "10", "2", "a", "B", "é", "~"])
rows = st.lists(
    st.tuples(st.integers(0, 1), ids, ids, st.integers(0, 9), st.integers(0, 3)),
    unique_by=lambda row: row[:3],
    max_size=15,
)
Row = tuple[int, str, str, int, int]


def store_rows(store: Store, rows: list[Row]) -> tuple[str, str]:
    """Positions on two platforms of their own; returns the platforms' names."""
    names = (f"p{next(_platforms)}", f"q{next(_platforms)}")
    values = [
        {
            "platform": names[which], "reader": reader, "peer": peer,
            "cursor": cursor, "read_at": BASE, "updated_at": BASE + at,
        }
        for which, reader, peer, cursor, at in rows
    ]  # fmt: skip
    if values:
        store.write(lambda c: c.execute(insert(t.read_positions), values))
    return names


def by_key(position: ReadPosition) -> tuple[str | int, ...]:
    """The sort key of lists by key."""
    return position[:3]


def by_time(position: ReadPosition) -> tuple[str | int, ...]:
    """The sort key of lists of changes."""
    return (position.updated_at, *position[:3])


def walk(
    store: Store, limit: int, sort_key: Callable[[ReadPosition], tuple[str | int, ...]], wanted: Filter
) -> list[ReadPosition]:
    """All pages, one after the other."""
    found: list[ReadPosition] = []
    after: tuple[str | int, ...] = ()
    while True:
        page = store.read(partial(list_positions, wanted=replace(wanted, after=after, limit=limit)))
        assert len(page) <= limit
        found += page
        if len(page) < limit:
            return found
        after = sort_key(page[-1])


@some
@given(rows, st.integers(1, 6), st.none() | ids, st.none() | ids, st.none() | st.integers(0, 9))
def test_pages_by_key_are_together_the_whole(
    shared: Store, rows: list[Row], limit: int, reader: str | None, peer: str | None, before: int | None
) -> None:
    platforms = store_rows(shared, rows)
    expected = sorted(
        (platforms[row[0]], *row[1:3])
        for row in rows
        if reader in (None, row[1]) and peer in (None, row[2]) and (before is None or row[3] < before)
    )
    found = walk(shared, limit, by_key, Filter(platforms=platforms, reader=reader, peer=peer, before=before))
    assert [position[:3] for position in found] == expected


@some
@given(rows, st.integers(1, 6), st.none() | ids, st.integers(0, 4))
def test_pages_by_time_are_together_the_whole(
    shared: Store, rows: list[Row], limit: int, peer: str | None, since: int
) -> None:
    platforms = store_rows(shared, rows)
    expected = sorted(
        (BASE + row[4], platforms[row[0]], *row[1:3])
        for row in rows
        if peer in (None, row[2]) and row[4] >= since
    )
    found = walk(shared, limit, by_time, Filter(platforms=platforms, peer=peer, updated_since=BASE + since))
    assert [by_time(position) for position in found] == expected


def test_a_page_may_end_where_a_platform_ends(shared: Store) -> None:
    platforms = store_rows(shared, [(0, "1", "1", 0, 0), (0, "2", "1", 0, 0), (1, "1", "1", 0, 0)])
    for limit in (1, 2, 3):
        assert len(walk(shared, limit, by_key, Filter(platforms=platforms))) == 3


def test_only_the_wanted_platforms_are_listed(shared: Store) -> None:
    platforms = store_rows(shared, [(0, "1", "1", 0, 0), (1, "1", "1", 0, 0)])
    assert [row.platform for row in walk(shared, 9, by_key, Filter(platforms=platforms[:1]))] == [
        platforms[0]
    ]
    assert walk(shared, 9, by_key, Filter(platforms=())) == []
    assert walk(shared, 9, by_time, Filter(platforms=(), updated_since=0)) == []


def test_positions_carry_the_names_of_both_sides(shared: Store) -> None:
    reader, peer = fresh(), fresh()
    inbound = Inbound("twitter", marks=[Mark("twitter", reader, peer, 5, BASE)])
    shared.record(inbound)
    assert shared.position(inbound.marks[0].key)[0][-2:] == ("", "")
    inbound.people = [
        Person("twitter", reader, "Ann", "", "", BASE),
        Person("twitter", peer, "Bot", "", "", BASE),
        # A namesake elsewhere.
        Person("slack", reader, "Wrong", "", "", BASE),
    ]
    shared.record(inbound)
    assert shared.position(inbound.marks[0].key)[0][-2:] == ("Ann", "Bot")


def test_the_latest_changes_come_first(shared: Store) -> None:
    for cursor in range(3):
        shared.record(Inbound("twitter", marks=[Mark("twitter", fresh(), "latest", cursor, BASE)]))
    found = shared.read(lambda c: latest_positions(c, 2))
    assert len(found) == 2
    assert found[0].updated_at >= found[1].updated_at


marks = st.lists(
    st.tuples(st.sampled_from(["1", "10", "2"]), st.integers(0, 5), st.integers(0, 9)), max_size=8
)


@some
@given(marks, st.integers(0, 6), st.none() | st.sampled_from(["1", "2", "3"]), st.integers(1, 3))
def test_it_tells_who_has_read_a_message_when_first_and_who_has_not(
    shared: Store, marks: list[tuple[str, int, int]], message: int, reader: str | None, limit: int
) -> None:
    peer = fresh()
    for who, cursor, at in marks:
        shared.record(Inbound("twitter", marks=[Mark("twitter", who, peer, cursor, BASE + at)]))
    expected = []
    for who in sorted({mark[0] for mark in marks if reader in (None, mark[0])}):
        times = [BASE + at for name, cursor, at in marks if name == who and cursor >= message]
        furthest = max(cursor for name, cursor, _ in marks if name == who)
        expected.append((who, furthest, min(times, default=None)))
    found: list[tuple[str, int, int | None]] = []
    while True:
        after = found[-1][0] if found else ""
        asked = partial(readers_of, platform="twitter", peer=peer, message=message, reader=reader)
        page = shared.read(partial(asked, after=after, limit=limit))
        found += page
        if len(page) < limit:
            break
    assert found == expected


@pytest.mark.parametrize("message", [5, 6])
def test_a_position_without_history_still_tells(shared: Store, message: int) -> None:
    peer = fresh()
    shared.record(Inbound("twitter", marks=[Mark("twitter", "1", peer, 5, BASE)]))
    shared.write(lambda c: c.execute(t.history.delete().where(t.history.c.peer == peer)))
    found = shared.read(lambda c: readers_of(c, "twitter", peer, message, None, "", 9))
    assert found == [("1", 5, BASE if message == 5 else None)]
