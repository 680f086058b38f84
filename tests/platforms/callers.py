"""Accounts, and who knows them, for calls in platforms' own words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from webhook_app.domain.account import Account
from webhook_app.domain.outbox import State
from webhook_app.errors import NotFound, ReadmarkError
from webhook_app.platforms import Platform
from webhook_app.platforms.native import Call, Reply, Request

#: Limit, remaining, and the second since 1970 of its end.
WINDOW = (1000, 997, 1_795_219_999)


def account(platform: str, id: str, **changes: Any) -> Account:
    """An active account that has never been refused."""
    values: dict[str, Any] = {
        "owner": id.partition(".")[0],
        "name": "",
        "state": State.ACTIVE,
        "reason": "",
        "since": 0,
        "authorised_at": 0,
        "refused_until": 0,
        "scopes": None,
        "digest": "",
        "configured": False,
    }
    return Account(platform, id, **{**values, **changes})


@dataclass
class Book:
    """Who may call, in memory."""

    #: Each with its credentials, None if they were erased.
    entries: list[tuple[Account, Mapping[str, str] | None]] = field(default_factory=list)
    #: Tokens of ours, and the one account they are for; "" is any.
    tokens: dict[str, tuple[str, str] | Literal[""]] = field(default_factory=dict)

    def accounts(self, platform: str) -> list[Account]:
        """All of a platform."""
        return [one for one, _ in self.entries if one.platform == platform]

    def by_digest(self, platform: str, hexdigest: str) -> Account | None:
        """The one with this digest."""
        return next((one for one in self.accounts(platform) if one.digest == hexdigest), None)

    def credentials(self, account: Account) -> dict[str, str]:
        """What it is called with."""
        for one, credentials in self.entries:
            if one.key == account.key and credentials is not None:
                return dict(credentials)
        raise NotFound

    def token(self, secret: str) -> tuple[str, str] | Literal[""] | None:
        """What a token of ours may mark."""
        return self.tokens.get(secret)


def make(platform: Platform, request: Request, book: Book, now: int) -> tuple[Any, Reply]:
    """Make a call as the web does: what it marks (None if nothing), and the answer."""
    call: Call | None = None
    caller: Account | None = None
    wanted, problem = None, None
    try:
        call = platform.open(request)
        caller = platform.identify(call, book, now)
        wanted = platform.want(call, caller, now)
    except ReadmarkError as error:
        problem = error
    return wanted, platform.answer(call, caller, problem, WINDOW)
