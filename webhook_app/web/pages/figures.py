"""The figures of the page: times to read and deliveries, from cells to what charts draw."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from webhook_app.domain.timing import percentile, span, together
from webhook_app.storage.cells import Cell
from webhook_app.web.pages.charts import Bar, Curves, bars, curves
from webhook_app.web.pages.words import duration, told

MINUTE, HOUR = 60_000, 3_600_000  # milliseconds
HOURS, MINUTES = 24, 60
#: Where the bars of the distribution begin, in seconds, after the one that begins at 0.
EDGES = (1, 3, 10, 30, 60, 180, 600, 1800, 3600, 10_800, 43_200)
#: With reads in fewer hours than that, minutes tell more; the last few, if there was nothing before.
YOUNG, FEW_MINUTES = 3, 15
MEDIAN, MOST = 0.5, 0.9


class Slot(NamedTuple):
    """How long messages of an interval waited, in seconds; None without reads."""

    start: int
    reads: int
    median: float | None
    most: float | None


class Times(NamedTuple):
    """Times to read in the last 24 hours."""

    all: Slot
    bars: list[Bar]
    slots: list[Slot]
    #: How long each slot is, and all together, in milliseconds.
    size: int
    length: int
    curves: Curves


class Deliveries(NamedTuple):
    """Deliveries in the last hour."""

    bars: list[Bar]
    total: int
    #: The most in a minute.
    most: int


def first_slot(now: int, size: int, many: int) -> int:
    """When the first of so many intervals begins of which `now` is in the last."""
    return (now // size - many + 1) * size


def times_of(hours: Sequence[Cell], minutes: Sequence[Cell], now: int) -> Times:
    """Times to read, from the cells of the last 24 hours and those of the last 60 minutes."""
    every = together([cell.times for cell in hours])
    size, slots = HOUR, _slots(hours, now, HOUR, HOURS)
    if sum(1 for slot in slots if slot.reads) < YOUNG:
        size, slots = MINUTE, _slots(minutes, now, MINUTE, MINUTES)
        if not any(slot.reads for slot in slots[:-FEW_MINUTES]):
            slots = slots[-FEW_MINUTES:]
    drawn = curves([[slot.median for slot in slots], [slot.most for slot in slots]])
    return Times(_slot(0, every), bars(_distribution(every)), slots, size, size * len(slots), drawn)


def deliveries_of(minutes: Sequence[Cell], now: int) -> Deliveries:
    """Deliveries by minute, from the cells of the last 60."""
    first = first_slot(now, MINUTE, MINUTES)
    by_start = {cell.start: cell.deliveries for cell in minutes}
    counted = [
        ("", told("minute", start, now), by_start.get(start, 0))
        for start in range(first, first + MINUTES * MINUTE, MINUTE)
    ]
    numbers = [n for _, _, n in counted]
    return Deliveries(bars(counted), sum(numbers), max(numbers))


def _slots(cells: Sequence[Cell], now: int, size: int, many: int) -> list[Slot]:
    first, by_start = first_slot(now, size, many), {cell.start: cell.times for cell in cells}
    return [_slot(start, by_start.get(start, {})) for start in range(first, first + many * size, size)]


def _slot(start: int, times: Mapping[int, int]) -> Slot:
    median, most = percentile(times, MEDIAN), percentile(times, MOST)
    seconds = [None if time is None else time / 1000 for time in (median, most)]
    return Slot(start, sum(times.values()), *seconds)


def _distribution(times: Mapping[int, int]) -> list[tuple[str, str, int]]:
    """(where it begins, its name, reads) of each bar. A bucket belongs to the one that has its middle."""
    counted = [0] * (len(EDGES) + 1)
    for bucket, n in times.items():
        middle = sum(span(bucket)) / 2000
        counted[sum(1 for edge in EDGES if edge <= middle)] += n
    begins = ["0", *(duration(edge) for edge in EDGES)]
    labels = [begin.replace("min", "m").replace(" ", "") for begin in begins]
    names = [f"under {begins[1]}", *(f"{low} to {high}" for low, high in pairwise(begins[1:]))]
    return list(zip(labels, [*names, f"over {begins[-1]}"], counted, strict=True))
