"""Sees to it that platforms go on delivering, and that what was missed is delivered again.

1. The process with the lease asks each platform every minute for its webhooks, and keeps what it says.
2. An invalid one is validated again, with growing pauses.
3. When an outage ends, what was missed is written down in pieces; `replays` has them delivered again.

To look comes first: a step validates one webhook and asks for one replay at most, and neither when a look is
due. So a platform that is slow to do what it is asked keeps nobody from seeing that it delivers.
"""

import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress

from schemas.api_fields import show_time
from webhook_app.domain import watching
from webhook_app.domain.replay import Piece, plan
from webhook_app.domain.watching import Watched, is_due
from webhook_app.domain.webhook import Webhook, is_plain
from webhook_app.errors import ManagementError, NotConfigured, ReadmarkError
from webhook_app.platforms.management import Management
from webhook_app.replays import Replays, tell
from webhook_app.services import Services
from webhook_app.storage.concurrency import concurrency

#: How often to see whether there is something to do.
STEP_EVERY = 1.0  # seconds
#: How often the lease is asked for, and for how long it is held: longer than a call of a platform takes, and
#: short enough that less than an outage passes until another process looks.
LEASE_EVERY, LEASE = 20_000, 60_000  # milliseconds
#: How often to see what has become of replays, and which may be asked for.
REPLAY_EVERY = 10_000  # milliseconds
log = logging.getLogger(__name__)


class Watchdog:
    """One step at a time; `keep_watch` repeats them. `serving`: whether this process answers requests."""

    def __init__(self, services: Services, *, serving: bool = False) -> None:
        self._platforms = services.platforms
        self._clock = services.clock
        self._leases = services.store
        self._store = services.store.watching
        self._replays = Replays(self._store, services.clock, self._lease)
        self._serving = serving
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        #: Whether the lease is ours.
        self._ours = False
        self._next_beat = 0
        self._managements: dict[str, Management | None] = {}
        self._threads = concurrency(native=True)
        #: By platform; none for one not yet looked at.
        self._next_look: dict[str, int] = {}
        self._next_replay: dict[str, int] = {}
        #: The platforms that were looked at.
        self._looked: set[str] = set()
        #: How many webhooks were not understood, so that it is said once.
        self._odd: dict[str, int] = {}
        #: By platform: the invalid webhooks to validate next, as last seen.
        self._invalid: dict[str, list[Watched]] = {}
        #: What was last wrong with a platform, so that it is said once.
        self._problems: dict[str, str] = {}

    def step(self) -> bool:
        """Do what is due; returns whether there was anything. Raises DatabaseUnavailable; nothing is lost."""
        watched = False
        for name in self._platforms:
            self._beat()
            if self._ours:
                watched = self._watch(name) or watched
        return watched

    def _beat(self) -> None:
        """Say that this process serves, and ask for the lease; who has it anew looks at once."""
        now = self._clock()
        if not is_due(self._next_beat, now, LEASE_EVERY):
            return
        if self._serving:
            self._store.serve(now)
        ours = self._lease()
        if not self._ours:
            self._next_look = {}
        self._ours = ours
        self._next_beat = now + LEASE_EVERY

    def _lease(self) -> bool:
        return self._leases.take_lease("watchdog", self._holder, LEASE)

    def close(self) -> None:
        """Leave the lease to others."""
        if self._ours:
            self._leases.give_lease("watchdog", self._holder)

    def _watch(self, name: str) -> bool:
        """Look at a platform's webhooks, and go on with validations and replays, as far as they are due."""
        look, replay = self._is_due(self._next_look, name), self._is_due(self._next_replay, name)
        if not (look or replay or self._invalid.get(name)):
            return False
        management = self._management(name, self._clock())
        if management is None:
            self._next_look[name] = self._next_replay[name] = self._clock() + watching.CHECK_EVERY
            return False
        if look:
            self._look(name, management)
        # A platform that does not even tell of its webhooks is not asked for more.
        if self._problems.get(name):
            return look
        validated = not self._is_due(self._next_look, name) and self._validate_next(name, management)
        if not replay or self._is_due(self._next_look, name):
            return look or validated
        self._next_replay[name] = self._clock() + REPLAY_EVERY
        return self._replays.step(name, management) or look or validated

    def _is_due(self, next_: dict[str, int], name: str) -> bool:
        return is_due(next_.get(name, 0), self._clock(), watching.CHECK_EVERY)

    def _management(self, name: str, now: int) -> Management | None:
        """What keeps a platform delivering, made once a process; None if there is nothing to watch."""
        make = self._platforms[name].management
        try:
            if name not in self._managements:
                # Aside first, for it may import a library for a second: meanwhile a webhook check takes a
                # tenth of a second, on a busy machine, and would take one and a half.
                self._threads.aside(make)
                self._managements[name] = make()
        except NotConfigured as problem:
            self._note(name, now, str(problem))
            return None
        return self._managements[name]

    def _note(self, name: str, now: int, problem: str, *, told: bool = False) -> None:
        """Keep what is wrong with a platform, and say it once."""
        self._store.step(name, now, problem, told=told)
        if problem != self._problems.get(name, ""):
            if problem:
                log.warning("not watched", extra={"platform": name, "reason": problem})
            else:
                log.info("watched again", extra={"platform": name})
        self._problems[name] = problem

    def _look(self, name: str, management: Management) -> None:
        """Keep what a platform says of its webhooks, and have the invalid ones validated.

        Who looks for the first time does so at once: whoever has started us may have mended something.
        """
        self._next_look[name] = self._clock() + watching.CHECK_EVERY
        try:
            told = management.webhooks()
        except ManagementError as problem:
            self._note(name, self._clock(), str(problem))
            return
        now, first = self._clock(), name not in self._looked
        self._looked.add(name)
        seen = self._keep(name, self._ours_of(name, told), now, management)
        self._note(name, now, "", told=True)
        due = [one for one in seen if first or is_due(one.validate_at, now, watching.LONGEST_PAUSE)]
        invalid = (one for one in due if not one.valid)
        self._invalid[name] = sorted(invalid, key=lambda one: one.validate_at)

    def _ours_of(self, name: str, told: list[Webhook]) -> list[Webhook]:
        """Those to watch over; what cannot even be stored is passed over."""
        ours = [one for one in told if one.leads_to(name)]
        plain = [one for one in ours if is_plain(one.id) and is_plain(one.url)]
        odd = len(ours) - len(plain)
        if odd > self._odd.get(name, 0):
            log.warning("webhooks not understood", extra={"platform": name, "count": odd})
        self._odd[name] = odd
        return plain

    def _keep(self, name: str, told: list[Webhook], now: int, management: Management) -> list[Watched]:
        """Keep what is told, and what it means for those that are not told of; returns the first."""
        sight, seen, missed = self._store.look(name), list[Watched](), dict[str, list[Piece]]()
        serving = watching.is_serving(sight.served_at, now)
        heirs = watching.heirs(sight.webhooks, told)
        known = {new: sight.webhooks[old]._replace(id=new) for old, new in heirs.items()} | sight.webhooks
        for webhook in told:
            before = known.get(webhook.id)
            one, gap = watching.look(
                before, name, webhook, now, serving=serving, delivered_at=sight.delivered_at
            )
            seen.append(one)
            if gap is not None:
                missed[one.id] = plan(name, one.id, *gap, now, management.replayable)
            _tell_change(before, one, gap)
        listed = {one.id for one in told} | set(heirs)
        gone = [watching.miss(one, now) for one in sight.webhooks.values() if one.id not in listed]
        for one in gone:
            if not sight.webhooks[one.id].gone:
                log.warning("webhook gone", extra={"platform": name, "webhook": one.id})
        self._store.keep(name, [*seen, *(one for one in gone if watching.is_kept(one, now))], missed, heirs)
        for piece in (piece for pieces in missed.values() for piece in pieces):
            tell(piece)
        return seen

    def _validate_next(self, name: str, management: Management) -> bool:
        invalid = self._invalid.get(name)
        if not invalid or not self._lease():
            return False
        self._validate(invalid.pop(0), management)
        return True

    def _validate(self, webhook: Watched, management: Management) -> None:
        """Have a webhook validated; that it is tried is written first."""
        webhook = watching.validating(webhook, self._clock())._replace(reason="")
        self._store.put(webhook)
        told = {"platform": webhook.platform, "webhook": webhook.id, "attempt": webhook.attempts}
        try:
            management.validate(webhook.id)
        except ManagementError as problem:
            self._store.put(webhook._replace(reason=str(problem)))
            log.warning("webhook not validated", extra=told | {"reason": str(problem)})
        else:
            log.info("webhook validation begun", extra=told)
            self._next_look[webhook.platform] = self._clock() + watching.CHECK_AGAIN


def _tell_change(before: Watched | None, after: Watched, gap: watching.Interval | None) -> None:
    told = {"platform": after.platform, "webhook": after.id}
    if not after.valid and (before is None or before.valid or before.gone):
        log.warning("webhook invalid", extra=told)
    if after.valid and before is not None and not before.valid:
        log.info("webhook valid again", extra=told)
    if gap is not None:
        log.warning("outage over", extra=told | {"since": show_time(gap[0]), "until": show_time(gap[1])})


def keep_watch(services: Callable[[], Services], wait: Callable[[float], bool], *, serving: bool) -> None:
    """Watch until `wait` says that the process ends. A database that fails is asked again."""
    dog = None
    while not wait(STEP_EVERY):
        try:
            dog = dog or Watchdog(services(), serving=serving)
            dog.step()
        except ReadmarkError as exc:
            log.warning("watchdog waits", extra={"reason": str(exc)})
        except Exception:  # the outermost loop: the next step may do better
            log.exception("watchdog failed")
    if dog is not None:
        with suppress(ReadmarkError):
            dog.close()
