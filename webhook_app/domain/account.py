"""On whose behalf we call a platform."""

from typing import NamedTuple

from webhook_app.domain.outbox import State


class Account(NamedTuple):
    """Somebody who has given us credentials, without them. Times are milliseconds since 1970."""

    platform: str
    id: str
    #: Whose rate window its calls spend: its own, or a team's.
    owner: str
    #: How to show it; empty if unknown.
    name: str
    state: State
    #: Why it is in that state, in the platform's or the operator's words; empty if active.
    reason: str
    since: int
    #: When its credentials were last given; older revocations are old news.
    authorised_at: int
    #: The platform refuses it for now; until then marks are refused with `reason`. 0 if not.
    refused_until: int
    #: What the credentials may do, if the platform has told.
    scopes: tuple[str, ...] | None
    #: SHA-256, hexadecimal, of the secret by which its callers are known (a token); empty if otherwise.
    digest: str
    #: Whether the credentials come from the environment and not from the database.
    configured: bool

    @property
    def key(self) -> tuple[str, str]:
        """Platform and id."""
        return self.platform, self.id


class Identity(NamedTuple):
    """Who credentials belong to, as the platform tells."""

    id: str
    owner: str
    name: str
    scopes: tuple[str, ...] | None
