"""The feed of a process: while somebody follows it, it looks at what has changed twice a second.

A look begins a little before the latest change that was seen, since a transaction may become visible after
its times, and every few seconds a sweep goes back as far as that may be late. What was seen is not told
again.
"""

import logging
from collections.abc import Callable
from threading import Lock

from flask import Flask

from webhook_app.domain.outbox import Key
from webhook_app.errors import ReadmarkError
from webhook_app.outbound import RateLimitRow
from webhook_app.storage.changes import LATEST, Places, Seen, Wanted, clock, since
from webhook_app.web.auth import valid_ids
from webhook_app.web.current import services, store
from webhook_app.web.events import Rendered, Tick, rate_limit_event, render
from webhook_app.web.front import Shutdown
from webhook_app.web.past import Past
from webhook_app.web.ring import Ring

#: From look to look.
EVERY = 0.5  # seconds
#: How far before the latest change a look begins: nearly all transactions are visible sooner.
MARGIN = 250  # milliseconds
#: Looks from sweep to sweep. Where nothing becomes visible late all but every twelfth are left out, which is
#: for clocks that are put right.
SWEEP, RARELY = 10, 12
#: Looks from one check of the viewers' tokens to the next.
CHECK = 8
#: How far behind the last that a viewer knows something may lie that it was never told: it became visible as
#: late as can be, and was left to the next sweep.
BEHIND = LATEST + 6000  # milliseconds
#: Rows of a kind that are read at once.
PAGE = 5000
#: For so many accounts more, rate limits are looked at one look less often.
ACCOUNTS = 200
MOST_VIEWERS = 1500
#: How often and with what pause it is looked whether all viewers have come to an end.
LAST, PAUSE = 20, 0.05  # times, seconds
log = logging.getLogger(__name__)


class Full(Exception):
    """As many look on as one process serves, or it is about to end."""


class Viewer:
    """Somebody who follows the feed."""

    __slots__ = ("ended", "hang_up", "news", "place", "token", "wanted")

    def __init__(self, token: str, wanted: Wanted | None, hang_up: Callable[[], object]) -> None:
        #: The id of the token that has let it in.
        self.token = token
        #: None: everything.
        self.wanted = wanted
        #: Breaks its connection, whatever is on its way.
        self.hang_up = hang_up
        #: The number of its next tick; None while it catches up.
        self.place: int | None = None
        self.ended = False
        #: Set when there is something for it, or when it is to end.
        self.news = store().database.concurrency.event()

    def end(self) -> None:
        """Let it come to an end."""
        self.ended = True
        self.news.set()


class Feed:
    """Tells viewers what changes. Times are the database's, in milliseconds since 1970."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = Lock()
        self._viewers: set[Viewer] = set()
        #: As many may follow.
        self.most = MOST_VIEWERS
        self.running = self._closed = self._watching = False
        self.ring = Ring(0, 0)
        self.past = Past(app, lambda: self.ring)
        #: The moment of the last look: what was visible then has been told.
        self.looked_at = 0

    def join(self, viewer: Viewer, shutdown: Shutdown | None) -> None:
        """Begin to tell a viewer, who must leave in the end. Raises Full, DatabaseUnavailable."""
        with self._lock:
            if self._closed or len(self._viewers) >= self.most:
                raise Full
            if not self.running:
                self._start()
            self._viewers.add(viewer)
        if shutdown is not None and not self._watching:
            self._watching = True
            shutdown.call(self.close)

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer; behind the last one nobody looks any more."""
        with self._lock:
            self._viewers.discard(viewer)
            if self.running and not self._viewers:
                self._wake.set()

    def close(self) -> None:
        """Let all viewers end, and break off those who do not within a second."""
        self._closed = True
        for viewer in self.viewers:
            viewer.end()
        for _ in range(LAST):
            if not self.viewers:
                return
            self._concurrency.pause(PAUSE)
        for viewer in self.viewers:
            viewer.hang_up()

    def stop(self) -> None:
        """Return when nobody looks any more."""
        self._closed = True
        if self.running:
            self._wake.set()
        while self.running:
            self._concurrency.pause(PAUSE)

    @property
    def viewers(self) -> tuple[Viewer, ...]:
        """Who follows."""
        with self._lock:
            return tuple(self._viewers)

    def _start(self) -> None:
        self._concurrency = store().database.concurrency
        self._wake = self._concurrency.event()
        now = store().read(clock)
        self.looked_at = self._swept_at = now
        self._in_order = store().changes_in_order
        #: The time of the latest change of a position, and of a mark.
        self._latest = now, now
        self._seen: tuple[Seen, Seen] = ({}, {})
        self._limits: dict[Key, RateLimitRow] = {}
        self._looks = self._limits_at = 0
        # What was read before somebody began to look again is not followed up by this ring.
        self.ring = Ring(now, self.ring.end + 1)
        self.running = True
        self._concurrency.start(self._run)

    def _run(self) -> None:
        """Look until nobody follows; a database that fails is asked again."""
        failed = False
        while self._go_on():
            self._wake.wait(EVERY)
            # Somebody may have come while the last one left.
            self._wake.clear()
            try:
                with self._app.app_context():
                    self.look()
                failed = False
            except ReadmarkError as error:
                if not failed:
                    log.warning("stream waits for the database", extra={"reason": str(error)})
                failed = True
            except Exception:  # the outermost loop: the next look may do better
                log.exception("stream failed")

    def _go_on(self) -> bool:
        with self._lock:
            self.running = bool(self._viewers) and not self._closed
            return self.running

    def look(self) -> None:
        """Tell what has changed since the last look. Raises DatabaseUnavailable."""
        self._looks += 1
        turn = self._looks % SWEEP == 0
        before = self.looked_at
        if turn and (not self._in_order or self._looks % (SWEEP * RARELY) == 0):
            # A clock that was put back is followed.
            self._walk(since(min(self._swept_at, self.looked_at) - LATEST))
        else:
            self._walk(since(*(latest - MARGIN for latest in self._latest)))
        if self.looked_at < before:
            # The clock was put back: what has changed since then lies before what was looked at.
            self._walk(since(self.looked_at - LATEST))
        if turn:
            self._swept_at = self.looked_at
            self._forget()
            self.past.drop_old()
        for viewer in self.viewers:
            if viewer.place is not None and viewer.place < self.ring.first:
                # It has not taken anything for too long; it may come back and say what it has.
                viewer.end()
                viewer.hang_up()
            elif viewer.place is not None and viewer.place < self.ring.end:
                viewer.news.set()
        if self._looks % CHECK == 0:
            self._check()

    def _walk(self, places: Places) -> None:
        """Look behind these places, page by page."""
        began, more = None, True
        while more:
            look = store().changes(places, PAGE, seen=self._seen)
            rendered = render(look)
            if began is None:
                began = look.now
                rendered += self._changed_limits()
            if rendered:
                self.ring.add(Tick(look.moment, rendered))
            for seen, states in zip(self._seen, look.states, strict=True):
                seen.update(states)
            places, more = look.places, look.more
            # A time that lies ahead is of a clock that was put back since.
            position, mark = (
                max(pair) for pair in zip(self._latest, (places[0][0], places[1][0]), strict=True)
            )
            self._latest = min(position, look.now), min(mark, look.now)
        self.looked_at = began or 0

    def _changed_limits(self) -> list[Rendered]:
        if self._looks < self._limits_at:
            return []
        rows = {row[:3]: row for row in services().outbound.rate_limits()}
        self._limits_at = self._looks + 1 + len(rows) // ACCOUNTS
        before, self._limits = self._limits, rows
        return [rate_limit_event(row) for key, row in rows.items() if before.get(key) != row]

    def _forget(self) -> None:
        """Forget what neither a sweep nor a look will find again."""
        oldest = (min(self.looked_at - LATEST, latest - MARGIN) for latest in self._latest)
        of_positions, of_marks = (
            {key: state for key, state in seen.items() if state[0] >= moment}
            for seen, moment in zip(self._seen, oldest, strict=True)
        )
        self._seen = of_positions, of_marks

    def _check(self) -> None:
        """End viewers whose token is not valid any more."""
        viewers = self.viewers
        valid = valid_ids({viewer.token for viewer in viewers})
        for viewer in viewers:
            if viewer.ended:
                viewer.hang_up()
            elif viewer.token not in valid:
                viewer.end()
