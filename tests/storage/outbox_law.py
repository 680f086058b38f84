"""The law of the outbox written down a second time, slowly, and held against what stores do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from hypothesis import strategies as st

from tests.conftest import NOW
from tests.storage.outgoing import (
    APART,
    LIMIT,
    POLICIES,
    accept_all,
    echo,
    end,
    open_accounts,
    owner,
    row,
    take,
)  # fmt: skip
from webhook_app.domain.outbox import Claim, Key, Outgoing, State, Status, Verdict
from webhook_app.domain.rate import CALL_TIMEOUT, Word
from webhook_app.storage import Store

_numbers = count(1)
_conversations = st.tuples(st.integers(0, 2), st.integers(0, 1))
#: What may happen, and to whom: few conversations and cursors, so that they meet.
_marks = st.tuples(_conversations, st.integers(0, 5))
_deeds = st.one_of(
    st.tuples(st.just("accept"), st.lists(_marks, min_size=1, max_size=3)),
    st.tuples(st.just("echo"), _marks),
    st.tuples(st.just("claim"), st.integers(1, 4)),
    st.tuples(st.just("settle"), st.tuples(st.integers(0, 3), st.sampled_from([None, None, *Verdict]))),
    st.tuples(st.just("die"), st.none()),
    st.tuples(st.just("wait"), st.sampled_from([1, 1000, APART, CALL_TIMEOUT, LIMIT.window + 1000])),
)  # fmt: skip
Deed = tuple[str, object]
stories = st.lists(_deeds, max_size=25)


@dataclass
class Past:
    """What became of a conversation."""

    wanted: int = -1
    acknowledged: int = -1
    last_claim: int = 0
    under_way: Claim | None = None


@dataclass
class World:
    """One story over stores of several processes, with accounts of its own, two of them of one owner."""

    stores: Sequence[Store]
    now: int = NOW
    in_hand: list[Claim] = field(default_factory=list)
    pasts: dict[Key, Past] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for account in self.store.accounts.list():
            self.store.accounts.remove(*account.key, NOW, "tests")
        n = next(_numbers)
        self.accounts = [("twitter", str(n)), ("slack", f"T{n}.U1"), ("slack", f"T{n}.U2")]
        for store in self.stores:
            open_accounts(store)
        open_accounts(self.store, *self.accounts)

    @property
    def store(self) -> Store:
        """The stores by turns."""
        return self.stores[next(_numbers) % len(self.stores)]

    def key(self, conversation: tuple[int, int]) -> Key:
        """The key of a conversation of this story."""
        return (*self.accounts[conversation[0]], f"peer {conversation[1]}")

    def accept(self, shapes: Sequence[tuple[tuple[int, int], int]]) -> None:
        """Marks are accepted together; a timer that runs does not move.

        What waits only grows. What has failed gives way to whatever is not behind what was taken.
        """
        keys = {self.key(conversation) for conversation, _ in shapes}
        before = self.store.outbox.rows(keys)
        running = {key: one.due_at for key, one in before.items() if one.due_at}
        failed = {key for key, one in before.items() if one.status is Status.FAILED}
        accept_all(self.store, [Outgoing(*self.key(where), cursor, self.now) for where, cursor in shapes])
        for key in keys:
            cursor = max(cursor for where, cursor in shapes if self.key(where) == key)
            past = self.pasts.setdefault(key, Past())
            if cursor > past.acknowledged and (cursor > past.wanted or key in failed):
                past.wanted = cursor
                assert row(self.store, key).due_at
        for key, due_at in running.items():
            assert row(self.store, key).due_at == due_at

    def echo(self, where: tuple[int, int], cursor: int) -> None:
        """The account has read by other means."""
        key = self.key(where)
        echo(self.store, cursor, self.now, peer=key[2], account=key[:2])
        past = self.pasts.setdefault(key, Past())
        past.acknowledged = max(past.acknowledged, cursor)
        if past.wanted < 0:
            past.wanted = cursor

    def claim(self, room: int) -> None:
        """Never more than there is room for, never twice at once, never behind, never too soon."""
        claims = take(self.store, self.now, room)
        for platform in POLICIES:
            assert sum(claim.platform == platform for claim in claims) <= room
        for claim in claims:
            past = self.pasts[claim.key]
            assert past.under_way is None or self.now >= past.under_way.claimed_at + CALL_TIMEOUT
            assert claim.cursor == past.wanted > past.acknowledged
            assert self.now >= past.last_claim + APART
            past.under_way, past.last_claim = claim, self.now
        self.in_hand += claims
        for _, whose, _, window in self.store.outbox.windows():
            if whose in map(owner, self.accounts):
                assert window.used + window.carry <= LIMIT.calls

    def settle(self, which: int, verdict: Verdict | None) -> None:
        """A call ends."""
        if not self.in_hand:
            return
        claim = self.in_hand.pop(which % len(self.in_hand))
        end(self.store, [claim], self.now, verdict, "why", word=Word())
        past = self.pasts[claim.key]
        if verdict is None:
            past.acknowledged = max(past.acknowledged, claim.cursor)
        if past.under_way == claim:
            past.under_way = None

    def happen(self, deed: Deed) -> None:
        """Do what the story tells, and see that nothing was lost by it."""
        match deed:
            case ("accept", list(shapes)):
                self.accept(shapes)
            case ("echo", ((int(account), int(peer)), int(cursor))):
                self.echo((account, peer), cursor)
            case ("claim", int(room)):
                self.claim(room)
            case ("settle", (int(which), None | Verdict() as verdict)):
                self.settle(which, verdict)
            case ("die", None):
                self.in_hand.clear()
            case ("wait", int(passed)):
                self.now += passed
        self.check()

    def check(self) -> None:
        """The rows say what the law says, and whoever looks for work will find it."""
        found = self.store.outbox.rows(self.pasts)
        for key, past in self.pasts.items():
            acknowledged = None if past.acknowledged < 0 else past.acknowledged
            assert (found[key].cursor, found[key].acknowledged) == (past.wanted, acknowledged), key
        active = {a.key for a in self.store.accounts.list() if a.state is State.ACTIVE}
        due = [one.due_at for one in found.values() if one.due_at and one.key[:2] in active]
        assert not due or self.store.outbox.next_at() is not None

    def finish(self) -> None:
        """In the end everything that was accepted has been taken, but for what was refused for good."""
        self.in_hand.clear()
        for account in self.accounts:
            self.store.accounts.set_state(*account, State.ACTIVE, "", self.now, "tests")
        while (at := self.store.outbox.next_at()) is not None:
            self.now = max(self.now, at)
            self.claim(4)
            while self.in_hand:
                self.settle(0, None)
        self.check()
        for one in self.store.outbox.rows(self.pasts).values():
            assert one.status in (Status.DELIVERED, Status.FAILED), one
