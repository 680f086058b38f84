"""Housekeeping, step by step, on a clock of the test's own."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import Table

from tests.conftest import NOW, Clock
from webhook_app.domain.inbound import Inbound, Message
from webhook_app.domain.position import Mark
from webhook_app.errors import DatabaseUnavailable
from webhook_app.housekeeping import FLUSH_EVERY, FOLLOW_EVERY, WALK_EVERY, Housekeeping, keep_house
from webhook_app.services import Services
from webhook_app.settings import Settings
from webhook_app.storage import tables as t
from webhook_app.storage.cells import CellFilter, list_cells
from webhook_app.storage.counts import totals

DAY = 86_400_000


@pytest.fixture
def services(settings: Settings, clock: Clock) -> Iterator[Services]:
    """The services of a process."""
    services = Services(settings, clock=clock)
    yield services
    services.close()


def to_the_end(house: Housekeeping) -> None:
    """Step until there is nothing more to do at once."""
    while house.step():
        pass


def rows(services: Services, table: Table) -> int:
    """How many rows a table has."""
    return len(services.store.read(lambda c: c.execute(table.select()).all()))


def test_it_drops_what_is_old_or_read(services: Services, clock: Clock) -> None:
    marks = [Mark("twitter", "1", "2", 10, NOW - 100 * DAY), Mark("twitter", "1", "2", 20, NOW)]
    messages = [Message("twitter", "1", "2", 15, NOW), Message("twitter", "1", "2", 25, NOW)]
    services.store.record(Inbound("twitter", messages=messages))
    services.store.record(Inbound("twitter", marks=marks))
    to_the_end(Housekeeping(services))
    assert rows(services, t.history) == 1
    assert rows(services, t.unread_messages) == 1


def test_it_walks_again_after_some_hours(services: Services, clock: Clock) -> None:
    house = Housekeeping(services)
    to_the_end(house)
    old = [Mark("twitter", "1", "2", cursor, NOW - 100 * DAY) for cursor in (1, 2)]
    services.store.record(Inbound("twitter", marks=old))
    clock.advance(120)
    to_the_end(house)
    assert rows(services, t.history) == 2
    clock.advance(WALK_EVERY / 1000)
    to_the_end(house)
    assert rows(services, t.history) == 1


def test_only_the_holder_of_the_lease_does_it(services: Services) -> None:
    assert services.store.take_lease("retention", "somebody else", 60_000)
    services.store.record(Inbound("twitter", marks=[Mark("twitter", "1", "2", c, 0) for c in (1, 2)]))
    to_the_end(Housekeeping(services))
    assert rows(services, t.history) == 2


def read_ten_seconds_ago(services: Services) -> None:
    """A message that was read then, by the database's clock."""
    services.store.record(Inbound("twitter", messages=[Message("twitter", "1", "2", 15, NOW)]))
    services.store.record(Inbound("twitter", marks=[Mark("twitter", "1", "2", 20, NOW)]))
    past = t.read_positions.update().values(updated_at=t.read_positions.c.updated_at - 10_000)
    services.store.write(lambda connection: connection.execute(past))


def test_what_has_been_read_goes_long_before_the_next_walk(services: Services, clock: Clock) -> None:
    house = Housekeeping(services)
    to_the_end(house)
    read_ten_seconds_ago(services)
    deadline = time.monotonic() + 60
    while rows(services, t.unread_messages) and time.monotonic() < deadline:
        clock.advance(FOLLOW_EVERY / 1000)
        house.step()
    assert rows(services, t.unread_messages) == 0
    assert clock() < NOW + WALK_EVERY


def test_only_the_holder_of_the_lease_follows_the_positions(services: Services, clock: Clock) -> None:
    assert services.store.take_lease("retention", "somebody else", 600_000)
    house = Housekeeping(services)
    read_ten_seconds_ago(services)
    for _ in range(20):
        clock.advance(FOLLOW_EVERY / 1000)
        house.step()
    assert rows(services, t.unread_messages) == 1


def test_a_clock_that_is_put_back_stops_nothing(services: Services, clock: Clock) -> None:
    house = Housekeeping(services)
    to_the_end(house)
    clock.advance(-3600)
    mark = Mark("twitter", "1", "2", 10, clock())
    services.store.record(Inbound("twitter", marks=[mark]))
    to_the_end(house)
    (cell, *_) = services.store.read(lambda c: list_cells(c, CellFilter(1, 0, clock() + DAY)))
    assert (cell.start // 60_000, cell.reads) == (clock() // 60_000, 1)


def test_what_comes_late_is_counted_however_short_the_history_is_kept(
    settings: Settings, clock: Clock
) -> None:
    with closing(Services(replace(settings, history_days=1), clock=clock)) as services:
        house = Housekeeping(services)
        to_the_end(house)
        late = Mark("twitter", "1", "2", 10, clock() - 20 * 3_600_000)
        services.store.record(Inbound("twitter", marks=[late]))
        clock.advance(3600)
        to_the_end(house)
        (cell, *_) = services.store.read(lambda c: list_cells(c, CellFilter(60, 0, clock() + DAY)))
    assert (cell.start // 3_600_000, cell.reads) == (late.read_at // 3_600_000, 1)


def test_the_lease_is_left_to_others_at_the_end(services: Services) -> None:
    steps = iter([False, True])
    keep_house(lambda: services, lambda _: next(steps))
    assert services.store.take_lease("retention", "somebody else", 1000)


def test_every_step_writes_the_counts(services: Services) -> None:
    house = Housekeeping(services)
    to_the_end(house)
    services.counts.add("deliveries|twitter", NOW, 3)
    house.step()
    assert services.store.read(totals)["deliveries|twitter"] == 3


def test_a_database_that_fails_is_asked_again() -> None:
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) > 3

    def services() -> Services:
        raise DatabaseUnavailable

    keep_house(services, wait)
    assert waits == [FLUSH_EVERY] * 4
