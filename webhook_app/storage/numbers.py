"""The numbers that an operator's tools ask for, out of the tables."""

from collections.abc import Container
from typing import NamedTuple

from sqlalchemy import Connection

from webhook_app.storage.counts import last_minute, totals
from webhook_app.storage.glances import count_quarantine


class Numbers(NamedTuple):
    """What the tables say."""

    totals: dict[str, int]
    #: Minutes since 1970, by the name of the count.
    last: dict[str, int]
    quarantine: int


def read_numbers(connection: Connection, timed: Container[str]) -> Numbers:
    """Read the tables; `timed` are the first parts of the names whose last minute is wanted."""
    counted = totals(connection)
    minutes = {name: last_minute(connection, name) for name in counted if name.partition("|")[0] in timed}
    last = {name: minute for name, minute in minutes.items() if minute is not None}
    return Numbers(counted, last, count_quarantine(connection))
