"""The last ticks of a feed, numbered: whoever has missed a few finds them here."""

from typing import NamedTuple

from webhook_app.web.events import Tick

#: How much is kept, and at most so many bytes of it.
KEPT, MOST_BYTES = 60_000, 16 << 20  # milliseconds, bytes


class _State(NamedTuple):
    #: What became visible after this moment of the database's clock is in the ticks.
    begin: int
    #: The number of the first tick.
    first: int
    ticks: tuple[Tick, ...] = ()


class Ring:
    """Written by one, read by many; its state is changed as a whole."""

    def __init__(self, begin: int, first: int) -> None:
        self._state = _State(begin, first)
        self._bytes = 0

    @property
    def first(self) -> int:
        """The number of the first tick that is kept."""
        return self._state.first

    @property
    def end(self) -> int:
        """The number of the next tick."""
        return self._state.first + len(self._state.ticks)

    def add(self, tick: Tick) -> None:
        """Keep a tick, and drop those that are too old or too many."""
        begin, first, ticks = self._state
        ticks = (*ticks, tick)
        self._bytes += tick.size
        while ticks[0].moment < tick.moment - KEPT or (self._bytes > MOST_BYTES and len(ticks) > 1):
            self._bytes -= ticks[0].size
            begin, first, ticks = ticks[0].moment, first + 1, ticks[1:]
        self._state = _State(begin, first, ticks)

    def place(self, moment: int) -> int | None:
        """The number of the first tick of later than that moment; None if some may not be kept any more."""
        begin, first, ticks = self._state
        if moment < begin:
            return None
        later = (number for number, tick in enumerate(ticks, first) if tick.moment > moment)
        return next(later, first + len(ticks))

    def after(self, place: int) -> tuple[Tick, ...]:
        """The ticks of this number and later; none if some of them are not kept any more."""
        _, first, ticks = self._state
        return ticks[place - first :] if place >= first else ()
