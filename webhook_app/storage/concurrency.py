"""Waiting and working beside the caller, under gevent and under plain threads.

Under gunicorn's gevent workers the standard library's primitives are patched and work, but slower than
gevent's own, and a native call that blocks (SQLite's) would stop every request of the process.
"""

import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar, cast

T = TypeVar("T")


class Event(Protocol):
    """What `threading.Event` and gevent's have in common."""

    def set(self) -> Any:
        """Wake who waits."""

    def clear(self) -> Any:
        """Make the next wait a wait."""

    def wait(self, timeout: float | None = None) -> Any:
        """Wait until set, at most `timeout` seconds."""


class Answer(Protocol[T]):
    """A result that many may wait for, until its patience ends."""

    def set_result(self, result: T) -> None:
        """Give the result."""

    def result(self) -> T:
        """Wait. Raises TimeoutError once the patience ends."""


class Threads:
    """Plain threads: a call runs where it is made."""

    def event(self) -> Event:
        """Return an unset event."""
        return threading.Event()

    def answer(self, patience: float) -> Answer[Any]:
        """Return an answer not yet given, for which nobody waits more than `patience` seconds from now."""
        return _ThreadAnswer(patience)

    def start(self, loop: Callable[[], None]) -> None:
        """Run a loop beside the caller."""
        threading.Thread(target=loop, daemon=True).start()

    def pause(self, seconds: float) -> None:
        """Let others work."""
        time.sleep(seconds)

    def aside(self, work: Callable[[], T]) -> T:
        """Run work that may block, and return what it returns."""
        return work()

    def commit(self, work: Callable[[], T]) -> T:
        """The same for the writer's commit, which must not queue behind those who wait for its lock."""
        return work()


class Greenlets(Threads):
    """gevent: native work that blocks (`native=True`, for SQLite) runs in gevent's threads, off the loop."""

    def __init__(self, *, native: bool) -> None:
        from gevent.threadpool import ThreadPool  # gevent is not there under plain threads

        self._threads = ThreadPool(4) if native else None
        self._committer = ThreadPool(1) if native else None

    def event(self) -> Event:
        """Return an unset event."""
        from gevent.event import Event as GeventEvent

        event: Event = GeventEvent()
        return event

    def answer(self, patience: float) -> Answer[Any]:
        """Return an answer not yet given, for which nobody waits more than `patience` seconds from now."""
        return _GreenletAnswer(patience)

    def start(self, loop: Callable[[], None]) -> None:
        """Run a loop beside the caller."""
        import gevent

        gevent.spawn(loop)

    def pause(self, seconds: float) -> None:
        """Let others work."""
        import gevent

        gevent.sleep(seconds)

    def aside(self, work: Callable[[], T]) -> T:
        """Run work that may block, and return what it returns."""
        return _apply(self._threads, work)

    def commit(self, work: Callable[[], T]) -> T:
        """The same for the writer's commit, which must not queue behind those who wait for its lock."""
        return _apply(self._committer, work)


def _apply(threads: Any, work: Callable[[], T]) -> T:
    if threads is None:
        return work()
    # Handed over as a value: what is raised in gevent's threads is logged as well, as if nobody cared.
    result, failure = threads.apply(_outcome, (work,))
    if failure is not None:
        raise failure
    return cast(T, result)


def _outcome(work: Callable[[], T]) -> tuple[T | None, BaseException | None]:
    try:
        return work(), None
    except BaseException as exc:
        return None, exc


class _ThreadAnswer:
    def __init__(self, patience: float) -> None:
        self._future: Future[Any] = Future()
        self._deadline = time.monotonic() + patience
        self.set_result = self._future.set_result

    def result(self) -> Any:
        return self._future.result(max(0.0, self._deadline - time.monotonic()))


class _GreenletAnswer:
    """One timer for all who wait: a time-out each would cost a tenth of what they wait for."""

    def __init__(self, patience: float) -> None:
        import gevent
        from gevent.event import AsyncResult

        self._result = AsyncResult()
        self.result = self._result.get
        self._timer = gevent.get_hub().loop.timer(patience)
        self._timer.start(self._result.set_exception, TimeoutError())

    def set_result(self, result: Any) -> None:
        self._timer.close()
        self._result.set(result)


def concurrency(*, native: bool) -> Threads:
    """What this process works with; `native` if the database's driver blocks."""
    monkey: Any = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched("threading"):
        return Greenlets(native=native)
    return Threads()
