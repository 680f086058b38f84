"""What can go wrong, one root, each with a sentence that may be shown.

ReadmarkError
├── SettingsError            the environment is wrong
├── NotConfigured            a platform's secret is missing
├── BadChallenge             a CRC request we must not answer
├── BadSignature             a delivery nobody has proved to be the platform's
├── BadDelivery              a signed body that is not even kept
├── InvalidValue             an argument that cannot be read; names the field
├── NotFound                 nothing of that name
│   ├── NoAccount            no account of that id
│   └── SealedElsewhere      credentials that another SECRET_KEY has sealed
├── CallRefused              a call in a platform's own words, refused in those words
├── OutboxFull               too much waits already; come back later
├── DeliveryError            a platform did not take a mark
├── ManagementError          a platform did not do what was asked of webhooks, subscriptions or replays
└── StorageError
    ├── DatabaseUnavailable  try again later
    │   └── SchemaOutdated   run the migrations
    └── Unstorable           the database refuses these very values
"""

from collections.abc import Iterable
from typing import Any

from webhook_app.domain.outbox import State, Verdict
from webhook_app.domain.rate import Word


class ReadmarkError(Exception):
    """Something went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


def words_of(error: ReadmarkError) -> str:
    """The error's sentence with what the driver says beside it: for whoever runs commands, not for the web.

    The driver names the file or the host.
    """
    said = str(getattr(error.__cause__, "orig", None) or "").strip().splitlines()
    return f"{error} ({said[0]})" if said else str(error)


class SettingsError(ReadmarkError):
    """The environment does not hold valid settings."""

    @classmethod
    def of(cls, faults: Iterable[str]) -> "SettingsError":
        """All faults together, a line each."""
        return cls("The settings are not valid:\n" + "\n".join(f"  {fault}" for fault in faults))


class NotConfigured(ReadmarkError):
    """The consumer secret is not configured."""


class BadChallenge(ReadmarkError):
    """The request must carry exactly one crc_token of 1 to 256 characters out of A-Z a-z 0-9 + / = _ . -"""


class BadSignature(ReadmarkError):
    """The signature does not match the body."""

    def __init__(self, reason: str) -> None:
        #: `missing`, `malformed` or `wrong`; counted, and told to the caller.
        self.reason = reason
        super().__init__(f"The signature is {reason}.")


class BadDelivery(ReadmarkError):
    """The body is a challenge token, not an event."""


class InvalidValue(ReadmarkError):
    """A value cannot be read."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


class NotFound(ReadmarkError):
    """There is nothing of that name."""


class NoAccount(NotFound):
    """There is no such account."""


class SealedElsewhere(NotFound):
    """The credentials need the SECRET_KEY that sealed them; put it behind the new one, or add them again."""


class CallRefused(ReadmarkError):
    """A call in a platform's own words is refused, in those words."""

    def __init__(self, code: str, message: str | None = None, **details: Any) -> None:
        #: The platform's own name or number of the error.
        self.code = code
        #: What else its answer says.
        self.details = details
        super().__init__(message or code)


class OutboxFull(ReadmarkError):
    """Too many marks of this account wait already."""

    def __init__(self, retry_in: int, message: str | None = None) -> None:
        #: When to come back, in milliseconds.
        self.retry_in = retry_in
        super().__init__(message)


class DeliveryError(ReadmarkError):
    """A platform did not take a mark."""

    def __init__(
        self,
        verdict: Verdict,
        words: str,
        *,
        word: Word | None = None,
        wait: int | None = None,
        state: State | None = None,
    ) -> None:
        #: How far it reaches.
        self.verdict = verdict
        #: What the answer says of the rate window; None if there was no answer.
        self.word = word
        #: For how long to wait, in milliseconds, if the platform says.
        self.wait = wait
        #: What the account is from now on, if it is to be stopped.
        self.state = state
        super().__init__(words)


class ManagementError(ReadmarkError):
    """A platform did not do what was asked of webhooks, subscriptions, replays or an authorisation."""

    def __init__(
        self, reason: str, message: str, *, temporary: bool = False, wait: int | None = None
    ) -> None:
        #: The platform's own name of it, `WebhookIdInvalid` for instance; empty if it has none.
        self.reason = reason
        #: Whether the same may succeed later.
        self.temporary = temporary
        #: For how long to ask nothing more of this kind, in milliseconds, if the platform says.
        self.wait = wait
        super().__init__(message)


class StorageError(ReadmarkError):
    """The database did not do what was asked."""


class DatabaseUnavailable(StorageError):
    """The database cannot be reached, is locked or is full."""


class SchemaOutdated(DatabaseUnavailable):
    """The database's schema is missing or is older than this release; run: python -m webhook_app migrate"""


class Unstorable(StorageError):
    """The database refuses these values."""
