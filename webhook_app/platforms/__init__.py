"""Platforms translate: bytes into marks, marks into calls. Here are the seam and the registry.

A third platform is one module here, one in `schemas/` and one line in `REGISTRY`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from webhook_app.domain.account import Account, Identity
from webhook_app.domain.finding import Finding, Patient
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.outbox import Policy
from webhook_app.domain.rate import Word
from webhook_app.domain.timing import SentAt
from webhook_app.errors import NotFound
from webhook_app.platforms.management import Management
from webhook_app.platforms.native import Call, Known, Reply, Request, Window
from webhook_app.platforms.slack import Slack
from webhook_app.platforms.twitter import Twitter
from webhook_app.settings import Settings


class Platform(Protocol):
    """One platform; plain functions, no web and no SQL types. Times are milliseconds since 1970.

    1. What comes in: `challenge`, `expect`, `receive`, `read`.
    2. Ids and cursors: `reader`, `peer`, `cursor`, `show`, `moment`.
    3. What goes out: `policy`, `configured`, `digest`, `introduce`, `deliver`.
    4. Calls in the platform's own words, in this order: `open`, `identify`, `want`, and always `answer`.
    5. What makes it deliver: `management`.
    6. What may be wrong: `examine`.
    """

    name: str
    #: The names of an account's credentials, in the order of asking for them.
    credential_names: tuple[str, ...]
    #: What the paths of the platform's own calls begin with.
    paths: tuple[str, ...]
    #: Whether `answer` says anything of the rate window.
    tells_window: bool
    #: What is called, how often it may be, and how marks are gathered before it is.
    policy: Policy
    #: How cursors tell when their messages were sent.
    sent_at: SentAt

    def challenge(self, params: list[tuple[str, str]]) -> dict[str, str]:
        """Answer a webhook check. Raises BadChallenge, NotConfigured, NotFound."""

    def expect(self, headers: Mapping[str, str]) -> None:
        """Refuse what the headers alone refuse, before anybody reads a body.

        Raises BadSignature, NotConfigured, NotFound.
        """

    def receive(self, headers: Mapping[str, str], body: bytes, now: int) -> Inbound:
        """Verify and translate a delivery; `now` in milliseconds.

        Raises BadSignature, BadDelivery, NotConfigured, NotFound.
        """

    def read(self, body: bytes, now: int) -> Inbound:
        """Translate a delivery verified before, as `receive` does."""

    def reader(self, text: str) -> str:
        """The id of a reader or peer in its one spelling. Raises InvalidValue."""

    def peer(self, text: str) -> str:
        """The id of somebody whose messages can be marked as read. Raises InvalidValue."""

    def cursor(self, text: str) -> int:
        """The integer of a message id. Raises InvalidValue."""

    def show(self, cursor: int) -> str:
        """The platform's own text of a cursor."""

    def moment(self, cursor: int) -> int | None:
        """When the message was sent, in milliseconds since 1970; None if its id does not tell."""

    def configured(self) -> dict[str, str] | None:
        """The credentials in the environment, if there are any."""

    def digest(self, credentials: Mapping[str, str]) -> str:
        """The SHA-256, hexadecimal, of what calls show of the credentials; empty if they show nothing."""

    def introduce(self, credentials: Mapping[str, str]) -> Identity:
        """Whose credentials they are; the platform may be asked.

        Raises InvalidValue naming the one that is wrong, DeliveryError if the platform cannot tell.
        """

    def deliver(self, account: str, credentials: Mapping[str, str], peer: str, cursor: int) -> Word:
        """Call the platform: the account has read the peer's messages up to the cursor.

        Returns what the answer says of the rate window. Raises DeliveryError. Takes no longer than a claim
        lasts, and may be called by several threads at once.
        """

    def open(self, request: Request) -> Call:
        """Check the form of a call, and read its arguments. Raises CallRefused."""

    def identify(self, call: Call, known: Known, now: int) -> Account:
        """On whose behalf it is made. Raises CallRefused, also if the platform has refused the account."""

    def want(self, call: Call, account: Account, now: int) -> tuple[str, int] | None:
        """The peer and the cursor that it marks; None if it marks nothing. Raises CallRefused."""

    def answer(
        self, call: Call | None, account: Account | None, problem: Exception | None, window: Window
    ) -> Reply:
        """The answer to a call: to one that is accepted, `problem` is None.

        `call` and `account` are None where the problem came before them. A problem that is neither
        CallRefused, OutboxFull, DatabaseUnavailable nor NotFound is our own fault.
        """

    def management(self) -> Management | None:
        """What makes the platform deliver; None if it has no webhooks. Raises NotConfigured."""

    def examine(
        self, patients: Sequence[Patient], addresses: Sequence[str], clock: Callable[[], int]
    ) -> Iterable[Finding]:
        """Ask the platform about these accounts, and addresses of ours whether they pass its check.

        Changes nothing there. Each question takes ten seconds at most, and there is a finding whatever comes
        of it. By `clock` it is told how far ours is from the platform's.
        """


Registry = Mapping[str, Callable[[Settings], Platform]]
REGISTRY: Registry = {"slack": Slack, "twitter": Twitter}


class Platforms(dict[str, Platform]):
    """Every platform by name."""

    def named(self, name: str) -> Platform:
        """The platform of that name. Raises NotFound."""
        if name not in self:
            raise NotFound(f"There is no platform {name!r}; there are {', '.join(sorted(self))}.")
        return self[name]


def open_platforms(settings: Settings, registry: Registry = REGISTRY) -> Platforms:
    """Every registered platform, with its part of the settings."""
    return Platforms({name: kind(settings) for name, kind in registry.items()})
