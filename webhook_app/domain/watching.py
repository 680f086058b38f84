"""When a webhook is looked at, what an outage is, and when an invalid webhook is validated again.

Times are milliseconds since 1970. An outage is a time in which nobody saw the webhook valid while we served:
so it does not matter whether the platform gave us up, we were down, had no database, or could not ask.
That we are slow is none: who watches does one call between two looks, and calls end within half a minute, so
that looks are less than OUTAGE apart as long as the platform answers them.

A webhook that the platform does not list is kept for a day: one empty list ends no outage. A new one with the
same address goes on where the old one was. What lies ahead is of a clock that has been put right since.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from webhook_app.domain.webhook import Webhook

MINUTE = 60_000
#: How often to look. The strictest platform lets all that share a token look 450 times in 15 minutes.
CHECK_EVERY = MINUTE
#: How soon to look after a validation: the platform says "begun", not "passed".
CHECK_AGAIN = 5_000
#: Pauses between validations, doubling: the first as often as we look, the last as often as platforms check.
FIRST_PAUSE, LONGEST_PAUSE = MINUTE, 30 * MINUTE
#: Platforms try a delivery again for about five minutes; what fails for less than this has come by itself.
OUTAGE = 3 * MINUTE
#: Added to both ends of what was missed: what was given up then may have happened so much earlier, and what
#: failed last may be given up so much later.
MARGIN = 5 * MINUTE
#: We serve if a process that answers requests was there so shortly ago; each says so every 20 seconds.
SERVED = MINUTE
#: An invalid webhook may have refused deliveries long before it was called that, for a day and more. What
#: came since the last one that was stored is asked for too, an hour less far back than platforms keep it.
REACH = 23 * 60 * MINUTE
#: For how long a webhook is kept that the platform does not list any more.
KEPT = 24 * 60 * MINUTE
#: What is said of it.
GONE = "The platform does not list it any more."

Interval = tuple[int, int]


class Watched(NamedTuple):
    """A webhook of ours, as last seen."""

    platform: str
    id: str
    url: str
    valid: bool
    #: When the platform last told of it, or was first seen not to list it any more.
    seen_at: int
    #: When it was last seen valid while we served.
    good_at: int
    #: Since when it has been seen invalid; None once it is good again.
    invalid_since: int | None
    #: The last delivery that was stored before it was found invalid, if there was any.
    delivered_at: int | None
    #: Why the last validation was refused, or GONE; empty if it was not.
    reason: str
    #: When to validate it again, and how often that was tried in a row.
    validate_at: int
    attempts: int

    @property
    def gone(self) -> bool:
        """Whether the platform does not list it any more."""
        return self.reason == GONE


def is_due(at: int, now: int, longest: int) -> bool:
    """Whether it is time for what is never put off for longer than that."""
    return now >= at or at - now > longest


def is_serving(served_at: int | None, now: int) -> bool:
    """Whether a process that answers requests was there lately; one that will have been is none."""
    return served_at is not None and abs(now - served_at) <= SERVED


def look(
    before: Watched | None, platform: str, told: Webhook, now: int, *, serving: bool, delivered_at: int | None
) -> tuple[Watched, Interval | None]:
    """What is known of a webhook once the platform told of it, and what an outage that ends has cost."""
    known = before or _first(platform, told, now, delivered_at)
    known = known._replace(good_at=min(known.good_at, now), reason="" if known.gone else known.reason)
    seen = known._replace(url=told.url, valid=told.valid, seen_at=now)
    if not told.valid:
        if known.invalid_since is not None:
            return seen, None
        return seen._replace(invalid_since=now, delivered_at=delivered_at, validate_at=now), None
    if not serving:
        return seen, None
    good = seen._replace(
        good_at=now, invalid_since=None, delivered_at=None, reason="", validate_at=0, attempts=0
    )
    return good, _missed(known, now)


def _first(platform: str, told: Webhook, now: int, delivered_at: int | None) -> Watched:
    """A webhook not seen before: a valid one has missed nothing that we know of."""
    good_at = now if told.valid else max(now - REACH, min(now, delivered_at or told.created_at))
    return Watched(platform, told.id, told.url, told.valid, now, good_at, None, None, "", 0, 0)


def _missed(known: Watched, now: int) -> Interval | None:
    if known.invalid_since is None and now - known.good_at <= OUTAGE:
        return None
    since = known.good_at
    if known.delivered_at is not None:
        since = min(since, max(known.delivered_at, now - REACH))
    return since - MARGIN, now + MARGIN


def heirs(known: Mapping[str, Watched], told: Iterable[Webhook]) -> dict[str, str]:
    """Which webhook stands at the address of one that is gone; ids by id."""
    ids = {one.id: one.url for one in told}
    at = {url: new for new, url in ids.items()}
    return {old: at[one.url] for old, one in known.items() if old not in ids and one.url in at}


def miss(known: Watched, now: int) -> Watched:
    """What is known of a webhook that the platform does not list."""
    if known.gone:
        return known._replace(seen_at=min(known.seen_at, now))
    return known._replace(valid=False, seen_at=now, reason=GONE)


def is_kept(known: Watched, now: int) -> bool:
    """Whether one that is gone may still come back."""
    return now - known.seen_at < KEPT


def pause(attempts: int) -> int:
    """How long to wait after so many validations in a row."""
    return min(FIRST_PAUSE << min(attempts - 1, 10), LONGEST_PAUSE)


def validating(watched: Watched, now: int) -> Watched:
    """What is known of it once a validation is about to be asked for."""
    attempts = watched.attempts + 1
    return watched._replace(attempts=attempts, validate_at=now + pause(attempts))
