"""The law of positions: a read position is the greatest mark, whatever the order, repetition or grouping."""

from collections.abc import Iterable
from typing import NamedTuple

#: (platform, reader, peer): whose position it is.
Key = tuple[str, str, str]


class Mark(NamedTuple):
    """This reader has read this peer's messages up to this cursor, at this time.

    A tuple and not a dataclass: ingest makes one for every event, and storage writes it as it is.
    """

    platform: str
    reader: str
    peer: str
    #: The message read up to; an integer that orders like time.
    cursor: int
    #: Milliseconds since 1970.
    read_at: int

    @property
    def key(self) -> Key:
        """Whose position this mark moves."""
        return self[:3]


class ReadPosition(NamedTuple):
    """The furthest mark of a (platform, reader, peer), as stored. Times are milliseconds since 1970."""

    platform: str
    reader: str
    peer: str
    cursor: int
    read_at: int
    updated_at: int
    #: Marks read before this moment are dropped: an operator has corrected the position. 0 if never.
    not_before: int
    reader_name: str | None
    peer_name: str | None


def furthest(marks: Iterable[Mark]) -> list[Mark]:
    """One mark per key, the greatest; of equal cursors the earliest. Sorted by key.

    Sorted, because two writers that take rows in one order cannot deadlock.
    """
    best: dict[Key, Mark] = {}
    for mark in marks:
        key = mark[:3]
        other = best.get(key)
        if other is None or (mark.cursor, -mark.read_at) > (other.cursor, -other.read_at):
            best[key] = mark
    return sorted(best.values())


def history(marks: Iterable[Mark]) -> list[Mark]:
    """The distinct (key, cursor), each with its earliest time. Sorted."""
    earliest: dict[tuple[str, str, str, int], Mark] = {}
    for mark in marks:
        place = mark[:4]
        other = earliest.get(place)
        if other is None or mark.read_at < other.read_at:
            earliest[place] = mark
    return sorted(earliest.values())
