"""The geometry of charts; templates draw them as SVG. Lengths are units of a drawing `WIDTH` wide."""

from collections.abc import Sequence
from math import log
from typing import NamedTuple

from webhook_app.web.pages.words import duration

WIDTH, HEIGHT = 360, 96
#: Room left of curves for the axis.
AXIS = 40
#: What stands at the axis of times, in seconds.
TICKS = (1, 10, 60, 600, 3600, 36_000, 172_800, 1_728_000)
Series = Sequence[float | None]


class Bar(NamedTuple):
    """One bar, from its upper left."""

    x: float
    y: float
    width: float
    height: float
    #: For the axis, and in full.
    label: str
    name: str
    value: int


class Tick(NamedTuple):
    """A line across, and what it means."""

    y: float
    label: str


class Curves(NamedTuple):
    """Several curves over one axis of time to read, which is logarithmic."""

    #: Of each curve the pieces between gaps, as points of a polyline.
    lines: list[list[str]]
    #: Of each curve the points that stand alone.
    dots: list[list[tuple[float, float]]]
    ticks: list[Tick]


def bars(values: Sequence[tuple[str, str, int]]) -> list[Bar]:
    """Bars side by side, of (label, name, value); the highest as high as the drawing."""
    most = max([1, *(value for _, _, value in values)])
    step = WIDTH / len(values)
    gap = min(3.0, step / 4)
    found = []
    for i, (label, name, value) in enumerate(values):
        # What is there at all is to be seen.
        height = max(2.0, value / most * HEIGHT) if value else 0.0
        x, y = i * step + gap / 2, HEIGHT - height
        found.append(
            Bar(round(x, 1), round(y, 1), round(step - gap, 1), round(height, 1), label, name, value)
        )
    return found


def curves(series: Sequence[Series]) -> Curves:
    """Curves of seconds, all of one length; None is a gap."""
    values = [value for one in series for value in one if value is not None]
    if not values:
        return Curves([[] for _ in series], [[] for _ in series], [])
    low = max([tick for tick in TICKS if tick <= min(values)], default=TICKS[0])
    high = min([tick for tick in TICKS if tick >= max(values) and tick > low], default=10 * low)

    def height(seconds: float) -> float:
        part = log(min(max(seconds, low), high) / low) / log(high / low)
        return round(HEIGHT - part * HEIGHT, 1)

    ticks = [Tick(height(tick), duration(tick)) for tick in TICKS if low <= tick <= high]
    pieces = [_pieces([None if v is None else height(v) for v in one]) for one in series]
    return Curves(
        [[" ".join(f"{x},{y}" for x, y in piece) for piece in one if len(piece) > 1] for one in pieces],
        [[piece[0] for piece in one if len(piece) == 1] for one in pieces],
        ticks,
    )


def _pieces(heights: Series) -> list[list[tuple[float, float]]]:
    """The points between gaps."""
    step = (WIDTH - AXIS) / max(1, len(heights) - 1)
    pieces: list[list[tuple[float, float]]] = [[]]
    for i, y in enumerate(heights):
        if y is None:
            pieces.append([])
        else:
            pieces[-1].append((round(AXIS + i * step, 1), y))
    return [piece for piece in pieces if piece]
