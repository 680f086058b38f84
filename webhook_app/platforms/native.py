"""Calls in a platform's own words, before and after a platform understands them."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol

from webhook_app.domain.account import Account
from webhook_app.errors import InvalidValue

#: How far a message may lie ahead of our clock: the platform's clock and ours differ a little.
FUTURE = 3_600_000  # milliseconds
#: Bytes of a call's body: as many as a query may have, and ten times what a mark needs. Nobody knows yet who
#: calls, and to check a signature over a mebibyte of parameters takes ten seconds.
MOST_BYTES = 1 << 13
#: A rate window as it is told to callers: the limit, what remains, and the second since 1970 it closes in.
Window = tuple[int, int, int]


class Request(NamedTuple):
    """An HTTP request."""

    method: str
    #: Scheme, host and path as the caller wrote them.
    url: str
    path: str
    #: As it came, without the question mark.
    query: str
    #: By name in any case, Content-Type included.
    headers: Mapping[str, str]
    body: bytes
    #: Whether all of the body arrived that was announced.
    whole: bool = True


class Reply(NamedTuple):
    """An HTTP answer; whoever sends it adds Content-Length."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Call(NamedTuple):
    """A call whose form has been checked."""

    request: Request
    #: What is called, in the platform's own words.
    method: str
    arguments: Mapping[str, str]
    #: What the answer is to say of its form besides.
    warnings: tuple[str, ...] = ()


class Known(Protocol):
    """Who may call. Every method may raise DatabaseUnavailable."""

    def accounts(self, platform: str) -> list[Account]:
        """All accounts of a platform."""

    def by_digest(self, platform: str, hexdigest: str) -> Account | None:
        """The account whose callers know the secret with this digest, if there is one."""

    def credentials(self, account: Account) -> dict[str, str]:
        """What an account is called with. Raises NotFound if it was erased."""

    def token(self, secret: str) -> tuple[str, str] | Literal[""] | None:
        """What a token of ours may mark: one account (platform, id), "" for any, None if nothing."""


def check_names(credentials: Mapping[str, str], names: tuple[str, ...]) -> None:
    """Raise InvalidValue, naming it, for a credential that is missing or that the platform does not have."""
    for name in credentials:
        if name not in names:
            raise InvalidValue(name, "Unknown field.")
    for name in names:
        if not credentials.get(name):
            raise InvalidValue(name, "Missing data for required field.")
