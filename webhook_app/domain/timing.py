"""How long messages waited to be read: when they were sent, and times counted in buckets.

A bucket spans a sixteenth of an octave, so that its middle is at most 1/32 away from any time in it.
"""

from collections import Counter
from collections.abc import Mapping
from math import ceil
from typing import NamedTuple

#: log2 of the buckets in an octave. Times below twice that many milliseconds have a bucket each.
FINENESS = 4
#: How far a percentile may be from the exact one, as a part of it: said in public, kept with room to spare.
ERROR = 0.05
#: How many reads there were, by bucket.
Times = Mapping[int, int]


class SentAt(NamedTuple):
    """How a platform's cursors tell when their messages were sent."""

    #: A cursor counts so many units a millisecond,
    unit: int
    #: from this moment on, in milliseconds since 1970.
    epoch: int
    #: Smaller ones tell nothing.
    first: int = 0

    def moment(self, cursor: int) -> int | None:
        """When the message was sent, in milliseconds since 1970; None if its id does not tell."""
        return cursor // self.unit + self.epoch if cursor >= self.first else None


def bucket(milliseconds: int) -> int:
    """The bucket of a time, which is not negative."""
    octave = max(0, milliseconds.bit_length() - FINENESS - 1)
    return (octave << FINENESS) + (milliseconds >> octave)


def span(number: int) -> tuple[int, int]:
    """From which time a bucket reaches, and below which, in milliseconds."""
    octave = max(0, (number >> FINENESS) - 1)
    first = number - (octave << FINENESS)
    return first << octave, (first + 1) << octave


def percentile(times: Times, part: float) -> float | None:
    """The time, in milliseconds, that so large a part of the reads took at most; None without reads.

    By nearest rank, and at most `ERROR` of itself away from the exact one.
    """
    rank = ceil(part * sum(times.values()))
    seen = 0
    for number in sorted(times):
        seen += times[number]
        if seen >= rank:
            low, above = span(number)
            return (low + above - 1) / 2
    return None


def together(many: list[Times]) -> dict[int, int]:
    """The times of several counts as one."""
    total: Counter[int] = Counter()
    for times in many:
        total.update(times)
    return dict(total)
