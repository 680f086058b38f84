"""Exports: every read position or all of the history, as NDJSON or CSV, a page at a time.

A page is a transaction of its own: nothing is locked, no time-out is near, and memory stays flat. The whole
is therefore no moment's picture: what changes meanwhile is in it or not, and who is forgotten meanwhile is
not in what follows.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from io import StringIO
from typing import Any

import orjson

from webhook_app.platforms import Platforms
from webhook_app.platforms.parties import Parties
from webhook_app.platforms.rendering import history_row, position_row
from webhook_app.storage import Store
from webhook_app.storage import tables as t
from webhook_app.storage.history import count_rows, history_page
from webhook_app.storage.positions import Filter, list_positions

#: Rows of a page: their rendering is for how long a worker does nothing else.
PAGE = 500
HISTORY_FIELDS = ("platform", "reader", "peer", "cursor", "read_at", "sent_at", "seconds_to_read")
FIELDS = {
    "positions": (*HISTORY_FIELDS, "updated_at", "reader_name", "peer_name"),
    "history": HISTORY_FIELDS,
}
#: By format, the Content-Type.
FORMATS = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
#: What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Export:
    """One export: `what` of FIELDS, of these parties, in a format of FORMATS."""

    store: Store
    platforms: Platforms
    what: str
    format: str
    parties: Parties

    def chunks(self, page: int = PAGE) -> Iterator[tuple[int, bytes]]:
        """Rows by number and as text, a page at a time, in key order; a CSV's header comes with the first.

        A chunk may be empty. Raises DatabaseUnavailable, at any of them.
        """
        head = b"" if self.format == "ndjson" else _csv([self.fields])
        render = _ndjson if self.format == "ndjson" else _csv_rows
        for rows in self._pages(page):
            yield len(rows), head + render(rows)
            head = b""
        if head:
            yield 0, head

    def count(self) -> int | None:
        """How many rows there are now; None if it would take long to tell."""
        table = t.read_positions if self.what == "positions" else t.history
        of = partial(count_rows, table=table, reader=self.parties.reader, peer=self.parties.peer)
        counts = [self.store.read(partial(of, platform=name)) for name in self.parties.platforms]
        return None if None in counts else sum(filter(None, counts))

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of a row's fields, in order."""
        return FIELDS[self.what]

    def _pages(self, page: int) -> Iterator[list[Row]]:
        pages = self._positions if self.what == "positions" else self._history
        for platform in self.parties.platforms:
            yield from pages(platform, page)

    def _positions(self, platform: str, page: int) -> Iterator[list[Row]]:
        show = partial(position_row, self.platforms[platform])
        after: tuple[str, ...] | None = ()
        while after is not None:
            wanted = Filter((platform,), *self.parties[1:], after=after, limit=page)
            rows = self.store.read(partial(list_positions, wanted=wanted))
            yield list(map(show, rows))
            after = rows[-1][:3] if len(rows) == page else None

    def _history(self, platform: str, page: int) -> Iterator[list[Row]]:
        show = partial(history_row, self.platforms[platform])
        of = partial(history_page, platform=platform, reader=self.parties.reader, peer=self.parties.peer)
        after: tuple[str, str, int] | None = ("", "", -1)
        while after is not None:
            rows, after = self.store.read(partial(of, after=after, limit=page))
            yield list(map(show, rows))


def _ndjson(rows: list[Row]) -> bytes:
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def _csv_rows(rows: list[Row]) -> bytes:
    return _csv(map(_harmless, row.values()) for row in rows)


def _csv(rows: Iterable[Iterable[Any]]) -> bytes:
    text = StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _harmless(value: Any) -> Any:
    """Names are what strangers call themselves, and a spreadsheet would calculate them."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
