"""A platform of the tests' own: its window opens when a call arrives, and it counts what comes too much."""

import heapq
import itertools
import random
from dataclasses import dataclass, field

from webhook_app.domain.rate import CALL_TIMEOUT, MARGIN, RateLimit, RateWindow, Word

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
    #: By how much our clock is put back every few windows, in milliseconds; the platform's never is.
    back: int = 0
    #: What the platform takes in a window, if it is not what we believe.
    truth: int = 0

    window: RateWindow = field(default_factory=RateWindow)
    #: Calls that the platform refused.
    refused: int = 0
    #: How many calls each of the platform's windows took.
    filled: list[int] = field(default_factory=list)
    sent: int = 0
    #: How long after our clock was put back the first call was made, in milliseconds.
    stood: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._events: list[tuple[int, int, str, int, Word | None]] = []
        self._numbers = itertools.count()
        self._opened, self._count, self._in_hand = 0, 0, 0
        self._ahead, self._last_claim, self._put_back_at = 0, 0, 0
        self._next_step = START + self.limit.window // 2

    def run(self, windows: int) -> "Simulation":
        """Keep claiming, with a backlog that never ends, for as long as so many windows last."""
        now, end = START, START + windows * self.limit.window
        while now < end:
            while self._events and self._events[0][0] <= now:
                self._happen(*heapq.heappop(self._events))
            if self.back and now >= self._next_step:
                self._put_back(now)
            self._claim(now)
            now += self._random.choice((1, 10, 100, 1000))
            if self._random.random() < 0.005 and not self._put_back_at:
                now += self._random.randint(0, 2 * self.limit.window)
        return self

    def _put_back(self, now: int) -> None:
        """Unless it would look like time that passes."""
        passed = now - self._last_claim + (CALL_TIMEOUT if self._in_hand else 0)
        if self.back <= MARGIN or self.back > passed + MARGIN:
            self._ahead -= self.back
            self._put_back_at = now
            self._next_step = now + self._random.randint(6, 9) * self.limit.window

    def _claim(self, now: int) -> None:
        ours = now + self._ahead
        # As those who claim do: they write down what they have seen.
        self.window = self.window.at(self.limit, ours)
        room = min(self.window.left(self.limit, ours), IN_HAND - self._in_hand)
        if room <= 0 or self._random.random() < 0.3:
            return
        calls = self._random.randint(1, room)
        self.window = self.window.spend(self.limit, ours, calls)
        if self._put_back_at:
            self.stood.append(now - self._put_back_at)
        self._last_claim, self._put_back_at = now, 0
        self._in_hand += calls
        self.sent += calls
        for _ in range(calls):
            self._send(now)

    def _send(self, now: int) -> None:
        ours = now + self._ahead
        fate, longest = self._random.random(), self._random.choice(LATENCIES)
        if fate < self.loss:
            self._plan(now + CALL_TIMEOUT, "given up", ours)
        elif fate < 2 * self.loss:
            self._plan(now + self._random.randrange(CALL_TIMEOUT), "arrive unheard", ours)
            self._plan(now + CALL_TIMEOUT, "given up", ours)
        elif fate < 2 * self.loss + self.deaths:
            self._plan(now + self._random.randint(1, longest), "arrive unheard", ours)
            self._plan(now + CALL_TIMEOUT, "died", ours)
        else:
            self._plan(now + self._random.randint(1, longest), "arrive", ours)

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
            self.window = self.window.answer(self.limit, claimed_at, now + self._ahead, word)

    def _count_call(self, now: int) -> Word:
        """What the platform does: the first call to arrive opens its window."""
        if now >= self._opened + self.limit.window:
            if self._opened:
                self.filled.append(self._count)
            self._opened, self._count = now, 0
        calls = self.truth or self.limit.calls
        refused = self._count >= calls
        self.refused += refused
        self._count += not refused
        if not self.tells:
            return Word(refused=refused)
        # In whole seconds, as on the wire.
        reset_in = (self._opened + self.limit.window - now) // 1000 * 1000 + 1000
        return Word(calls, calls - self._count, reset_in, None, refused)
