"""What viewers have missed, in pages that those who have missed the same share."""

import time
from collections.abc import Callable, Iterator
from threading import Lock
from typing import NamedTuple

from flask import Flask

from webhook_app.storage.changes import Places, Wanted, since
from webhook_app.web.current import services, store
from webhook_app.web.events import Tick, rate_limit_event, render
from webhook_app.web.ring import Ring

#: Rows of a kind in a page.
PAGE = 1000
#: Viewers who come back within so long have one beginning.
STEP = 5000  # milliseconds
#: Who has missed less reads the pages of all others, filtered; who has missed more, pages of its own.
RECENT = 120_000  # milliseconds
#: For how long a page is kept, and how many are.
KEPT, MOST = 10.0, 32  # seconds, pages


class Page(NamedTuple):
    """A part of what was missed."""

    tick: Tick
    #: The feed's place before this was read: what comes later is told from there on.
    feed_place: int
    #: The database's clock before this was read.
    now: int
    #: Where the next page begins; None at the end.
    places: Places | None


class Past:
    """Reads by turns: whoever catches up must not take the database from others."""

    def __init__(self, app: Flask, ring: Callable[[], Ring]) -> None:
        self._app = app
        self._ring = ring
        self._turn = Lock()
        self._pages: dict[tuple[Places, Wanted | None], tuple[float, Page]] = {}

    def walk(self, moment: int, now: int, wanted: Wanted | None) -> Iterator[Page]:
        """All that has changed since a moment, or a little before; and first the rate limits as they are.

        Raises DatabaseUnavailable.
        """
        shared = None if moment > now - RECENT else wanted
        start = since(moment - moment % STEP)
        places: Places | None = start
        while places is not None:
            page = self._page(places, shared, first=places is start)
            yield page
            places = page.places

    def _page(self, places: Places, wanted: Wanted | None, *, first: bool) -> Page:
        with self._turn:
            self.drop_old()
            if (places, wanted) not in self._pages:
                page = self._read(places, wanted, first=first)
                self._pages[places, wanted] = (time.monotonic() + KEPT, page)
            return self._pages[places, wanted][1]

    def _read(self, places: Places, wanted: Wanted | None, *, first: bool) -> Page:
        feed_place = self._ring().end
        with self._app.app_context():
            limits = services().outbound.rate_limits() if first else []
            look = store().changes(places, PAGE, wanted)
            tick = Tick(look.moment, [*map(rate_limit_event, limits), *render(look)])
        return Page(tick, feed_place, look.now, look.places if look.more else None)

    def drop_old(self) -> None:
        """Drop what is old, and what the feed cannot follow up any more."""
        now, first, pages = time.monotonic(), self._ring().first, self._pages
        old = [key for key, (until, page) in tuple(pages.items()) if until < now or page.feed_place < first]
        for key in [*old, *tuple(pages)[: 1 - MOST]]:
            pages.pop(key, None)
