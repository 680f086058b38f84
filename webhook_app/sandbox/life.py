"""People who write to the bot and read its answers, for as long as somebody watches."""

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator

from webhook_app.sandbox.conversations import Conversations
from webhook_app.sandbox.people import Person
from webhook_app.sandbox.state import State

_QUESTIONS = (
    "Hi! Is anybody there?",
    "Wann kommt mein Paket an? Straße 5, bitte …",
    "注文はいつ届きますか?",
    "متى يصل طلبي؟",
    "It's broken :( </script>",
    "Thanks 🙏 one more thing: https://example.com/a/b?c=1&d=2",
)
_ANSWERS = (
    "Hello! How can we help?",
    "We are looking into it.",
    "Your order has left our warehouse 📦",
    "Sorry to hear that. A colleague will write to you soon.",
)
#: Seconds from a visit's begin until the person writes and until the bot answers.
_WRITES_AFTER = 0.3
_ANSWERS_AFTER = 1.0
#: Seconds whose visits are made up for at most.
_MADE_UP = 10.0
#: Some never open the answer, some read only the first of several.
_NEVER_READS = 0.08
_READS_HALF = 0.15

_Deed = Callable[[], object]


class Life:
    """A schedule of deeds. ``step`` does what is due, so that tests need neither the thread nor its clock."""

    def __init__(self, state: State, conversations: Conversations) -> None:
        self._state = state
        self._conversations = conversations
        self._bot = state.person(state.config.bot.user_id)
        self._visitors = self._rotation()
        self._schedule: list[tuple[float, int, _Deed]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._rate = 0.0
        self._next_visit = 0.0
        self._stopped = False
        self._thread = threading.Thread(target=self._live, name="life", daemon=True)

    def start(self) -> None:
        """Begins to run by itself, still without visits until a rate is set."""
        self._thread.start()

    def stop(self) -> None:
        """Stands still for good."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def set_rate(self, visits_per_second: float) -> None:
        """So many people begin to write per second from now on; 0 lets only the visits under way end."""
        with self._changed:
            self._rate = visits_per_second
            self._next_visit = self._now()
            self._changed.notify()

    def step(self) -> bool:
        """Does the next thing if it is due; says whether it was."""
        with self._changed:
            self._invite()
            if not self._schedule or self._schedule[0][0] > self._now():
                return False
            deed = heapq.heappop(self._schedule)[2]
        deed()
        return True

    def _live(self) -> None:
        while not self._stopped:
            if not self.step():
                with self._changed:
                    self._changed.wait(self._pause())

    def _pause(self) -> float | None:
        """Seconds until there is something to do; None where nothing is planned."""
        if self._stopped:
            return 0.0
        planned = [self._schedule[0][0]] if self._schedule else []
        planned += [self._next_visit] if self._rate else []
        return max(0.0, min(planned) - self._now()) if planned else None

    def _invite(self) -> None:
        """Plans the visits that should have begun by now, but not those of hours that a machine has slept."""
        self._next_visit = max(self._next_visit, self._now() - _MADE_UP)
        while self._rate and self._next_visit <= self._now():
            self._plan_visit(next(self._visitors), self._next_visit)
            self._next_visit += 1 / self._rate

    def _plan_visit(self, person: Person, begin: float) -> None:
        random = self._state.random
        question, answers = random.choice(_QUESTIONS), random.choices(_ANSWERS, k=random.choice((1, 1, 2)))
        self._at(begin, lambda: self._conversations.type(person, self._bot))
        self._at(begin + _WRITES_AFTER, lambda: self._conversations.write(person, self._bot, question))
        self._at(begin + _ANSWERS_AFTER, lambda: self._answer(person, answers))

    def _answer(self, person: Person, answers: list[str]) -> None:
        """The bot answers; the person will open that, mostly all of it, after a while."""
        random = self._state.random
        ids = [self._conversations.write(self._bot, person, text)[0].id for text in answers]
        if random.random() < _NEVER_READS:
            return
        up_to = ids[0] if random.random() < _READS_HALF else ids[-1]
        later = self._now() + random.uniform(*self._state.config.reading_seconds)
        with self._changed:
            self._at(later, lambda: self._conversations.read(person, self._bot, up_to))

    def _at(self, when: float, deed: _Deed) -> None:
        heapq.heappush(self._schedule, (when, next(self._numbers), deed))

    def _now(self) -> float:
        return self._state.clock()

    def _rotation(self) -> Iterator[Person]:
        """Everybody once, in a new order each round: a hundred visits are a hundred people."""
        while True:
            yield from self._state.random.sample(self._state.crowd, len(self._state.crowd))
