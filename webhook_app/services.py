"""Joins the two wings: what platforms understand, the store keeps."""

from collections.abc import Callable, Mapping, Sequence

from webhook_app.accounts import Accounts
from webhook_app.clock import wall_clock
from webhook_app.domain.counts import CALLS_OF, DELIVERIES_OF, Counts
from webhook_app.domain.inbound import Inbound, Unreadable
from webhook_app.domain.outbox import Settled
from webhook_app.errors import DatabaseUnavailable, Unstorable
from webhook_app.known import Known
from webhook_app.outbound import Outbound
from webhook_app.platforms import Platforms, open_platforms
from webhook_app.settings import Settings
from webhook_app.storage import Store
from webhook_app.storage.secret_key import secret_keys


class Services:
    """Everything a process works with. Nothing is connected before its first use, which is after the fork."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], int] = wall_clock,
        platforms: Platforms | None = None,
        counts: Counts | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.platforms = platforms or open_platforms(settings)
        #: They sign sessions, encrypt and hash; the first writes, all read.
        self.secret_keys = secret_keys(settings.database_url, settings.secret_keys)
        self.store = Store(settings.database_url, self.secret_keys, counts, clock)
        self.counts = self.store.counts
        self.store.configure(
            {name: platform.policy for name, platform in self.platforms.items()},
            {name: platform.sent_at for name, platform in self.platforms.items()},
        )
        self.known = Known(self.store, self.platforms, clock, settings.api_token)
        #: Called when there is something to pass on: a dispatcher of this process wakes.
        self.on_waiting: Callable[[], object] = lambda: None
        self.accounts = Accounts(self.store, self.platforms, self.known, clock, self.wake)
        self.outbound = Outbound(
            self.store, self.platforms, self.known, self.accounts, clock, settings.outbox_limit,
            self.store.record, self.counts.add, self.wake,
        )  # fmt: skip

    def wake(self) -> None:
        """Say that there is something to pass on; other processes find it soon."""
        self.on_waiting()

    def receive(self, platform: str, headers: Mapping[str, str], body: bytes) -> Inbound:
        """Verify, translate and store a delivery; returns once it is durable.

        Raises NotFound, NotConfigured, BadSignature, BadDelivery, and DatabaseUnavailable (the platform
        is to deliver again).
        """
        now = self.clock()
        inbound = self.platforms.named(platform).receive(headers, body, now)
        inbound = self._keep(inbound)
        self._count(inbound, now)
        return inbound

    def _keep(self, inbound: Inbound) -> Inbound:
        """Store a delivery; one that the database refuses goes to quarantine alone."""
        try:
            self._record(inbound)
        except Unstorable as refusal:
            errors = {"_schema": [str(refusal)]}
            part = Unreadable(inbound.platform, inbound.body, errors)
            inbound = Inbound(inbound.platform, unreadable=[part], quarantined=1, errors=errors)
            self.store.record(inbound)
        return inbound

    def _record(self, inbound: Inbound) -> None:
        """Store what a platform says; what our own accounts have read there need not be sent any more."""
        inbound.echoes = self.outbound.echoes(inbound)
        self.store.record(inbound)

    def _count(self, inbound: Inbound, now: int) -> None:
        add, platform = self.counts.add, inbound.platform
        add(f"deliveries|{platform}", now)
        add(f"{DELIVERIES_OF}|{platform}|{inbound.account}", now)
        for outcome, n in (
            ("accepted", inbound.accepted), ("quarantined", inbound.quarantined), ("ignored", inbound.ignored)
        ):  # fmt: skip
            add(f"events|{platform}|{outcome}", now, n)
        for kind, n in inbound.kinds.items():
            add(f"event types|{platform}|{kind}", now, n)

    def retry(self, row_id: int, who: str) -> Inbound:
        """Read a quarantined row again; what is understood now is stored and the row goes, in one commit.

        Returns what came of it; where nothing was understood, the row stays. Raises NotFound.
        """
        row = self.store.quarantined(row_id)
        inbound = self.platforms.named(row.platform).read(row.body, self.clock())
        if inbound.accepted or inbound.ignored:
            inbound.settles = (row_id,)
            self._record(inbound)
            self.store.log(who, "retry quarantined", str(row_id))
        return inbound

    def count_calls(self, settled: Sequence[Settled], now: int) -> None:
        """Count the calls that have ended."""
        for one in settled:
            outcome = "delivered" if one.verdict is None else one.verdict.value
            self.counts.add(f"calls|{one.claim.platform}|{outcome}", now)
            self.counts.add(f"{CALLS_OF}|{one.claim.platform}|{one.claim.account}", now)

    def flush(self) -> None:
        """Write the counts, if the database answers."""
        try:
            self.store.flush_counts(self.clock())
        except DatabaseUnavailable:
            return

    def close(self) -> None:
        """Write the counts and give the connections back."""
        self.flush()
        self.store.close()
