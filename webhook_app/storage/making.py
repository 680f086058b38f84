"""How cells are made from the rows they are about: the history, and what was counted by the minute."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, Integer, Select, and_, case, cast, exists, func, literal, or_, select

from webhook_app.domain.counts import BY_ACCOUNT, DELIVERIES_OF
from webhook_app.domain.timing import FINENESS, SentAt
from webhook_app.storage import tables as t
from webhook_app.storage.cells import ALL, MINUTE, Cell, add_up
from webhook_app.storage.counts import TOTAL

h, c = t.history.c, t.counts.c
#: Times of 2**44 ms and more, five centuries, share the last octave.
OCTAVES = 40
#: (minute since 1970, platform, account).
Place = tuple[int, str, str]


class Span(NamedTuple):
    """Minutes since 1970, from one on and before another."""

    first: int
    beyond: int


def make_cells(connection: Connection, spans: Iterable[Span], sent: Mapping[str, SentAt]) -> list[Cell]:
    """The cells of these minutes: those of all accounts together, and of each."""
    made: dict[Place, _Making] = defaultdict(_Making)
    for span in spans:
        for minute, platform, account, bucket, n in connection.execute(_reads(span, sent)):
            making = made[minute, platform, account]
            making.reads += n
            if bucket is not None:
                making.times[bucket] = n
        for place, kind, n in _counted(connection, span):
            made[place].counted[kind] += n
    cells = [making.cell(place) for place, making in sorted(made.items())]
    return [*_together(cells), *cells]


def _together(cells: list[Cell]) -> list[Cell]:
    by_place = groupby(cells, key=lambda cell: (cell.start, cell.platform))
    return [add_up(many, start, platform, ALL) for (start, platform), many in by_place]


@dataclass(slots=True)
class _Making:
    """A cell in the making."""

    reads: int = 0
    times: dict[int, int] = field(default_factory=dict)
    #: By the names in `BY_ACCOUNT`.
    counted: Counter[str] = field(default_factory=Counter)

    def cell(self, place: Place) -> Cell:
        minute, platform, account = place
        deliveries, marks, calls = (self.counted[kind] for kind in BY_ACCOUNT)
        return Cell(minute * MINUTE, platform, account, deliveries, self.reads, marks, calls, self.times)


def _reads(span: Span, sent: Mapping[str, SentAt]) -> Select[Any]:
    """(minute, platform, account, bucket or None, how many) of the reads that are not our own accounts'."""
    minute = (h.read_at // MINUTE).label("minute")
    rows = select(minute, h.platform, h.peer, _elapsed(sent).label("elapsed"))
    rows = rows.where(h.read_at >= span.first * MINUTE, h.read_at < span.beyond * MINUTE, ~_ours())
    read = rows.subquery("read").c
    octave = _octave(read.elapsed, 0, OCTAVES)
    placed = select(
        read.minute, read.platform, read.peer, read.elapsed, cast(octave, Integer).label("octave")
    )
    p = placed.subquery("placed").c
    bucket = p.octave * (1 << FINENESS) + p.elapsed.bitwise_rshift(p.octave)
    timed = case((p.elapsed >= 0, bucket)).label("bucket")
    grouped = select(p.minute, p.platform, p.peer, timed, func.count())
    return grouped.group_by(p.minute, p.platform, p.peer, timed)


def _octave(elapsed: Any, lowest: int, highest: int) -> Any:
    """The octave of a time, by halving: for each row most of the time would go into asking one by one."""
    if lowest == highest:
        return literal(lowest)
    middle = (lowest + highest) // 2
    low, high = _octave(elapsed, lowest, middle), _octave(elapsed, middle + 1, highest)
    return case((elapsed < 2 << FINENESS + middle, low), else_=high)


def _elapsed(sent: Mapping[str, SentAt]) -> Any:
    """Milliseconds from sent to read; negative, or NULL, where the message tells no time."""
    known = [
        (and_(h.platform == name, h.cursor >= one.first), h.read_at - (h.cursor // one.unit + one.epoch))
        for name, one in sent.items()
    ]
    return case(*known) if known else literal(-1)


def _ours() -> Any:
    """Whether the reader is an account of ours: one that is marked for, or that deliveries are for."""
    a = t.accounts.c
    name = f"{DELIVERIES_OF}|" + h.platform + "|" + h.reader
    return or_(
        exists(select(a.id).where(a.platform == h.platform, a.id == h.reader)),
        exists(select(c.n).where(c.name == name, c.minute == TOTAL)),
    )


def _counted(connection: Connection, span: Span) -> list[tuple[Place, str, int]]:
    """(place, which of `BY_ACCOUNT`, how many)."""
    query = select(c.name, c.minute, c.n).where(c.minute >= max(1, span.first), c.minute < span.beyond)
    found = []
    for name, minute, n in connection.execute(query):
        kind, _, rest = name.partition("|")
        if kind in BY_ACCOUNT:
            platform, _, account = rest.partition("|")
            found.append(((minute, platform, account), kind, n))
    return found
