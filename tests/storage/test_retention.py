"""Retention, leases and counts: what goes, what stays, and who may sweep."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import NOW
from tests.storage.locks import execute
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.position import Mark
from webhook_app.errors import DatabaseUnavailable
from webhook_app.storage import Store
from webhook_app.storage.counts import TOTAL, drop_counts, last_minute, totals
from webhook_app.storage.retention import DAY, PIECE

KEY = ("twitter", "1", "2")


def marked(*cursors_and_days: tuple[int, int], reader: str = "1") -> Inbound:
    """Marks that many days ago."""
    marks = [Mark("twitter", reader, "2", cursor, NOW - days * DAY) for cursor, days in cursors_and_days]
    return Inbound("twitter", marks=marks)


def sweep(store: Store, days: int = 90) -> int:
    """Retention to its end; returns the number of pieces that history was walked in."""
    store.retain(NOW)
    place, pieces = store.walk_history(NOW, days, None), 1
    while place is not None:
        place, pieces = store.walk_history(NOW, days, place), pieces + 1
    return pieces


def test_old_history_goes(store: Store) -> None:
    store.record(marked((1, 100), (2, 91), (3, 90), (4, 1)))
    sweep(store)
    assert [cursor for cursor, _ in store.position(KEY)[1]] == [3, 4]


def test_the_mark_a_position_stands_on_stays(store: Store) -> None:
    store.record(marked((1, 300), (2, 200)))
    before = store.position(KEY)[0]
    sweep(store)
    assert store.position(KEY) == (before, [(2, NOW - 200 * DAY)])


def test_days_are_a_setting(store: Store) -> None:
    store.record(marked((1, 3), (2, 2), (3, 1)))
    sweep(store, days=1)
    assert [cursor for cursor, _ in store.position(KEY)[1]] == [3]


def test_it_walks_in_pieces(store: Store) -> None:
    store.record(marked(*[(n, 100) for n in range(PIECE * 2 + 10)]))
    store.record(marked((1, 100), (2, 100), reader="9"))
    assert sweep(store) == 3
    assert len(store.position(KEY)[1]) == 1
    assert len(store.position(("twitter", "9", "2"))[1]) == 1


def test_it_ends_where_the_last_piece_is_exactly_full(store: Store) -> None:
    store.record(marked(*[(n, 1) for n in range(PIECE)]))
    assert sweep(store) == 2
    assert len(store.position(KEY)[1]) == PIECE


def test_an_empty_database_is_swept_at_once(store: Store) -> None:
    assert sweep(store) == 1


def test_a_lease_has_one_holder(store: Store) -> None:
    with ThreadPoolExecutor(4) as threads:
        holders = [f"process {n}" for n in range(4)]
        taken = list(threads.map(lambda holder: store.take_lease("sweep", holder, 60_000), holders))
    assert sum(taken) == 1
    holder = holders[taken.index(True)]
    assert store.take_lease("sweep", holder, 60_000)
    assert not store.take_lease("sweep", "another", 60_000)
    assert store.take_lease("another lease", "another", 60_000)


def test_a_lease_runs_out(store: Store, database: str) -> None:
    assert store.take_lease("sweep", "one", 60_000)
    execute(database, "UPDATE leases SET until = until - 60001")
    assert store.take_lease("sweep", "other", 60_000)


def test_a_lease_that_ends_later_than_any_was_written_by_a_wrong_clock(store: Store, database: str) -> None:
    assert store.take_lease("sweep", "one", 60_000)
    execute(database, "UPDATE leases SET until = until + 500000")
    assert not store.take_lease("sweep", "other", 60_000)
    execute(database, "UPDATE leases SET until = until + 3600000")
    assert store.take_lease("sweep", "other", 60_000)
    assert not store.take_lease("sweep", "one", 60_000)


MINUTE = NOW // 60_000


def count(store: Store, name: str, n: int = 1, *, now: int = NOW) -> None:
    """Count and write it down."""
    store.counts.add(name, now, n)
    store.flush_counts(now)


def test_counts_add_up_over_minutes_and_processes(store: Store) -> None:
    count(store, "a", 2)
    count(store, "a", 3, now=NOW + 60_000)
    count(store, "b")
    assert store.read(totals) == {"a": 5, "b": 1}
    assert store.read(lambda c: last_minute(c, "a")) == MINUTE + 1
    assert store.read(lambda c: last_minute(c, "never")) is None


def test_totals_survive_their_minutes(store: Store) -> None:
    count(store, "a", 2, now=NOW - 100 * DAY)
    count(store, "a", 3)
    sweep(store)
    assert store.read(totals) == {"a": 5}
    store.write(lambda c: drop_counts(c, MINUTE + 1))
    assert store.read(totals) == {"a": 5}
    assert store.read(lambda c: last_minute(c, "a")) is None


def test_the_total_is_no_minute() -> None:
    assert TOTAL == 0


def test_many_processes_count_at_once(store: Store) -> None:
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda n: count(store, "ab"[n % 2]), range(20)))
    store.flush_counts(NOW)
    assert store.read(totals) == {"a": 10, "b": 10}


def test_what_could_not_be_written_is_not_lost(store: Store, database: str) -> None:
    execute(database, "ALTER TABLE counts RENAME TO hidden")
    with pytest.raises(DatabaseUnavailable):
        count(store, "a")
    execute(database, "ALTER TABLE hidden RENAME TO counts")
    count(store, "a")
    assert store.read(totals) == {"a": 2}
