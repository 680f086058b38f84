"""Figures: exact, whatever comes late, twice or earlier than before; by one process; quick."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.conftest import Clock
from tests.storage.conftest import KEYS
from tests.storage.law import fresh
from webhook_app.domain.counts import CALLS_OF, DELIVERIES_OF, MARKS_OF
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.position import Mark
from webhook_app.domain.timing import SentAt, bucket
from webhook_app.storage import Store
from webhook_app.storage import tables as t
from webhook_app.storage.cells import Cell, CellFilter, list_cells, sum_cells
from webhook_app.storage.figures import MINUTE_DAYS

PLATFORM = "post"
SENT_AT = SentAt(unit=4, epoch=1_000, first=8)
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1_795_219_200_000
#: Each example begins a day after the one before: what is made is made for good.
_days = count(1)


@dataclass
class Office:
    """A store on a clock of its own."""

    store: Store
    clock: Clock
    days: int = 90
    counted: Counter[tuple[str, int]] = field(default_factory=Counter)
    forgotten: set[str] = field(default_factory=set)

    @property
    def now(self) -> int:
        """Milliseconds since 1970."""
        return self.clock.now

    @now.setter
    def now(self, now: int) -> None:
        self.clock.now = now

    def mark(self, reader: str, peer: str, cursor: int, ago: int) -> None:
        """Somebody has read, so many milliseconds ago."""
        mark = Mark(PLATFORM, reader, peer, cursor, self.now - ago)
        self.store.record(Inbound(PLATFORM, marks=[mark]))

    def count(self, kind: str, account: str, ago: int = 0) -> None:
        """Something is counted, and written now."""
        name = f"{kind}|{PLATFORM}|{account}"
        self.store.counts.add(name, self.now - ago)
        if account not in self.forgotten:
            self.counted[name, (self.now - ago) // MINUTE] += 1
        self.store.flush_counts(self.now)

    def forget(self, person: str) -> None:
        """Somebody is forgotten, and not counted any more."""
        self.store.forget(PLATFORM, person, self.now, "tests")
        self.forgotten.add(person)
        self.counted = Counter(
            {key: n for key, n in self.counted.items() if not key[0].endswith(f"|{person}")}
        )

    def make(self) -> None:
        """Make what there is to make."""
        while self.store.make_figures(self.now, self.days, "holder", HOUR):
            pass

    def cells(self, minutes: int, account: str | None = None) -> list[Cell]:
        """What there is."""
        wanted = CellFilter(minutes, 0, self.now + DAY, account=account, limit=10**6)
        return self.store.read(lambda c: list_cells(c, wanted))


@pytest.fixture(scope="module")
def office(shared_database: str) -> Iterator[Office]:
    """One for all examples."""
    clock = Clock(START)
    store = Store(shared_database, KEYS, clock=clock)
    store.configure({}, {PLATFORM: SENT_AT})
    yield Office(store, clock)
    store.close()


def plain(office: Office, account: str, minutes: int) -> list[Cell]:
    """The same, slowly: from all there is of an account."""
    width, cells = minutes * MINUTE, dict[int, Cell]()
    h = t.history.c
    rows = office.store.read(lambda c: c.execute(select(t.history).where(h.peer == account)).all())
    for row in rows:
        start = row.read_at // width * width
        cell = cells.get(start, Cell(start, PLATFORM, account, 0, 0, 0, 0, {}))
        sent = SENT_AT.moment(row.cursor)
        times = Counter(cell.times)
        if sent is not None and row.read_at >= sent:
            times[bucket(row.read_at - sent)] += 1
        cells[start] = cell._replace(reads=cell.reads + 1, times=dict(times))
    columns = {DELIVERIES_OF: "deliveries", MARKS_OF: "marks", CALLS_OF: "calls"}
    for (name, minute), n in office.counted.items():
        kind, _, who = name.split("|")
        if who == account:
            start = minute * MINUTE // width * width
            cell = cells.get(start, Cell(start, PLATFORM, account, 0, 0, 0, 0, {}))
            column = columns[kind]
            cells[start] = cell._replace(**{column: getattr(cell, column) + n})
    return [cells[start] for start in sorted(cells)]


#: How long ago something happened that is told now: mostly a moment, at times hours, days or a week.
agos = st.one_of(
    st.integers(0, 50_000), st.integers(0, 10 * MINUTE), st.integers(0, 5 * HOUR), st.integers(0, 20 * DAY)
)
cursors = st.one_of(st.integers(0, 12), st.integers(4 * (START - 30 * DAY), 4 * START))
steps = st.one_of(
    st.tuples(st.just("read"), st.integers(0, 2), st.integers(0, 1), cursors, agos),
    st.tuples(
        st.just("count"), st.sampled_from([DELIVERIES_OF, MARKS_OF, CALLS_OF]), st.integers(0, 1), agos
    ),
    st.tuples(st.just("pass"), st.integers(0, 90 * MINUTE)),
    st.tuples(st.just("make")),
    st.tuples(st.just("set"), st.integers(0, 1), cursors),
    st.tuples(st.just("forget"), st.booleans()),
)


@given(st.lists(steps, max_size=25))
@settings(max_examples=10, deadline=None)
def test_they_are_what_a_plain_query_counts(
    office: Office, story: list[tuple[str, int, int, int, int]]
) -> None:
    office.now = START + next(_days) * 30 * DAY
    accounts, readers = [fresh(), fresh()], [fresh() for _ in range(3)]
    for verb, *said in story:
        if verb == "read":
            office.mark(readers[said[0]], accounts[said[1]], said[2], said[3])
        elif verb == "count":
            office.count(str(said[0]), accounts[said[1]], said[2])
        elif verb == "pass":
            office.now += said[0]
        elif verb == "set":
            key = (PLATFORM, readers[0], accounts[said[0]])
            office.store.set_position(key, said[1], office.now, "tests")
        elif verb == "forget":
            office.forget(readers[1] if said[0] else accounts[0])
        else:
            office.make()
    office.make()
    for account in accounts:
        recent = office.now // MINUTE * MINUTE - (MINUTE_DAYS - 2) * DAY
        minutes = [cell for cell in office.cells(1, account) if cell.start >= recent]
        assert minutes == [cell for cell in plain(office, account, 1) if cell.start >= recent]
        assert office.cells(60, account) == plain(office, account, 60)


def test_our_own_reads_are_not_among_them(office: Office) -> None:
    office.now += 30 * DAY
    bot, customer = fresh(), fresh()
    office.count(DELIVERIES_OF, bot)
    office.mark(bot, customer, 4 * office.now, 0)
    office.mark(customer, bot, 4 * office.now, 0)
    office.make()
    assert [cell.reads for cell in office.cells(1, bot)] == [1]
    assert office.cells(1, customer) == []


def test_a_message_that_tells_no_time_is_counted_without(office: Office) -> None:
    office.now += 30 * DAY
    bot = fresh()
    office.mark(fresh(), bot, 7, 0)
    office.mark(fresh(), bot, 4 * office.now, 0)
    office.make()
    (cell,) = office.cells(1, bot)
    assert (cell.reads, sum(cell.times.values())) == (2, 0)


def test_an_account_that_is_forgotten_is_counted_under_no_name(office: Office) -> None:
    office.now += 30 * DAY
    bot = fresh()
    office.store.counts.add(f"{DELIVERIES_OF}|{PLATFORM}|{bot}", office.now)
    office.store.forget(PLATFORM, bot, office.now, "tests")
    office.store.flush_counts(office.now)
    office.make()
    assert office.cells(1, bot) == []
    assert (
        sum(cell.deliveries for cell in office.cells(1, "") if cell.start // MINUTE == office.now // MINUTE)
        == 1
    )


def test_all_accounts_together(office: Office) -> None:
    office.now += 30 * DAY
    for account in (fresh(), fresh()):
        office.mark(fresh(), account, 4 * (office.now - 2_000), 0)
        office.count(CALLS_OF, account)
    office.make()
    (cell,) = office.store.read(lambda c: sum_cells(c, 60, office.now - HOUR, office.now + 1))
    assert cell[1:7] == ("", "", 0, 2, 0, 2)
    assert sum(cell.times.values()) == 2


def test_who_has_lost_the_lease_writes_nothing(office: Office) -> None:
    office.now += 30 * DAY
    bot = fresh()
    office.mark(fresh(), bot, 100, 0)
    made = office.store.figures.make(office.now, 90)
    assert not office.store.figures.keep(made, lambda _: False)
    assert office.cells(1, bot) == []


def test_minutes_go_after_a_week_and_hours_with_the_counts(office: Office) -> None:
    office.now += 30 * DAY
    bot = fresh()
    for ago in (0, 8 * DAY, 80 * DAY):
        office.mark(fresh(), bot, 100, ago)
    office.make()
    office.store.retain(office.now)
    assert len(office.cells(1, bot)) == 1
    assert len(office.cells(60, bot)) == 3
    # What comes late into an hour whose minutes are gone does not undo it.
    office.mark(fresh(), bot, 100, 8 * DAY)
    office.make()
    assert [cell.reads for cell in office.cells(60, bot)] == [1, 2, 1]
    office.now += 15 * DAY
    office.make()
    office.store.retain(office.now)
    assert len(office.cells(60, bot)) == 2


def test_what_is_nearly_gone_from_the_history_stays_as_it_was_counted(office: Office) -> None:
    office.now += 30 * DAY
    bot = fresh()
    office.mark(fresh(), bot, 100, 0)
    office.make()
    office.now += 90 * DAY
    office.make()
    office.store.write(lambda c: c.execute(t.history.delete()))
    office.mark(fresh(), bot, 100, 90 * DAY)
    office.make()
    assert [cell.reads for cell in office.cells(60, bot)] == [1]
