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
    """A result that somebody waits for."""

    def set_result(self, result: T) -> None:
        """Give the result."""

    def set_exception(self, exception: BaseException) -> None:
        """Give the failure."""

    def result(self, timeout: float | None = None) -> T:
        """Wait; raises the failure, or TimeoutError."""


class Threads:
    """Plain threads: a call runs where it is made."""

    def event(self) -> Event:
        """Return an unset event."""
        return threading.Event()

    def answer(self) -> Answer[Any]:
        """Return an answer not yet given."""
        return Future()

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

    def answer(self) -> Answer[Any]:
        """Return an answer not yet given."""
        return _GreenletAnswer()

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


class _GreenletAnswer:
    def __init__(self) -> None:
        from gevent.event import AsyncResult

        self._result = AsyncResult()
        self.set_result = self._result.set
        self.set_exception = self._result.set_exception

    def result(self, timeout: float | None = None) -> Any:
        import gevent

        try:
            return self._result.get(timeout=timeout)
        except gevent.Timeout as exc:
            raise TimeoutError from exc


def concurrency(*, native: bool) -> Threads:
    """What this process works with; `native` if the database's driver blocks."""
    monkey: Any = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched("threading"):
        return Greenlets(native=native)
    return Threads()
