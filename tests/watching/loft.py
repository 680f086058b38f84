"""A platform that keeps webhooks for us, in the test's own hands: the second that fits the seam."""

import json
from collections.abc import Mapping, Sequence

from tests.conftest import Clock
from tests.platforms.pigeon import Pigeon
from webhook_app.domain.inbound import Inbound, Notice
from webhook_app.domain.webhook import Replayable, Subscription, Webhook
from webhook_app.errors import ManagementError, NotConfigured
from webhook_app.platforms.management import Management
from webhook_app.services import Services
from webhook_app.settings import Settings

MINUTE = 60_000
#: As strict as any: a webhook has one job at a time, of at most two hours, within a day, half an hour later.
MAY = Replayable(24 * 60 * MINUTE, 31 * MINUTE, 10 * MINUTE, 120 * MINUTE, MINUTE)
URL = "https://a.example/webhooks/pigeon"


class Loft:
    """What the platform keeps, and what was asked of it."""

    kinds: tuple[str, ...] = ("seen",)
    ends: Mapping[str, int] = {}
    replayable = MAY

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: How many seconds it takes to validate or to replay.
        self.slow = 0
        self.hooks = {"1": Webhook("1", URL, True, clock())}
        #: Whether the service answers the platform's check.
        self.reachable = True
        #: What every call, or every call for a replay, fails with.
        self.problem: Exception | None = None
        self.refusal: BaseException | None = None
        #: When it was asked for its webhooks, and to validate one.
        self.looks: list[int] = []
        self.validations: list[int] = []
        #: The webhooks that it was asked for replays to.
        self.requests: list[str] = []
        #: The jobs, by id: webhook, since, until.
        self.jobs: dict[str, tuple[str, int, int]] = {}
        self.running: str | None = None

    def turn(self, webhook: str, *, valid: bool) -> None:
        """Have a webhook be valid or not."""
        self.hooks[webhook] = self.hooks[webhook]._replace(valid=valid)

    def end(self, services: Services, state: str = "Complete") -> None:
        """End the job under way, and tell."""
        assert self.running is not None
        detail = json.dumps({"state": state, "description": ""})
        notice = Notice("pigeon", "replay", self.running, self._clock(), detail)
        services.store.record(Inbound("pigeon", notices=[notice]))
        self.running = None

    def webhooks(self) -> list[Webhook]:
        """All of them."""
        self._fail()
        self.looks.append(self._clock())
        return list(self.hooks.values())

    def validate(self, webhook: str) -> None:
        """Valid, if the service answers."""
        self._fail()
        self.validations.append(self._clock())
        self._clock.advance(self.slow)
        if not self.reachable:
            raise ManagementError("CrcValidationFailed", "The check was not answered.")
        self.turn(webhook, valid=True)

    def replay(self, webhook: str, since: int, until: int) -> str:
        """As strictly as X; a job that nobody heard of is one all the same."""
        self._fail()
        now, span = self._clock(), until - since
        assert self.hooks[webhook].valid
        assert now - MAY.oldest <= since <= now - MAY.since_after
        assert until <= now - MAY.until_after
        assert 0 < span <= MAY.longest
        assert (since % MINUTE, until % MINUTE) == (0, 0)
        self._clock.advance(self.slow)
        self.requests.append(webhook)
        if self.refusal is not None:
            raise self.refusal
        if self.running is not None:
            raise ManagementError("ReplayConflictError", "There is a job already.", temporary=True)
        self.running = str(len(self.jobs) + 1)
        self.jobs[self.running] = (webhook, since, until)
        return self.running

    def _fail(self) -> None:
        if self.problem is not None:
            raise self.problem

    def register(self, url: str) -> Webhook:
        """Nobody does by himself."""
        raise ManagementError("", "A loft looks after that itself.")

    def delete(self, webhook: str) -> None:
        """Nobody does by himself."""
        raise ManagementError("", "A loft looks after that itself.")

    def subscriptions(self, webhook: str) -> list[Subscription]:
        """Nobody asks."""
        raise ManagementError("", "A loft looks after that itself.")

    def subscribe(
        self, webhook: str, account: str, credentials: Mapping[str, str], kinds: Sequence[str]
    ) -> list[Subscription]:
        """Nobody does by himself."""
        raise ManagementError("", "A loft looks after that itself.")

    def unsubscribe(self, webhook: str, account: str, kinds: Sequence[str]) -> list[Subscription]:
        """Nobody does by himself."""
        raise ManagementError("", "A loft looks after that itself.")


class WatchedPigeon(Pigeon):
    """A pigeon that comes from a loft, if it has one."""

    def __init__(self, settings: Settings, loft: Loft | None) -> None:
        super().__init__(settings)
        self.loft = loft
        self.token = "token"

    def management(self) -> Management | None:
        """The loft. Raises NotConfigured without a token."""
        if not self.token:
            raise NotConfigured("PIGEON_TOKEN is not set.")
        return self.loft
