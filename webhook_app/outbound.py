"""Marks on their way out, as far as they need both wings: accepted from callers, delivered to platforms."""

import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from webhook_app.domain.account import Account
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.outbox import Claim, Outgoing, Policy, State, Verdict
from webhook_app.domain.position import Mark
from webhook_app.domain.rate import RateWindow, Word
from webhook_app.errors import (
    CallRefused,
    DeliveryError,
    InvalidValue,
    NotFound,
    OutboxFull,
    ReadmarkError,
)
from webhook_app.known import FRESH, Known
from webhook_app.platforms import Platforms
from webhook_app.storage import Store

#: When a caller who finds the outbox full is told to come back.
COME_BACK = 30_000  # milliseconds
#: How long the removal of an account may wait for what can still be sent, and how often it looks.
LAST_CALLS, LOOK = 20.0, 0.1  # seconds
#: How long after a failed introduction of a configured account the next is tried.
INTRODUCE_AGAIN = 30_000  # milliseconds


class RateLimitRow(NamedTuple):
    """One budget as an operator sees it. Times are milliseconds since 1970."""

    platform: str
    account: str
    method: str
    limit: int
    used: int
    remaining: int
    since: int | None
    reset_at: int | None
    #: Why nothing goes out, in the platform's words.
    blocked: str | None


class Outbound:
    """Accepts marks, finds accounts, and makes the calls that dispatchers claim."""

    def __init__(
        self,
        store: Store,
        platforms: Platforms,
        known: Known,
        clock: Callable[[], int],
        outbox_limit: int,
        record: Callable[[Inbound], None],
        count: Callable[[str, int, int], None],
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._known = known
        self._clock = clock
        self._most = outbox_limit
        self._record = record
        self._count = count
        #: Called when marks were accepted; a dispatcher of this process wakes.
        self.on_accepted: Callable[[], object] = lambda: None
        #: (platform, account) → how many waited, or were accepted since, and until when that is believed.
        self._waiting: dict[tuple[str, str], tuple[int, float]] = {}
        self._introduced: dict[str, int] = {}
        known.on_missing = self.keep_accounts

    def accept(self, outgoing: Sequence[Outgoing], *, fail_if_limited: bool = False) -> None:
        """Take marks to be passed on; returns once they are durable, all or none.

        Raises NotFound (an unknown account), CallRefused (the platform has refused a peer a moment ago),
        OutboxFull (too many wait; with `fail_if_limited`, more than the window lets through), Unstorable and
        DatabaseUnavailable.
        """
        by_account: dict[tuple[str, str], int] = {}
        now = self._clock()
        for mark in outgoing:
            by_account[mark[:2]] = by_account.get(mark[:2], 0) + 1
            refusal = self._known.refusal(mark[:3], now)
            if refusal:
                raise CallRefused(refusal.split(" ")[0], f"{mark.peer} was refused a moment ago: {refusal}")
        for key, many in by_account.items():
            self._admit(key, many)
            if fail_if_limited:
                self._refuse_limited(self.account(*key), many)
        marks = [Mark(out.platform, out.account, out.peer, out.cursor, out.at) for out in outgoing]
        self._record(Inbound(outgoing[0].platform, marks=marks, outgoing=list(outgoing)))
        for (platform, _), many in by_account.items():
            self._count(f"marks|{platform}", now, many)
        self.on_accepted()

    def _admit(self, key: tuple[str, str], many: int) -> None:
        """Refuse where too much waits already: counted at most every few seconds, and when it seems so."""
        self.account(*key)
        waiting, until = self._waiting.get(key, (0, 0.0))
        if time.monotonic() >= until or waiting + many > self._most:
            waiting, until = self._store.outbox.waiting(*key, self._most), time.monotonic() + FRESH
        if waiting + many > self._most:
            raise OutboxFull(COME_BACK)
        if len(self._waiting) > 100_000:
            self._waiting.clear()
        self._waiting[key] = (waiting + many, until)

    def _refuse_limited(self, account: Account, many: int) -> None:
        policy, now = self._platforms.named(account.platform).policy, self._clock()
        window = self._store.outbox.window(account.platform, account.owner, policy.method)
        left = window.left(policy.limit, now)
        if left < many + self._store.outbox.waiting(*account.key, left + 1):
            words = "The rate window has less left than what waits already and this."
            raise OutboxFull(max(1000, window.closes_at(policy.limit) - now), words)

    def account(self, platform: str, account: str | None = None) -> Account:
        """The account of that id; without one, the only one. Raises NotFound, InvalidValue."""
        self._platforms.named(platform)
        if account is None:
            accounts = self._known.accounts(platform)
            if len(accounts) != 1:
                many = f"{len(accounts)} accounts; say which" if accounts else "no account"
                raise InvalidValue("account", f"There is {many}.")
            return accounts[0]
        found = self._known.by_id(platform, account)
        if found is None:
            raise NotFound(f"There is no account {account!r} of this platform.")
        return found

    def window(self, account: Account) -> tuple[int, int, int]:
        """Limit, remaining and reset (seconds since 1970) of the account's window."""
        policy, now = self._platforms.named(account.platform).policy, self._clock()
        limit = policy.limit
        window = self._store.outbox.window(account.platform, account.owner, policy.method).at(limit, now)
        reset = max(window.closes_at(limit) or now + limit.window, window.shut_until)
        return window.calls(limit), window.left(limit, now), math.ceil(reset / 1000)

    def rate_limits(self) -> list[RateLimitRow]:
        """One budget for each account, also before its first call."""
        windows = {
            (platform, owner, method): window
            for platform, owner, method, window in self._store.outbox.windows()
        }
        rows = []
        for name, platform in sorted(self._platforms.items()):
            method = platform.policy.method
            for account in sorted(self._known.accounts(name)):
                window = windows.get((name, account.owner, method), RateWindow())
                rows.append(self._rate_limit(account, platform.policy, window))
        return rows

    def _rate_limit(self, account: Account, policy: Policy, window: RateWindow) -> RateLimitRow:
        now, limit = self._clock(), policy.limit
        window = window.at(limit, now)
        calls = window.calls(limit)
        return RateLimitRow(
            *account.key,
            policy.method,
            calls,
            min(calls, window.used + window.carry),
            window.left(limit, now),
            window.first_claim_at or None,
            max(window.closes_at(limit), window.shut_until) or None,
            self._blocked(account, window.shut_until, now),
        )

    def _blocked(self, account: Account, shut_until: int, now: int) -> str | None:
        if account.state is not State.ACTIVE:
            return f"{account.state}: {account.reason}" if account.reason else str(account.state)
        if account.refused_until > now:
            return account.reason
        return "rate limited" if shut_until > now else None

    def deliver(self, claim: Claim) -> Word:
        """Make the call. Raises DeliveryError."""
        account = self._known.by_id(claim.platform, claim.account)
        if account is None:
            raise DeliveryError(Verdict.ACCOUNT, "unknown account", state=State.UNAUTHORISED)
        try:
            credentials = self._known.credentials(account)
        except NotFound:
            raise DeliveryError(Verdict.ACCOUNT, "no credentials", state=State.UNAUTHORISED) from None
        platform = self._platforms.named(claim.platform)
        return platform.deliver(claim.account, credentials, claim.peer, claim.cursor)

    def echoes(self, inbound: Inbound) -> list[Mark]:
        """The marks of a delivery that our own accounts have made."""
        own = self._known.all()
        return [mark for mark in inbound.marks if mark[:2] in own] if own else []

    def add_account(self, platform: str, credentials: dict[str, str], who: str) -> Account:
        """Store credentials, encrypted, once the platform says whose they are.

        Raises InvalidValue, DeliveryError (the platform does not believe them), NotFound.
        """
        identity = self._platforms.named(platform).introduce(credentials)
        digest = self._platforms.named(platform).digest(credentials)
        self._store.accounts.add(identity, platform, digest, credentials, self._clock(), who)
        self._known.forget()
        return self.account(platform, identity.id)

    def keep_accounts(self) -> None:
        """Introduce the accounts that the environment configures, once; what fails is tried again later."""
        now = self._clock()
        for name, platform in self._platforms.items():
            credentials = platform.configured()
            if credentials is None or now < self._introduced.get(name, 0):
                continue
            self._introduced[name] = now + INTRODUCE_AGAIN
            digest = platform.digest(credentials)
            known = self._known.by_digest(name, digest)
            if known is None or not known.configured:
                try:
                    identity = platform.introduce(credentials)
                except ReadmarkError:
                    continue
                self._store.accounts.add(identity, name, digest, None, now, "environment")
                self._known.forget()
            self._introduced[name] = now + 10 * INTRODUCE_AGAIN

    def pause(self, platform: str, account: str, reason: str, who: str) -> None:
        """Keep what is accepted from now on until the account is resumed. Raises NotFound."""
        self._store.accounts.set_state(platform, account, State.PAUSED, reason, self._clock(), who)
        self._known.forget()

    def resume(self, platform: str, account: str, who: str) -> None:
        """Send again. Raises NotFound, InvalidValue (its credentials were erased)."""
        self._store.accounts.set_state(platform, account, State.ACTIVE, "", self._clock(), who)
        self._known.forget()
        self.on_accepted()

    def remove_account(self, platform: str, account: str, at_once: bool, who: str) -> None:
        """Forget an account's credentials, after what waits has been sent as far as 20 s allow.

        `at_once` drops what waits. Raises NotFound.
        """
        key = self.account(platform, account).key
        deadline = time.monotonic() + (0 if at_once else LAST_CALLS)
        if not at_once:
            self._store.outbox.hasten(self._clock(), key)
            self.on_accepted()
        while time.monotonic() < deadline and self._store.outbox.waiting(*key, 1):
            time.sleep(LOOK)
        self._store.accounts.remove(*key, self._clock(), who)
        self._known.forget()
