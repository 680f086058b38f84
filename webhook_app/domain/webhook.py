"""What a platform keeps for us so that it delivers: webhooks, subscriptions, replays."""

from typing import NamedTuple

#: What platforms say that is longer is not what they should say.
LONGEST = 1000


def is_plain(text: str) -> bool:
    """Whether a platform's word can be stored and shown as it is: an id, an address."""
    return 0 < len(text) <= LONGEST and text.isprintable()


class Webhook(NamedTuple):
    """An address that a platform delivers to."""

    id: str
    url: str
    #: Only a valid one gets deliveries.
    valid: bool
    #: Milliseconds since 1970.
    created_at: int

    def leads_to(self, platform: str) -> bool:
        """Whether it leads to our path, on whatever host: an app may have others, that are not ours.

        One slash more at the end is served too.
        """
        path = self.url.partition("://")[2].partition("#")[0].partition("?")[0].partition("/")[2]
        return path.removesuffix("/") == f"webhooks/{platform}"


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
