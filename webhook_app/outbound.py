"""Marks on their way out, as far as they need both wings: accepted from callers, delivered to platforms."""

import logging
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from webhook_app.accounts import Accounts
from webhook_app.admission import Admission
from webhook_app.domain.account import Account
from webhook_app.domain.counts import MARKS_OF
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.outbox import Claim, Outgoing, Policy, State, Verdict
from webhook_app.domain.position import Mark
from webhook_app.domain.rate import RateWindow, Word
from webhook_app.errors import CallRefused, DeliveryError, NotFound, SealedElsewhere
from webhook_app.known import Known
from webhook_app.platforms import Platforms
from webhook_app.storage import Store

log = logging.getLogger(__name__)


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
    """Accepts marks, tells what their windows are, and makes the calls that dispatchers claim."""

    def __init__(
        self,
        store: Store,
        platforms: Platforms,
        known: Known,
        accounts: Accounts,
        clock: Callable[[], int],
        outbox_limit: int,
        record: Callable[[Inbound], None],
        count: Callable[[str, int, int], None],
        wake: Callable[[], object],
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._known = known
        self._clock = clock
        self._accounts = accounts
        self._admission = Admission(store, platforms, clock, outbox_limit)
        self._record = record
        self._count = count
        self._wake = wake

    def accept(self, outgoing: Sequence[Outgoing], *, fail_if_limited: bool = False) -> None:
        """Take marks to be passed on; returns once they are durable, all or none.

        Raises NotFound (an unknown account), CallRefused (the platform has refused a peer a moment ago),
        OutboxFull (too many wait; with `fail_if_limited`, more than the window lets through), Unstorable and
        DatabaseUnavailable.
        """
        by_account: dict[tuple[str, str], list[Outgoing]] = {}
        now = self._clock()
        for mark in outgoing:
            by_account.setdefault(mark[:2], []).append(mark)
            refusal = self._known.refusal(mark[:3], now)
            if refusal:
                raise CallRefused(refusal.split(" ")[0], f"{mark.peer} was refused a moment ago: {refusal}")
        accounts = [self._accounts.one(*key) for key in by_account]
        for key, many in by_account.items():
            self._admission.admit(key, many)
        if fail_if_limited:
            self._admission.refuse_limited(accounts, outgoing)
        marks = [Mark(out.platform, out.account, out.peer, out.cursor, out.at) for out in outgoing]
        self._record(Inbound(outgoing[0].platform, marks=marks, outgoing=list(outgoing)))
        for (platform, account), many in by_account.items():
            self._count(f"marks|{platform}", now, len(many))
            self._count(f"{MARKS_OF}|{platform}|{account}", now, len(many))
        self._wake()

    def window(self, account: Account) -> tuple[int, int, int]:
        """Limit, remaining and reset (seconds since 1970) of the account's window."""
        policy, now = self._platforms.named(account.platform).policy, self._clock()
        limit = policy.limit
        window = self._store.outbox.window(account.platform, account.owner, policy.method).at(limit, now)
        return window.calls(limit), window.left(limit, now), math.ceil(window.resets_at(limit, now) / 1000)

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
        except SealedElsewhere as error:
            # Another process may have the right key.
            log.warning("credentials not opened", extra={"platform": claim.platform, "reason": str(error)})
            raise DeliveryError(Verdict.RETRY, "sealed under another SECRET_KEY") from error
        except NotFound as error:
            if account.configured:
                raise DeliveryError(Verdict.RETRY, "not in the environment any more") from error
            raise DeliveryError(Verdict.ACCOUNT, "no credentials", state=State.UNAUTHORISED) from error
        platform = self._platforms.named(claim.platform)
        try:
            return platform.deliver(claim.account, credentials, claim.peer, claim.cursor)
        except DeliveryError as error:
            # What is said of credentials that another process has replaced must not stop the new ones.
            if error.verdict in (Verdict.ACCOUNT, Verdict.PAUSE) and self._known.renewed(account):
                raise DeliveryError(Verdict.RETRY, "sent with older credentials", word=error.word) from error
            raise

    def echoes(self, inbound: Inbound) -> list[Mark]:
        """The marks of a delivery that our own accounts have made."""
        own = self._known.all()
        return [mark for mark in inbound.marks if mark[:2] in own] if own else []
