"""What every serving process does besides: writes its counts and, with the lease, drops what is old."""

import logging
import os
import socket
from collections.abc import Callable

from webhook_app.errors import ReadmarkError
from webhook_app.services import Services
from webhook_app.storage.retention import Place

#: How often the counts are written; they may be gathered for five seconds.
FLUSH_EVERY = 2.0  # seconds
#: How often the lease is asked for, and for how long it is held.
RETAIN_EVERY, LEASE = 60_000, 180_000  # milliseconds
#: How long after a walk through the history the next begins.
WALK_EVERY = 6 * 3_600_000  # milliseconds
log = logging.getLogger(__name__)


class Housekeeping:
    """One step at a time; `keep_house` repeats them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._next = 0
        self._next_walk = 0
        #: The walks still to be made, the one under way first, and how far it has come.
        self._walks: list[Callable[[Place | None], Place | None]] = []
        self._place: Place | None = None

    def step(self) -> bool:
        """Write the counts and perhaps a piece of retention; returns whether there is more to do at once."""
        self._services.flush()
        now, store = self._services.clock(), self._services.store
        if now < self._next:
            return False
        if not store.take_lease("retention", self._holder, LEASE):
            self._next = now + RETAIN_EVERY
            return False
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
