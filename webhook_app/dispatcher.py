"""Passes marks on: claims what is due, calls the platforms, and settles what came of it.

1. `step` claims and begins as many calls as it has hands for, and settles those that have ended.
2. Each call runs in a pool of its own, and ends in the list that the next step settles.
3. Whatever is claimed has been paid for in the database: a process that dies here loses a call, never the
   mark, whose claim lapses and is taken by another.
"""

import logging
import random
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

from webhook_app.domain.outbox import Claim, Settled, Verdict
from webhook_app.domain.rate import MARGIN
from webhook_app.errors import DeliveryError, ReadmarkError
from webhook_app.services import Services

#: Calls to one platform in one process's hands: what a crash may leave unsent though it is paid for. Each
#: platform has hands of its own, so that one that does not answer keeps none from the others.
IN_HAND = 8
#: The longest sleep: other processes accept marks too.
POLL = 1.0  # seconds
#: How long a call that has ended waits for others to be settled with.
GLANCE = 0.02  # seconds
#: How often to say that there is a dispatcher.
SEEN_EVERY = 5000  # milliseconds
#: How long the end of a process may wait for what can still be sent.
FLUSH = 20_000  # milliseconds
#: What stops marks until somebody resumes them.
STOPPING = frozenset({Verdict.ACCOUNT, Verdict.PLATFORM})
log = logging.getLogger(__name__)


class Dispatcher:
    """One per process. `run` repeats `step`; tests call `step`."""

    def __init__(self, services: Services, *, in_hand: int = IN_HAND) -> None:
        self._services = services
        self._most = in_hand
        self._platforms = sorted(services.platforms)
        # One more keeps the accounts, for which it may have to ask a platform.
        self._pool = ThreadPoolExecutor(1 + in_hand * len(self._platforms), thread_name_prefix="delivery")
        self._keeping: Future[bool | None] | None = None
        self._ended: deque[Settled] = deque()
        #: Calls that are not settled, by platform.
        self._in_hand: Counter[str] = Counter()
        self._next_seen = 0
        self._wake = Event()
        services.on_waiting = self.wake

    def step(self) -> bool:
        """Begin what is due and settle what has ended; returns whether there was anything.

        Raises DatabaseUnavailable; nothing is lost by that.
        """
        self._look_round()
        # What was refused is heeded before there is another call; what was taken can wait while they run.
        settled = self._settle() if any(one.verdict for one in tuple(self._ended)) else 0
        claims = self._services.store.outbox.claim(self._services.clock, self._room())
        self._services.known.prepare(claim.key[:2] for claim in claims)
        for claim in claims:
            self._in_hand[claim.platform] += 1
            self._pool.submit(self._call, claim)
        return self._settle() + settled + len(claims) > 0

    def _look_round(self) -> None:
        """Every few seconds: say that there is a dispatcher, and keep the accounts of the environment."""
        now = self._services.clock()
        # A clock that was put back has not said so before.
        if self._next_seen - SEEN_EVERY <= now < self._next_seen:
            return
        self._services.store.outbox.seen(now)
        self._next_seen = now + SEEN_EVERY
        if self._keeping is None or self._keeping.done():
            self._keeping = self._pool.submit(self._try, self._services.accounts.keep)

    def _room(self) -> dict[str, int]:
        """How many calls more each platform may have under way."""
        over = Counter(one.claim.platform for one in tuple(self._ended))
        return {name: self._most - self._in_hand[name] + over[name] for name in self._platforms}

    @property
    def busy(self) -> bool:
        """Whether a call is under way, or has ended and is not yet settled."""
        return self._in_hand.total() > 0

    def _settle(self) -> int:
        """Settle the calls that have ended; those of a failed transaction stay for the next step."""
        settled = list(self._ended)
        # Later than every one of them.
        now = self._services.clock()
        if settled:
            self._services.store.outbox.settle(settled, now)
            self._services.count_calls(settled, now)
        for one in settled:
            self._ended.popleft()
            self._in_hand[one.claim.platform] -= 1
        return len(settled)

    def _call(self, claim: Claim) -> None:
        self._ended.append(self._deliver(claim))
        # Several are settled, and as many claimed, at the price of one.
        if 2 * len(self._ended) >= self._in_hand.total():
            self._wake.set()

    def _deliver(self, claim: Claim) -> Settled:
        chance = random.random()
        if self._services.clock() > claim.claimed_at + MARGIN:
            # This process has stood still; should it call now, the claim may lapse before the call arrives.
            return Settled(claim, None, Verdict.RETRY, "not sent in time", None, None, chance)
        try:
            word = self._services.outbound.deliver(claim)
        except DeliveryError as error:
            log.log(
                logging.WARNING if error.verdict in STOPPING else logging.INFO,
                "mark not taken",
                extra={"platform": claim.platform, "account": claim.account, "reason": str(error),
                       "verdict": error.verdict.value},
            )  # fmt: skip
            return Settled(claim, error.word, error.verdict, str(error), error.wait, error.state, chance)
        except Exception as error:  # the outermost of a call: whatever it is, the mark stays
            log.exception("delivery failed", extra={"platform": claim.platform})
            return Settled(claim, None, Verdict.RETRY, type(error).__name__, None, None, chance)
        return Settled(claim, word, None, "", None, None, chance)

    def run(self, ending: Callable[[], bool]) -> None:
        """Step until the process ends, then send what waits as far as windows and time allow."""
        while not ending():
            worked = self._try(self.step)
            if worked is None:
                self._wait(POLL)
            elif not worked:
                self.rest()
        self._flush()

    def rest(self) -> None:
        """Wait until a mark was accepted here, calls have ended, or something is due, at most `POLL`."""
        until = time.monotonic() + self._pause()
        while (left := until - time.monotonic()) > 0:
            if self._wake.wait(min(left, GLANCE)) or self._ended:
                break
        self._wake.clear()

    def wake(self) -> None:
        """End a rest: there may be something to do."""
        self._wake.set()

    def _pause(self) -> float:
        """Seconds until something is due, at most `POLL`; what is due already is in somebody else's hands."""
        free = [name for name, room in self._room().items() if room > 0]
        try:
            at = self._services.store.outbox.next_at(free)
        except ReadmarkError:
            return POLL
        if at is None:
            return POLL
        return min(POLL, max(GLANCE, (at - self._services.clock()) / 1000))

    def _flush(self) -> None:
        """Send what waits, now and not after its timer; what the windows do not let through stays."""
        deadline = self._services.clock() + FLUSH
        self._try(lambda: self._services.store.outbox.hasten(self._services.clock()))
        while self._services.clock() < deadline:
            worked = self._try(self.step)
            if not worked:
                # What is due and could not be claimed may be free in a moment: other processes end with us.
                if not self.busy and self._pause() > GLANCE:
                    break
                self._wait(POLL if self.busy or worked is None else GLANCE)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _wait(self, seconds: float) -> None:
        self._wake.wait(seconds)
        self._wake.clear()

    def _try(self, work: Callable[[], object]) -> bool | None:
        """Run a step; one that fails leaves everything to the next, and returns None."""
        try:
            return bool(work())
        except ReadmarkError as exc:
            log.warning("dispatcher waits", extra={"reason": str(exc)})
        except Exception:  # the outermost loop: the next step may do better
            log.exception("dispatcher failed")
        return None
