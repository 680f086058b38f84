"""Keeps the cells: makes those anew in which something may have happened, outside of ingest's transactions.

1. Up to a mark, which stays a little behind the present, all cells are made. From there on everything is made
   anew each time, for what is under way may be about a moment that has passed.
2. Whatever comes later than that leaves its minutes behind, in the same transaction, to be made anew too.
3. What is read here is written in a second, short transaction; whoever has lost the lease writes nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select

from webhook_app.domain.timing import SentAt
from webhook_app.storage import sql
from webhook_app.storage import tables as t
from webhook_app.storage.cells import COLUMNS, MINUTE, Cell, add_up, cell_row, read_cell
from webhook_app.storage.counts import TOTAL
from webhook_app.storage.database import Database
from webhook_app.storage.making import Span, make_cells

#: The minutes before the present that are made anew each time. Between that and `counts.LATE` lies the time
#: that transactions may take, and clocks may differ by.
AGAIN = 3  # minutes
#: What comes late and is about the oldest so many minutes of the history is not counted any more: an hour is
#: made anew as a whole, and a part of it may be gone.
EDGE = 120  # minutes
#: Rows of the history read in one go, roughly.
PIECE = 100_000
#: Late minutes made anew in one go.
MOST_LATE = 30
#: Rows deleted by one statement; SQLite's oldest limit is 999 parameters.
AT_ONCE = 500
#: For how long cells of a minute are kept; those of an hour are kept as counts are.
MINUTE_DAYS = 7
DAY = 1440  # minutes
HOUR = 60  # minutes
#: The row of the leases that holds the mark.
MARK = "cells"
c, h, late = t.cells.c, t.history.c, t.stale_minutes.c


class Made(NamedTuple):
    """Cells that are to be written, and what is known then."""

    #: Those of a minute, and those of an hour.
    cells: dict[int, list[Cell]]
    #: What they replace.
    spans: dict[int, list[Span]]
    #: Rows of late minutes that this settles.
    settled: list[int]
    #: Up to which minute all cells are made.
    mark: int
    #: Whether that is the present one, and nothing else is left to be made.
    present: bool


class Figures:
    """The verbs, each one transaction. `now` in milliseconds since 1970."""

    def __init__(self, database: Database) -> None:
        self._database = database
        #: How the platforms' cursors tell times; replaced when the platforms are known.
        self.sent: Mapping[str, SentAt] = {}

    def make(self, now: int, days: int) -> Made:
        """Make cells anew up to the present, or as far as one piece goes.

        What is about minutes of which the history, kept for so many days, is nearly gone changes nothing.
        """
        return self._database.read(lambda connection: self._make(connection, now // MINUTE, days * DAY))

    def keep(self, made: Made, take_lease: Callable[[Connection], bool]) -> bool:
        """Write the cells, unless another process has the lease now; returns whether they are written."""
        return self._database.write(lambda c: take_lease(c) and self._keep(c, made))

    def _make(self, connection: Connection, now: int, kept: int) -> Made:
        done = _mark(connection)
        done = max(_first(connection, now), now - kept) if done is None else min(done, now)
        first, settled_before = max(1, done), now + 1 - AGAIN
        behind = first < settled_before - AGAIN
        upto = max(first + 1, _piece_ends(connection, first)) if behind else now + 1
        rows = connection.execute(select(late.id, late.minute).order_by(late.id).limit(PIECE)).all()
        oldest = now - kept + EDGE
        wanted = sorted({row.minute for row in rows if oldest < row.minute < first})[:MOST_LATE]
        left = len({row.minute for row in rows if oldest < row.minute < first}) > len(wanted)
        settled = [row.id for row in rows if row.minute in wanted or not oldest < row.minute < first]
        spans = merged([Span(first, upto), *(_around(minute, done) for minute in wanted)])
        minutes = make_cells(connection, spans, self.sent)
        hours = merged(Span(one.first // HOUR * HOUR, -(-one.beyond // HOUR) * HOUR) for one in spans)
        cells = {1: minutes, HOUR: _by_hour([*minutes, *_others(connection, hours, spans)])}
        return Made(
            cells, {1: spans, HOUR: hours}, settled, min(upto, settled_before), upto > now and not left
        )

    def _keep(self, connection: Connection, made: Made) -> bool:
        for minutes, spans in made.spans.items():
            for span in spans:
                between = (c.start >= span.first * MINUTE, c.start < span.beyond * MINUTE)
                connection.execute(delete(t.cells).where(c.minutes == minutes, *between))
        rows = [cell_row(cell, minutes) for minutes, cells in made.cells.items() for cell in cells]
        if rows:
            connection.execute(insert(t.cells), rows)
        for start in range(0, len(made.settled), AT_ONCE):
            settled = made.settled[start : start + AT_ONCE]
            connection.execute(delete(t.stale_minutes).where(late.id.in_(settled)))
        mark = sql.insert(self._database.dialect, t.leases)
        mark = mark.values(name=MARK, holder="", until=made.mark * MINUTE)
        until = {"until": mark.excluded.until}
        connection.execute(mark.on_conflict_do_update(index_elements=["name"], set_=until))
        return True


def drop_cells(connection: Connection, days: int) -> None:
    """Delete the cells of minutes after a week, and those of hours after so many days."""
    mark = _mark(connection)
    if mark is not None:
        for minutes, kept in ((1, MINUTE_DAYS), (HOUR, days)):
            before = (mark - kept * DAY) // HOUR * HOUR * MINUTE
            connection.execute(delete(t.cells).where(c.minutes == minutes, c.start < before))


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same minutes in as few spans as can be, in order."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.first <= found[-1].beyond:
            found[-1] = Span(found[-1].first, max(found[-1].beyond, span.beyond))
        else:
            found.append(span)
    return found


def _mark(connection: Connection) -> int | None:
    """Up to which minute all cells are made; None before the first."""
    mark = connection.scalar(select(t.leases.c.until).where(t.leases.c.name == MARK))
    return None if mark is None else mark // MINUTE


def _first(connection: Connection, now: int) -> int:
    """The first minute of which there is anything."""
    read = connection.scalar(select(func.min(h.read_at)))
    counted = connection.scalar(select(func.min(t.counts.c.minute)).where(t.counts.c.minute > TOTAL))
    return min(now, now if read is None else read // MINUTE, now if counted is None else counted)


def _piece_ends(connection: Connection, first: int) -> int:
    """Before which minute to stop, for one go."""
    query = select(h.read_at).where(h.read_at >= first * MINUTE).order_by(h.read_at)
    last = connection.scalar(query.offset(PIECE).limit(1))
    return first + DAY if last is None else min(first + DAY, last // MINUTE)


def _around(minute: int, mark: int) -> Span:
    """What to make anew for a late minute: all of its hour, if the cells of its other minutes may be gone."""
    if minute < mark - (MINUTE_DAYS - 1) * DAY:
        return Span(minute // HOUR * HOUR, minute // HOUR * HOUR + HOUR)
    return Span(minute, minute + 1)


def _others(connection: Connection, hours: Iterable[Span], spans: Sequence[Span]) -> list[Cell]:
    """The cells of the hours' minutes that are not made anew."""
    found = []
    for hour in hours:
        between = (c.start >= hour.first * MINUTE, c.start < hour.beyond * MINUTE)
        found += list(map(read_cell, connection.execute(select(*COLUMNS).where(c.minutes == 1, *between))))
    return [
        cell for cell in found
        if not any(span.first <= cell.start // MINUTE < span.beyond for span in spans)
    ]  # fmt: skip


def _by_hour(cells: Iterable[Cell]) -> list[Cell]:
    hours: dict[tuple[int, str, str], list[Cell]] = {}
    for cell in cells:
        hour = cell.start // (HOUR * MINUTE) * HOUR * MINUTE
        hours.setdefault((hour, cell.platform, cell.account), []).append(cell)
    return [add_up(many, *place) for place, many in sorted(hours.items())]
