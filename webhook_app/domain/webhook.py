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
