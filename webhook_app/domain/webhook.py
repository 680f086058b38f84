"""What a platform keeps for us so that it delivers: webhooks, subscriptions, replays."""

from typing import NamedTuple


class Webhook(NamedTuple):
    """An address that a platform delivers to."""

    id: str
    url: str
    #: Only a valid one gets deliveries.
    valid: bool
    #: Milliseconds since 1970.
    created_at: int


class Subscription(NamedTuple):
    """One account's events of one kind, delivered to a webhook."""

    #: The platform's own; empty if it gives none.
    id: str
    account: str
    #: In the platform's own words.
    kind: str
    #: The webhook's id; empty if it is delivered to none.
    webhook: str


class Replayable(NamedTuple):
    """What a platform replays, in milliseconds: `since` and `until` of a job must keep to it."""

    #: Neither end may be longer ago.
    oldest: int
    #: How long ago the beginning, and the end, must be at least.
    since_after: int
    until_after: int
    #: How much one job may span.
    longest: int
    #: Both ends are multiples of it.
    step: int

    def part(self, since: int, until: int, now: int) -> tuple[int, int]:
        """The part of an interval that can be replayed now, at whole steps: outwards where that is allowed.

        There is none if it does not end after it begins.
        """
        step = self.step
        begin = max(since // step * step, -((self.oldest - now) // step) * step)
        end = min(-(-until // step) * step, (now - self.until_after) // step * step)
        return (begin, end) if begin <= now - self.since_after else (begin, begin)

    def pieces(self, since: int, until: int) -> list[tuple[int, int]]:
        """The same interval in jobs, oldest first."""
        span = self.longest - self.longest % self.step
        return [(begin, min(begin + span, until)) for begin in range(since, until, span)]
