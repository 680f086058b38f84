"""A platform of the tests' own: its window opens when a call arrives, and it counts what comes too much."""

import heapq
import itertools
import random
from dataclasses import dataclass, field

from webhook_app.domain.rate import CALL_TIMEOUT, RateLimit, RateWindow, Word

IN_HAND = 8
START = 10**12
#: Latencies of a call's way there, and of its answer's way back, in milliseconds: the longest of each.
LATENCIES = (5, 50, 500, 3000)


@dataclass
class Simulation:
    """Claims from one window through a network that delays and loses, in simulated time."""

    seed: int
    limit: RateLimit
    #: Whether answers tell the window, and whether this platform's clock differs.
    tells: bool = False
    #: Calls lost on the way, and answers lost on the way back.
    loss: float = 0.02
    #: Dispatchers that die with what they have in hand: nobody notes how those calls end.
    deaths: float = 0.0

    window: RateWindow = field(default_factory=RateWindow)
    #: Calls that the platform refused.
    refused: int = 0
    #: How many calls each of the platform's windows took.
    filled: list[int] = field(default_factory=list)
    sent: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._events: list[tuple[int, int, str, int, Word | None]] = []
        self._numbers = itertools.count()
        self._opened, self._count, self._in_hand = 0, 0, 0

    def run(self, windows: int) -> "Simulation":
        """Keep claiming, with a backlog that never ends, for as long as so many windows last."""
        now, end = START, START + windows * self.limit.window
        while now < end:
            while self._events and self._events[0][0] <= now:
                self._happen(*heapq.heappop(self._events))
            self._claim(now)
            now += self._random.choice((1, 10, 100, 1000))
            if self._random.random() < 0.005:
                now += self._random.randint(0, 2 * self.limit.window)
        return self

    def _claim(self, now: int) -> None:
        room = min(self.window.left(self.limit, now), IN_HAND - self._in_hand)
        if room <= 0 or self._random.random() < 0.3:
            return
        calls = self._random.randint(1, room)
        self.window = self.window.spend(self.limit, now, calls)
        self._in_hand += calls
        self.sent += calls
        for _ in range(calls):
            self._send(now)

    def _send(self, now: int) -> None:
        fate, longest = self._random.random(), self._random.choice(LATENCIES)
        if fate < self.loss:
            self._plan(now + CALL_TIMEOUT, "given up", now)
        elif fate < 2 * self.loss:
            self._plan(now + self._random.randrange(CALL_TIMEOUT), "arrive unheard", now)
            self._plan(now + CALL_TIMEOUT, "given up", now)
        elif fate < 2 * self.loss + self.deaths:
            self._plan(now + self._random.randint(1, longest), "arrive unheard", now)
            self._plan(now + CALL_TIMEOUT, "died", now)
        else:
            self._plan(now + self._random.randint(1, longest), "arrive", now)

    def _plan(self, when: int, what: str, claimed_at: int, word: Word | None = None) -> None:
        heapq.heappush(self._events, (when, next(self._numbers), what, claimed_at, word))

    def _happen(self, now: int, _: int, what: str, claimed_at: int, word: Word | None) -> None:
        if what.startswith("arrive"):
            word = self._count_call(now)
            if what == "arrive":
                back = self._random.randint(1, self._random.choice(LATENCIES))
                self._plan(now + back, "answer", claimed_at, word)
            return
        self._in_hand -= 1
        if what != "died":
            self.window = self.window.answer(self.limit, claimed_at, now, word)

    def _count_call(self, now: int) -> Word:
        """What the platform does: the first call to arrive opens its window."""
        if now >= self._opened + self.limit.window:
            if self._opened:
                self.filled.append(self._count)
            self._opened, self._count = now, 0
        refused = self._count >= self.limit.calls
        self.refused += refused
        self._count += not refused
        if not self.tells:
            return Word(refused=refused)
        # In whole seconds, as on the wire.
        reset_in = (self._opened + self.limit.window - now) // 1000 * 1000 + 1000
        return Word(self.limit.calls, self.limit.calls - self._count, reset_in, None, refused)
