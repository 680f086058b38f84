"""Cells: what happened to an account in an interval, as dashboards ask for it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, select, tuple_

from webhook_app.domain.timing import together
from webhook_app.storage import tables as t

c = t.cells.c
COLUMNS = (c.start, c.platform, c.account, c.deliveries, c.reads, c.marks, c.calls, c.times)
MINUTE, DAY = 60_000, 86_400_000  # milliseconds
#: Cells of hours read at once to make days of them.
PAGE = 2000


#: Under this name all accounts of a platform are counted together; nobody has such an id.
ALL = "*"


class Cell(NamedTuple):
    """Figures of an account in an interval."""

    #: When the interval begins, in milliseconds since 1970.
    start: int
    platform: str
    #: Whose messages were read, to whom was delivered, for whom was marked; empty if unknown.
    account: str
    deliveries: int
    #: By others than our own accounts.
    reads: int
    #: Accepted to be passed on.
    marks: int
    #: To the platform.
    calls: int
    #: How many of the reads took how long, by bucket; those whose message tells no time are missing.
    times: dict[int, int]


@dataclass(frozen=True, slots=True)
class CellFilter:
    """Which cells, by (start, platform, account)."""

    #: How long the intervals are: 1 or 60.
    minutes: int
    #: From this moment on and before that one, in milliseconds since 1970.
    since: int
    until: int
    platform: str | None = None
    account: str | None = None
    #: The (start, platform, account) of the last cell of the page before.
    after: tuple[int | str, ...] = ()
    limit: int = 1000


def list_cells(connection: Connection, wanted: CellFilter) -> list[Cell]:
    """At most `limit` cells."""
    query = select(*COLUMNS).where(
        c.minutes == wanted.minutes, c.start >= wanted.since, c.start < wanted.until, c.account != ALL
    )
    if wanted.platform is not None:
        query = query.where(c.platform == wanted.platform)
    if wanted.account is not None:
        query = query.where(c.account == wanted.account)
    if wanted.after:
        query = query.where(tuple_(c.start, c.platform, c.account) > tuple_(*wanted.after))
    rows = connection.execute(query.order_by(c.start, c.platform, c.account).limit(wanted.limit))
    return [read_cell(row) for row in rows]


def list_days(connection: Connection, wanted: CellFilter) -> list[Cell]:
    """At most `limit` cells of whole days, UTC, from those of hours; `since` and `after` begin a day."""
    days: dict[tuple[int, str, str], list[Cell]] = {}
    hours = replace(wanted, since=max(wanted.since, int(wanted.after[0] if wanted.after else 0)), after=())
    while True:
        page = list_cells(connection, replace(hours, limit=PAGE))
        for cell in page:
            days.setdefault((cell.start // DAY * DAY, cell.platform, cell.account), []).append(cell)
        # Of the last day there may be more to come.
        places = [place for place in sorted(days) if not wanted.after or place > wanted.after]
        whole = [place for place in places if len(page) < PAGE or place[0] < page[-1].start // DAY * DAY]
        if len(page) < PAGE or len(whole) >= wanted.limit:
            return [add_up(days[place], *place) for place in whole[: wanted.limit]]
        hours = replace(hours, after=page[-1][:3])


def sum_cells(connection: Connection, minutes: int, since: int, until: int) -> list[Cell]:
    """All accounts together: one cell, without platform and account, for each interval that has any."""
    by_start: dict[int, list[Cell]] = {}
    for cell in cells_of_all(connection, minutes, since, until):
        by_start.setdefault(cell.start, []).append(cell)
    return [add_up(cells, start) for start, cells in sorted(by_start.items())]


def cells_of_all(connection: Connection, minutes: int, since: int, until: int) -> list[Cell]:
    """All accounts of a platform together: one cell for each interval and platform that has any."""
    between = (c.minutes == minutes, c.start >= since, c.start < until)
    query = select(*COLUMNS).where(*between, c.account == ALL).order_by(c.start, c.platform)
    return [read_cell(row) for row in connection.execute(query)]


def add_up(cells: Iterable[Cell], start: int, platform: str = "", account: str = "") -> Cell:
    """Several cells as one of a longer interval, or of several accounts."""
    many = list(cells)
    times = together([cell.times for cell in many])
    columns = zip(*(cell[3:7] for cell in many), strict=True)
    deliveries, reads, marks, calls = (sum(column) for column in columns)
    return Cell(start, platform, account, deliveries, reads, marks, calls, times)


def read_cell(row: Any) -> Cell:
    """A cell, as selected."""
    start, platform, account, deliveries, reads, marks, calls, text = row
    times = {int(bucket): n for bucket, n in orjson.loads(text).items()}
    return Cell(start, platform, account, deliveries, reads, marks, calls, times)


def cell_row(cell: Cell, minutes: int) -> dict[str, Any]:
    """A cell, as stored."""
    times = orjson.dumps(cell.times, option=orjson.OPT_NON_STR_KEYS).decode()
    return {**cell._asdict(), "minutes": minutes, "times": times}
