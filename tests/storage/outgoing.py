"""Marks on their way out, as tests of the store tell them."""

from collections.abc import Sequence

from tests.conftest import NOW
from webhook_app.domain.account import Identity
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.outbox import (
    Claim,
    Coalescing,
    Key,
    OutboxRow,
    Outgoing,
    Policy,
    Settled,
    State,
    Verdict,
)
from webhook_app.domain.position import Mark
from webhook_app.domain.rate import RateLimit, Word
from webhook_app.storage import Store
from webhook_app.storage.outbox import OutboxFilter

APART = 5000
LIMIT = RateLimit(10, 60_000)
#: One platform sends the first mark at once, the other waits for its timer and counts by team.
POLICIES = {
    "twitter": Policy("mark_read", LIMIT, Coalescing(APART, first_at_once=True)),
    "slack": Policy("conversations.mark", LIMIT, Coalescing(APART, first_at_once=False)),
}
BOT = ("twitter", "1")
TEAM = [("slack", "T1.U1"), ("slack", "T1.U2")]
CREDENTIALS = {"access_token": "1-a", "access_token_secret": "b"}


def owner(account: tuple[str, str]) -> str:
    """Whose window its calls spend."""
    return account[1].split(".")[0]


def open_accounts(store: Store, *accounts: tuple[str, str], now: int = NOW - 1000) -> None:
    """Add accounts to a store that knows the policies."""
    store.configure(POLICIES)
    for account in accounts:
        identity = Identity(account[1], owner(account), "", None)
        store.accounts.add(identity, account[0], "", CREDENTIALS, now, "tests")


def accept(
    store: Store, cursor: int, at: int = NOW, *, peer: str = "2", account: tuple[str, str] = BOT
) -> Key:
    """Accept a mark, as services do."""
    accept_all(store, [Outgoing(*account, peer, cursor, at)])
    return (*account, peer)


def accept_all(store: Store, outgoing: Sequence[Outgoing]) -> None:
    """Accept marks in one transaction."""
    marks = [Mark(*mark) for mark in outgoing]
    store.record(Inbound(outgoing[0].platform, marks=marks, outgoing=outgoing))


def take(store: Store, now: int, many: int) -> list[Claim]:
    """Claim so many calls of each platform."""
    return store.outbox.claim(lambda: now, dict.fromkeys(POLICIES, many))


def echo(
    store: Store, cursor: int, at: int = NOW, *, peer: str = "2", account: tuple[str, str] = BOT
) -> None:
    """The platform tells that the account has read by other means."""
    marks = [Mark(*account, peer, cursor, at)]
    store.record(Inbound(account[0], marks=marks, echoes=marks))


def row(store: Store, key: Key) -> OutboxRow:
    """The row of a key."""
    return store.outbox.rows([key])[key]


def rows(store: Store) -> list[OutboxRow]:
    """Every row."""
    return store.outbox.list(OutboxFilter(limit=10_000))


def end(
    store: Store,
    claims: Sequence[Claim],
    now: int,
    verdict: Verdict | None = None,
    problem: str = "",
    *,
    word: Word | None = None,
    wait: int | None = None,
    state: State | None = None,
) -> None:
    """Settle claims alike."""
    results = [Settled(claim, word, verdict, problem, wait, state) for claim in claims]
    store.outbox.settle(results, now)


def deliver(store: Store, now: int, room: int = 8) -> list[Claim]:
    """Claim and settle: everything is taken at once."""
    claims = take(store, now, room)
    end(store, claims, now, word=Word())
    return claims
