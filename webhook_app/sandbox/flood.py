"""Read events in bulk, to see whether a consumer keeps up and loses nothing."""

import threading
import time

from webhook_app.sandbox.conversations import Conversations
from webhook_app.sandbox.people import Person
from webhook_app.sandbox.state import State

#: Seconds between two looks at the clock; what has become due in between leaves together.
_TICK = 0.01


class Flood:
    """Any number of floods at a time, each a thread of its own."""

    def __init__(self, state: State, conversations: Conversations) -> None:
        self._state = state
        self._conversations = conversations
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self, count: int, rate: float | None) -> None:
        """Makes random people read so many new messages of the bot, so many a second or at once."""
        thread = threading.Thread(target=self._pour, args=(count, rate), name="flood", daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        """Ends all floods."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _pour(self, count: int, rate: float | None) -> None:
        bot = self._state.person(self._state.config.bot.user_id)
        begun, poured = time.monotonic(), 0
        while poured < count and not self._stopped.is_set():
            due = count if rate is None else min(count, int((time.monotonic() - begun) * rate) + 1)
            for _ in range(poured, due):
                self._read_one(bot)
            poured = due
            self._stopped.wait(_TICK if poured < count else 0)

    def _read_one(self, bot: Person) -> None:
        reader = self._state.random.choice(self._state.crowd)
        self._conversations.read(reader, bot, self._state.snowflakes.next())
