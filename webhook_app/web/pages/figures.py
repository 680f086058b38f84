"""The figures of the page: times to read and deliveries, from cells to what charts draw."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from webhook_app.domain.timing import percentile, span, together
from webhook_app.storage.cells import Cell
from webhook_app.web.pages.charts import Bar, Curves, bars, curves
from webhook_app.web.pages.words import UNITS, told

MINUTE, HOUR = 60_000, 3_600_000  # milliseconds
HOURS, MINUTES = 24, 60
#: Where bars of the distribution may begin, in seconds.
STEPS = (
    0, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 420, 600, 900, 1200, 1800, 2700,
    3600, 5400, 7200, 10_800, 14_400, 21_600, 28_800, 43_200, 64_800, 86_400, 172_800, 259_200, 604_800,
)  # fmt: skip
LEAST_BARS, MOST_BARS = 6, 12
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
    counted: Counter[int] = Counter()
    for bucket, n in times.items():
        counted[bisect_right(STEPS, sum(span(bucket)) / 2000) - 1] += n
    first, last = min(counted, default=0), max(counted, default=0)
    while last - first + 1 < LEAST_BARS:
        first, last = max(0, first - 1), min(len(STEPS) - 1, last + 1)
    stride = -(-(last - first + 1) // MOST_BARS)
    bars = []
    for at in range(first, last + 1, stride):
        low, high = _readable(STEPS[at]), [_readable(step) for step in STEPS[at + stride :][:1]]
        name = f"{low} to {high[0]}" if high else f"over {low}"
        reads = sum(counted[step] for step in range(at, at + stride))
        bars.append((low.replace("min", "m").replace(" ", ""), name, reads))
    return bars


def _readable(seconds: float) -> str:
    size, unit = next((one for one in UNITS if seconds >= one[0]), UNITS[-1])
    return f"{seconds / size:g} {unit}"
