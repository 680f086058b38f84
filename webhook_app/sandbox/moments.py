"""Times as X writes them: in ids, in milliseconds, and in text."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

#: The moment from which X counts the time in its ids, in milliseconds.
EPOCH_MS = 1288834974657
#: The low bits of an id that tell apart what happens in the same millisecond.
SEQUENCE_BITS = 22

#: Seconds since 1970, like ``time.time``.
Clock = Callable[[], float]


def milliseconds(clock: Clock) -> int:
    """The clock's time as X counts it in events."""
    return int(clock() * 1000)


def snowflake(moment_ms: int, sequence: int = 0) -> int:
    """The id of the thing with that number in that millisecond."""
    return ((moment_ms - EPOCH_MS) << SEQUENCE_BITS) | sequence


def moment_of(snowflake_id: int) -> int:
    """When the thing with this id came to be, in milliseconds."""
    return (snowflake_id >> SEQUENCE_BITS) + EPOCH_MS


def rfc3339(seconds: float) -> str:
    """A time as X's management calls write it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def offset_time(seconds: float) -> str:
    """A time as revocations write it: whole seconds, with the offset spelt out."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


class Snowflakes:
    """Hands out ids that never repeat and always grow, even where the clock stands still or steps back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        """An id of this moment, greater than every id before it."""
        with self._lock:
            self._last = max(snowflake(milliseconds(self._clock)), self._last + 1)
            return self._last
