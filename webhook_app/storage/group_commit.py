"""Group commit: callers hand over what they have and wait; one writer commits what all of them have.

1. `submit` puts an item into the queue and waits for its answer.
2. The writer takes everything that waits, writes it in one transaction, commits, and answers all. While
   there is company, it lets a moment pass first, so that more take part.
3. While it commits, the next items gather. Nobody is answered before the commit.

Values that the database refuses fail their own item alone; every other failure fails the whole batch.
"""

import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

from webhook_app.errors import DatabaseUnavailable, Unstorable
from webhook_app.storage.concurrency import Answer, Threads

T = TypeVar("T")

#: A transaction of more items than this would keep its first caller waiting.
MOST_ITEMS = 256
#: How long the writer lets more gather where the last batch had several. Twice the items in half the
#: transactions cost less than the wait, also for the slowest one in a hundred.
GATHER = 0.0005  # seconds
#: How long a caller waits before it is told to come back; X gives a delivery 10 seconds.
PATIENCE = 8.0  # seconds


@dataclass(slots=True)
class _Entry(Generic[T]):
    item: T
    answer: Answer[None]
    #: Its caller has stopped waiting and told the platform to come back.
    abandoned: bool = False


class GroupCommit(Generic[T]):
    """One writer a process, started at the first item: threads do not survive a fork."""

    def __init__(
        self,
        write: Callable[[Sequence[T]], None],
        concurrency: Callable[[], Threads],
        patience: float = PATIENCE,
    ) -> None:
        self._write = write
        self._patience = patience
        self._get_concurrency = concurrency
        self._pid = 0
        self._starting = Lock()

    def submit(self, item: T) -> None:
        """Return once the item is committed. Raises DatabaseUnavailable, Unstorable."""
        with self._starting:
            if self._pid != os.getpid():
                self._start()
        entry = _Entry(item, self._concurrency.answer())
        self._waiting.append(entry)
        self._work.set()
        try:
            entry.answer.result(self._patience)
        except TimeoutError:
            # It may be committed all the same; a repetition is harmless.
            entry.abandoned = True
            raise DatabaseUnavailable from None

    def _start(self) -> None:
        self._concurrency = self._get_concurrency()
        self._waiting: deque[_Entry[T]] = deque()
        self._work = self._concurrency.event()
        self._concurrency.start(self._loop)
        self._pid = os.getpid()

    def _loop(self) -> None:
        company = False
        while True:
            self._work.wait()
            self._work.clear()
            while self._waiting:
                if company:
                    self._concurrency.pause(GATHER)
                entries = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_ITEMS))]
                company = len(entries) > 1
                self._commit([entry for entry in entries if not entry.abandoned])

    def _commit(self, entries: list[_Entry[T]]) -> None:
        failure = self._attempt([entry.item for entry in entries]) if entries else None
        if isinstance(failure, Unstorable) and len(entries) > 1:
            for entry in entries:
                self._commit([entry])
            return
        for entry in entries:
            if failure is None:
                entry.answer.set_result(None)
            else:
                entry.answer.set_exception(failure)

    def _attempt(self, items: list[T]) -> BaseException | None:
        try:
            self._write(items)
        except Exception as exc:  # the outermost loop: whatever it is, the callers are told
            return exc
        return None
