"""A batch that somebody has given up is committed for nobody, and nobody is told that it was."""

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event, Lock, Semaphore
from typing import Any

from webhook_app.errors import DatabaseUnavailable
from webhook_app.storage.concurrency import Threads
from webhook_app.storage.group_commit import GroupCommit

SOON = 60.0  # seconds


class OneLosesPatience(Threads):
    """Of those who wait for an answer one gives up as soon as it is told to, the others do not."""

    def __init__(self) -> None:
        self.waiting = Semaphore(0)
        self.given_up = Event()

    def answer(self, patience: float) -> Any:
        """Return an answer not yet given."""
        return _Answer(self)


class _Answer:
    def __init__(self, concurrency: OneLosesPatience) -> None:
        self._concurrency = concurrency
        self._one = Lock()
        self._future: Future[Any] = Future()
        self.set_result = self._future.set_result

    def result(self) -> Any:
        self._concurrency.waiting.release()
        if self._one.acquire(blocking=False):
            self._concurrency.given_up.wait(SOON)
            raise TimeoutError
        return self._future.result(SOON)


def test_who_still_waits_when_another_gives_up_is_not_told_that_it_is_committed() -> None:
    entered, going, committed = Event(), Event(), list[str]()
    concurrency = OneLosesPatience()

    def write(items: Sequence[str]) -> None:
        entered.set()
        assert going.wait(SOON)
        committed.extend(items)

    group = GroupCommit(write, lambda: concurrency)
    with ThreadPoolExecutor(3) as threads:
        threads.submit(group.submit, "first")
        assert entered.wait(SOON)
        answers = [threads.submit(group.submit, item) for item in ("a", "b")]
        assert all(concurrency.waiting.acquire(timeout=SOON) for _ in range(3))
        concurrency.given_up.set()
        wait(answers, SOON, FIRST_COMPLETED)
        going.set()
        told = [answer.exception(SOON) for answer in answers]
    assert committed == ["first"]
    assert [type(failure) for failure in told] == [DatabaseUnavailable] * 2
