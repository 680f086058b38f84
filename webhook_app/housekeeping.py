"""What every serving process does besides: writes its counts; with the lease makes figures, drops the old."""

import logging
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from webhook_app.errors import ReadmarkError
from webhook_app.services import Services
from webhook_app.storage import passed
from webhook_app.storage.retention import Place

#: How often the counts are written; they may be gathered for five seconds.
FLUSH_EVERY = 2.0  # seconds
#: How often the lease is asked for, and for how long it is held.
LEASE_EVERY, LEASE = 10_000, 30_000  # milliseconds
#: How often figures are made anew; never for more than a twentieth of the time.
FIGURES_EVERY, REST = 5_000, 20  # milliseconds, times as long as they took
#: How often what has expired is dropped.
RETAIN_EVERY = 60_000  # milliseconds
#: How often the positions that have changed are followed.
FOLLOW_EVERY = 2000  # milliseconds
#: How long after a walk through the history the next begins.
WALK_EVERY = 6 * 3_600_000  # milliseconds
log = logging.getLogger(__name__)


class Housekeeping:
    """One step at a time; `keep_house` repeats them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._now = 0
        #: Whether the lease is ours.
        self._ours = False
        self._next_lease = 0
        self._next_follow = 0
        self._next_figures = 0
        self._next = 0
        self._next_walk = 0
        #: The walks still to be made, the one under way first, and how far it has come.
        self._walks: list[Callable[[Place | None], Place | None]] = []
        self._place: Place | None = None
        #: How far the positions have been followed.
        self._followed: passed.Place | None = None

    def step(self) -> bool:
        """Write the counts and do a piece of what the lease is for; returns whether there is more at once."""
        self._services.flush()
        now = self._services.clock()
        self._follow_clock(now)
        if now >= self._next_lease:
            self._ours = self._services.store.take_lease("retention", self._holder, LEASE)
            self._next_lease = now + LEASE_EVERY
        if not self._ours:
            self._followed = None
            return False
        jobs = (
            (self._next, self._retain), (self._next_follow, self._follow),
            (self._next_figures, self._make_figures),
        )  # fmt: skip
        more = [job(now) for at, job in jobs if now >= at]
        return any(more)

    def _follow_clock(self, now: int) -> None:
        """Do everything anew by a clock that was put back, instead of waiting until it is as late again."""
        if now < self._now:
            self._next_lease = self._next = self._next_walk = self._next_follow = self._next_figures = 0
            self._followed = None
        self._now = now

    def close(self) -> None:
        """Leave the lease to others."""
        if self._ours:
            self._services.store.give_lease("retention", self._holder)

    def _follow(self, now: int) -> bool:
        """Delete a piece of the unread ids that have just been read; returns whether there is more."""
        self._followed, more = self._services.store.follow_positions(self._followed)
        self._next_follow = now if more else now + FOLLOW_EVERY
        return more

    def _make_figures(self, now: int) -> bool:
        began = time.monotonic()
        # Should it fail, it fails as often and no more.
        self._next_figures = now + FIGURES_EVERY
        days = self._services.settings.history_days
        more = self._services.store.make_figures(now, days, self._holder, LEASE)
        took = round((time.monotonic() - began) * 1000)
        self._next_figures = now + (REST * took if more else max(FIGURES_EVERY, REST * took))
        return more

    def _retain(self, now: int) -> bool:
        """Drop a piece of what is old; returns whether there is more."""
        store = self._services.store
        if now >= self._next_walk:
            self._next_walk = now + WALK_EVERY
            days = self._services.settings.history_days
            self._walks = [
                lambda place: store.walk_history(now, days, place),
                store.walk_messages,
                lambda place: store.outbox.walk(now, days, place),
            ]
        if self._walks:
            self._place = self._walks[0](self._place)
            if self._place is None:
                self._walks.pop(0)
            return True
        store.retain(now)
        self._next = now + RETAIN_EVERY
        return False


def keep_house(services: Callable[[], Services], wait: Callable[[float], bool]) -> None:
    """Keep house until `wait` says that the process ends. A database that fails is asked again."""
    house = None
    more = False
    while not wait(0.05 if more else FLUSH_EVERY):
        try:
            house = house or Housekeeping(services())
            more = house.step()
        except ReadmarkError as exc:
            log.warning("housekeeping failed", extra={"reason": str(exc)})
            more = False
        except Exception:  # the outermost loop: the next step may do better
            log.exception("housekeeping failed")
            more = False
    if house is not None:
        with suppress(ReadmarkError):
            house.close()
