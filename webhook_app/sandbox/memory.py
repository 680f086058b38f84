"""What each webhook was to get, kept so that it can be sent once more."""

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field

from webhook_app.sandbox.positions import Mark

#: Seconds that X can go back: https://docs.x.com/x-api/account-activity/quickstart#replay
KEPT_SECONDS = 24 * 3600
#: Events kept of a webhook, for a sandbox that is flooded.
MOST = 50_000


@dataclass(frozen=True, slots=True)
class Remembered:
    """One event for one webhook, as it was or would have been delivered."""

    #: When it happened, in seconds since 1970.
    at: float
    kind: str
    body: bytes
    marks: tuple[Mark, ...]


@dataclass(slots=True)
class _Past:
    events: deque[Remembered] = field(default_factory=deque)
    #: Up to when events are missing because there were too many.
    forgotten_until: float = -math.inf


class Memory:
    """The events of a day, by webhook, whether delivered or not; the state's lock guards it."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._pasts: defaultdict[str, _Past] = defaultdict(_Past)

    def add(self, webhook_id: str, event: Remembered) -> None:
        """Keeps an event, and lets go of those of more than a day ago."""
        past = self._pasts[webhook_id]
        past.events.append(event)
        while past.events[0].at < event.at - KEPT_SECONDS:
            past.events.popleft()
        if len(past.events) > self._most:
            past.forgotten_until = past.events.popleft().at

    def between(self, webhook_id: str, since: float, until: float) -> tuple[list[Remembered], bool]:
        """The events from ``since`` on and before ``until``, oldest first, and whether these are all."""
        past = self._pasts[webhook_id]
        events = [event for event in past.events if since <= event.at < until]
        return sorted(events, key=lambda event: event.at), past.forgotten_until < since

    def forget(self, webhook_id: str) -> None:
        """The webhook is gone."""
        self._pasts.pop(webhook_id, None)
