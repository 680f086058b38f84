"""The seam to what a platform keeps for us so that it delivers; times are milliseconds since 1970."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from webhook_app.domain.webhook import Replayable, Subscription, Webhook


class Management(Protocol):
    """Webhooks, subscriptions and replays. Everything raises ManagementError, and asks the platform.

    May be called by several threads at once; each call of the platform ends within half a minute.
    """

    #: The kinds of events that can be subscribed to; all are, unless some are named.
    kinds: tuple[str, ...]
    #: When the platform ends a kind for good, of those of which it has said so.
    ends: Mapping[str, int]
    replayable: Replayable

    def webhooks(self) -> list[Webhook]:
        """All webhooks of our app, also those that others have registered."""

    def register(self, url: str) -> Webhook:
        """Have deliveries sent to this address; the platform checks it first."""

    def validate(self, webhook: str) -> None:
        """Have the address checked again; once it passes, deliveries go on."""

    def delete(self, webhook: str) -> None:
        """Have nothing sent there any more, and its subscriptions forgotten."""

    def subscriptions(self, webhook: str) -> list[Subscription]:
        """What is delivered to this webhook."""

    def subscribe(
        self, webhook: str, account: str, credentials: Mapping[str, str], kinds: Sequence[str]
    ) -> list[Subscription]:
        """Have an account's events delivered; what is subscribed to already stays. Returns the new ones."""

    def unsubscribe(self, webhook: str, account: str, kinds: Sequence[str]) -> list[Subscription]:
        """End subscriptions of an account. Returns those that were there."""

    def replay(self, webhook: str, since: int, until: int) -> str:
        """Have what was to be delivered in this time delivered again. Returns the job's id.

        When the job has ended, the platform delivers a notice of kind `replay` with that id; its detail is
        JSON with the platform's `state`, `Complete` if nothing is missing, and `description`.
        """
