"""Whether more marks may wait: each account has its limit, and some callers do not wait for windows."""

import time
from collections.abc import Callable, Sequence

from webhook_app.domain.account import Account
from webhook_app.domain.outbox import Key, Outgoing
from webhook_app.errors import OutboxFull
from webhook_app.known import FRESH
from webhook_app.platforms import Platforms
from webhook_app.storage import Store

#: When a caller who finds the outbox full is told to come back.
COME_BACK = 30_000  # milliseconds
#: How long an outbox that was found full is taken to be.
FULL_FOR = 1.0  # seconds
#: Accounts remembered at once.
MOST_ACCOUNTS = 100_000


class Admission:
    """Admits marks to the outbox."""

    def __init__(self, store: Store, platforms: Platforms, clock: Callable[[], int], most: int) -> None:
        self._store = store
        self._platforms = platforms
        self._clock = clock
        self._most = most
        #: (platform, account) → how many conversations wait at most, and until when that is believed.
        self._waiting: dict[tuple[str, str], tuple[int, float]] = {}
        #: (platform, account) → until when nothing new is admitted.
        self._full: dict[tuple[str, str], float] = {}

    def admit(self, key: tuple[str, str], marks: Sequence[Outgoing]) -> None:
        """Admit marks of one account: counted at most every few seconds, and when it seems too much.

        Raises OutboxFull.
        """
        now, many = time.monotonic(), len({mark.peer for mark in marks})
        waiting, until = self._waiting.get(key, (0, 0.0))
        if now >= until:
            waiting, until = self._count(key), now + FRESH
        if waiting + many > self._most:
            # What waits already takes no more room.
            many = len(self._beginning(marks))
            waiting = self._admit_new(key, many) if many else waiting
        if len(self._waiting) >= MOST_ACCOUNTS:
            self._waiting.clear()
        self._waiting[key] = (waiting + many, until)

    def _admit_new(self, key: tuple[str, str], many: int) -> int:
        """Return how many wait, counted now; one that is full is not counted again for a moment."""
        now = time.monotonic()
        if now < self._full.get(key, 0.0):
            raise OutboxFull(COME_BACK)
        waiting = self._count(key)
        if waiting + many > self._most:
            if len(self._full) >= MOST_ACCOUNTS:
                self._full.clear()
            self._full[key] = now + FULL_FOR
            raise OutboxFull(COME_BACK)
        return waiting

    def _count(self, key: tuple[str, str]) -> int:
        return self._store.outbox.waiting(*key, self._most)

    def refuse_limited(self, accounts: Sequence[Account], marks: Sequence[Outgoing]) -> None:
        """Refuse what the windows do not let through at once, together with what waits already.

        Raises OutboxFull.
        """
        payers = {account.key: (account.platform, account.owner) for account in accounts}
        begun: dict[tuple[str, str], int] = {}
        for mark in self._beginning(marks):
            payer = payers[mark[:2]]
            begun[payer] = begun.get(payer, 0) + 1
        for payer, many in begun.items():
            self._refuse_spent(*payer, many)

    def _refuse_spent(self, platform: str, owner: str, many: int) -> None:
        policy, now = self._platforms.named(platform).policy, self._clock()
        window = self._store.outbox.window(platform, owner, policy.method)
        left = window.left(policy.limit, now)
        if left < many + self._store.outbox.waiting_of(platform, owner, left + 1):
            words = "The rate window has less left than what waits already and this."
            raise OutboxFull(max(1000, window.resets_at(policy.limit, now) - now), words)

    def _beginning(self, marks: Sequence[Outgoing]) -> list[Outgoing]:
        """One mark of each conversation in which nothing waits yet, and would from now on."""
        rows = self._store.outbox.rows(mark[:3] for mark in marks)
        begun: dict[Key, Outgoing] = {}
        for mark in marks:
            row = rows.get(mark[:3])
            stale = row is not None and row.acknowledged is not None and mark.cursor <= row.acknowledged
            if not stale and (row is None or row.due_at is None):
                begun[mark[:3]] = mark
        return list(begun.values())
