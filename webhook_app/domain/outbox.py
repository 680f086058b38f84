"""A mark on its way out: when it is due, when it is tried again, and what an answer means for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NamedTuple

from webhook_app.domain.rate import RateLimit, Word

#: (platform, account, peer): whose marks.
Key = tuple[str, str, str]
#: The first and the longest pause before a call that failed is made again.
FIRST_PAUSE, LONGEST_PAUSE = 2000, 900_000  # milliseconds
#: For how long a platform's verdict about a peer is believed; then the next mark is accepted as a probe.
REFUSED_FOR = 600_000  # milliseconds


class Verdict(Enum):
    """How far a failed call reaches."""

    #: This call only; it is made again after a pause.
    RETRY = "retry"
    #: The rate window; the mark waits for it.
    WINDOW = "window"
    #: This peer, until somebody marks again.
    PEER = "peer"
    #: The account, for a while; the next mark after it is a probe.
    PAUSE = "pause"
    #: The account, until it is resumed.
    ACCOUNT = "account"
    #: Every account of the platform, until resumed: what we call is not there for us.
    PLATFORM = "platform"


class State(StrEnum):
    """What we may do on behalf of an account."""

    ACTIVE = "active"
    #: By an operator.
    PAUSED = "paused"
    #: The person or the workspace has withdrawn our access; the credentials are erased.
    REVOKED = "revoked"
    #: The platform does not accept the credentials.
    UNAUTHORISED = "unauthorised"
    #: The platform has suspended the account or the app, or does not offer the call.
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Coalescing:
    """How calls for one conversation are kept apart; times in milliseconds."""

    apart: int
    #: Whether the first mark of a quiet conversation goes at once, as long as half of the window is left.
    first_at_once: bool

    def due(self, now: int, last_sent_at: int, *, plenty: bool) -> int:
        """When the first mark of a conversation in which none waits is to be sent.

        Later marks do not move it. `plenty`: at least half of the rate window is left.
        """
        if self.first_at_once and plenty:
            return max(now, last_sent_at + self.apart)
        return now + self.apart


class Policy(NamedTuple):
    """What calls for marks are to a platform."""

    #: Under which its rate windows are counted.
    method: str
    limit: RateLimit
    coalescing: Coalescing


def pause_after(attempts: int, chance: float) -> int:
    """Milliseconds to wait after so many failures in a row: exponential, `chance` (0 to 1) spreads it."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE << min(attempts - 1, 20))
    return round(longest * (0.5 + chance / 2))


class Outgoing(NamedTuple):
    """A mark accepted to be passed on."""

    platform: str
    account: str
    peer: str
    cursor: int
    #: When it was accepted, in milliseconds since 1970.
    at: int


def greatest(outgoing: Iterable[Outgoing]) -> list[Outgoing]:
    """One mark per key: the greatest cursor, accepted when the first was. Sorted by key."""
    best: dict[Key, Outgoing] = {}
    for mark in outgoing:
        key = mark[:3]
        other = best.get(key)
        if other is None:
            best[key] = mark
        else:
            best[key] = Outgoing(*key, max(mark.cursor, other.cursor), min(mark.at, other.at))
    return sorted(best.values())


class Claim(NamedTuple):
    """A call that a dispatcher has in hand; it is spent already."""

    platform: str
    account: str
    peer: str
    cursor: int
    #: Failures in a row before this one.
    attempts: int
    #: When it was claimed, in milliseconds since 1970.
    claimed_at: int
    #: Whose budget paid for it.
    owner: str

    @property
    def key(self) -> Key:
        """Whose mark it passes on."""
        return self[:3]


class Settled(NamedTuple):
    """What came of a claim."""

    claim: Claim
    #: What the answer says of the rate window; None if there was no answer.
    word: Word | None
    #: None: delivered.
    verdict: Verdict | None
    #: Why it failed, the platform's own word first.
    problem: str = ""
    #: For how long to wait, in milliseconds, if the platform says.
    wait: int | None = None
    #: What the account is from now on, if it is to be stopped.
    state: State | None = None
    #: 0 to 1, at random: spreads the pauses.
    chance: float = 0.5


class Status(StrEnum):
    """How a mark fares."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    #: Refused for good, until somebody marks or retries.
    FAILED = "failed"
    #: It waits, and its account is not active.
    STOPPED = "stopped"


class OutboxRow(NamedTuple):
    """The marks of a (platform, account, peer), as stored. Times are milliseconds since 1970."""

    platform: str
    account: str
    peer: str
    #: The furthest that was accepted.
    cursor: int
    #: The furthest that the platform has taken.
    acknowledged: int | None
    status: Status
    due_at: int | None
    #: Failures in a row.
    attempts: int
    #: Why the last call failed, the platform's own word first; empty if it did not.
    problem: str
    #: Until when the platform's verdict about this peer is believed; 0 if there is none.
    refused_until: int
    #: Since when something waits, or waited.
    accepted_at: int
    delivered_at: int | None

    @property
    def key(self) -> Key:
        """Whose marks."""
        return self[:3]
