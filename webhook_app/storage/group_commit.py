"""Group commit: callers hand over what they have and wait; one writer commits what all of them have.

1. `submit` adds an item to the batch that gathers, and waits for the batch's answer.
2. The writer takes the batch, writes it in one transaction, commits, and answers all at once.
3. While it commits, the next batch gathers. Nobody is answered before the commit.

Values that the database refuses fail their own item alone; every other failure fails the whole batch.
"""

import os
from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

from webhook_app.errors import DatabaseUnavailable, Unstorable
from webhook_app.storage.concurrency import Answer, Threads

T = TypeVar("T")
#: What became of a batch's items: those that failed, by their place in it.
Failures = dict[int, Exception]

#: A transaction of more items than this would keep its first caller waiting.
MOST_ITEMS = 256
#: How long after its first item a batch is given up, its callers told to come back; X gives a delivery 10 s.
PATIENCE = 8.0  # seconds


class _Batch(Generic[T]):
    """Items that are committed together, and the one answer that all their callers wait for."""

    def __init__(self, answer: Answer[Failures]) -> None:
        self.items: list[T] = []
        self.answer = answer
        #: Its callers have stopped waiting and told the platform to come back.
        self.abandoned = False

    @property
    def closed(self) -> bool:
        """Whether the next item needs another batch."""
        return self.abandoned or len(self.items) >= MOST_ITEMS


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
        self._lock = Lock()

    def submit(self, item: T) -> None:
        """Return once the item is committed. Raises DatabaseUnavailable, Unstorable."""
        with self._lock:
            if self._pid != os.getpid():
                self._start()
            if not self._gathering or self._gathering[-1].closed:
                self._gathering.append(_Batch(self._concurrency.answer(self._patience)))
            batch = self._gathering[-1]
            place = len(batch.items)
            batch.items.append(item)
        if not place:
            self._work.set()
        try:
            failure = batch.answer.result().get(place)
        except TimeoutError:
            # It may be committed all the same; a repetition is harmless.
            batch.abandoned = True
            raise DatabaseUnavailable from None
        if failure is not None:
            raise failure

    def _start(self) -> None:
        self._concurrency = self._get_concurrency()
        self._gathering: deque[_Batch[T]] = deque()
        self._work = self._concurrency.event()
        self._concurrency.start(self._loop)
        self._pid = os.getpid()

    def _loop(self) -> None:
        while True:
            self._work.wait()
            self._work.clear()
            while self._gathering:
                with self._lock:
                    batch = self._gathering.popleft()
                batch.answer.set_result(
                    self._give_up(batch) if batch.abandoned else self._commit(batch.items)
                )

    def _give_up(self, batch: _Batch[T]) -> Failures:
        """Nothing of it is written, and some may be waiting still: for a moment longer, or since just now."""
        return dict.fromkeys(range(len(batch.items)), DatabaseUnavailable())

    def _commit(self, items: list[T]) -> Failures:
        failure = self._attempt(items)
        if failure is None:
            return {}
        if isinstance(failure, Unstorable) and len(items) > 1:
            alone = ((place, self._attempt([item])) for place, item in enumerate(items))
            return {place: failure for place, failure in alone if failure is not None}
        return dict.fromkeys(range(len(items)), failure)

    def _attempt(self, items: list[T]) -> Exception | None:
        try:
            self._write(items)
        except Exception as exc:  # the outermost loop: whatever it is, the callers are told
            return exc
        return None
