"""Group commit: nobody is answered before the commit, and whoever fails, the next batch works."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Lock

import pytest

from webhook_app.errors import DatabaseUnavailable, Unstorable
from webhook_app.storage.concurrency import Threads
from webhook_app.storage.group_commit import MOST_ITEMS, GroupCommit

SOON = 60.0  # seconds


class Journal:
    """Takes batches as a database would, and can be held up."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        #: What the next batches fail with.
        self.failures: list[Exception] = []
        self.entered, self.going = Event(), Event()
        self.going.set()
        self.busy = Lock()

    def write(self, items: Sequence[str]) -> None:
        """Commit a batch."""
        assert self.busy.acquire(blocking=False), "two batches at once"
        try:
            self.entered.set()
            assert self.going.wait(SOON)
            if self.failures:
                raise self.failures.pop(0)
            if any("poison" in item for item in items):
                raise Unstorable
            self.batches.append(list(items))
        finally:
            self.busy.release()

    @property
    def committed(self) -> list[str]:
        """Every item, batches forgotten."""
        return [item for batch in self.batches for item in batch]


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def group(journal: Journal) -> GroupCommit[str]:
    return GroupCommit(journal.write, Threads)


@pytest.fixture
def held(
    journal: Journal, group: GroupCommit[str]
) -> Iterator[Callable[[Sequence[str]], list[Future[None]]]]:
    """Submits items while the writer is held up with another one's, so that they wait together."""
    with ThreadPoolExecutor(MOST_ITEMS * 2) as threads:

        def submit(items: Sequence[str]) -> list[Future[None]]:
            journal.going.clear()
            journal.entered.clear()
            first = threads.submit(group.submit, "first")
            assert journal.entered.wait(SOON)
            started = [Event() for _ in items]

            def one(item: str, ready: Event) -> None:
                ready.set()
                group.submit(item)

            answers = [threads.submit(one, *pair) for pair in zip(items, started, strict=True)]
            assert all(ready.wait(SOON) for ready in started)
            return [first, *answers]

        yield submit
        journal.going.set()


def test_it_returns_once_the_item_is_committed(journal: Journal, group: GroupCommit[str]) -> None:
    group.submit("a")
    assert journal.committed == ["a"]


def test_nobody_is_answered_before_the_commit(
    journal: Journal, held: Callable[[Sequence[str]], list[Future[None]]]
) -> None:
    answers = held(["a", "b"])
    assert not any(answer.done() for answer in answers)
    journal.going.set()
    for answer in answers:
        answer.result(SOON)
    assert sorted(journal.committed) == ["a", "b", "first"]


def test_a_batch_has_an_end(journal: Journal, held: Callable[[Sequence[str]], list[Future[None]]]) -> None:
    items = [str(n) for n in range(MOST_ITEMS + 50)]
    answers = held(items)
    journal.going.set()
    for answer in answers:
        answer.result(SOON)
    assert sorted(journal.committed) == sorted([*items, "first"])
    assert max(len(batch) for batch in journal.batches) <= MOST_ITEMS
    # Nearly all waited together; how many exactly is for the scheduler to say.
    assert len(journal.batches) < len(items) / 4


@pytest.mark.parametrize("failure", [DatabaseUnavailable(), RuntimeError("a bug"), TypeError()])
def test_a_failing_batch_fails_everybody_in_it_and_the_next_one_works(
    journal: Journal, group: GroupCommit[str], failure: Exception
) -> None:
    journal.failures = [failure]
    with pytest.raises(type(failure)):
        group.submit("a")
    assert journal.committed == []
    group.submit("b")
    assert journal.committed == ["b"]


def test_whoever_waits_with_a_failing_batch_is_told(
    journal: Journal, held: Callable[[Sequence[str]], list[Future[None]]]
) -> None:
    answers = held(["a", "b", "c"])
    journal.failures = [DatabaseUnavailable() for _ in range(4)]
    journal.going.set()
    told = [isinstance(answer.exception(SOON), DatabaseUnavailable) for answer in answers]
    assert told[0]
    # The three may have made one batch or several; a batch fails or is committed as a whole.
    failed = {item for item, bad in zip("abc", told[1:], strict=True) if bad}
    assert failed.isdisjoint(journal.committed)
    assert failed | set(journal.committed) == {"a", "b", "c"}


def test_poison_fails_alone(journal: Journal, held: Callable[[Sequence[str]], list[Future[None]]]) -> None:
    answers = held(["a", "poison", "b", "more poison", "c"])
    journal.going.set()
    results = [answer.exception(SOON) for answer in answers]
    assert [isinstance(result, Unstorable) for result in results] == [False, False, True, False, True, False]
    assert sorted(journal.committed) == ["a", "b", "c", "first"]


def test_an_outage_while_poison_is_searched_for_fails_only_whom_it_meets(
    journal: Journal, held: Callable[[Sequence[str]], list[Future[None]]]
) -> None:
    answers = held(["a", "b", "c"])
    journal.failures = []
    journal.going.set()
    for answer in answers:
        answer.result(SOON)
    journal.failures = [Unstorable(), DatabaseUnavailable()]
    answers = held(["d", "e"])
    journal.going.set()
    outcomes = {
        name: answer.exception(SOON) for name, answer in zip(["first", "d", "e"], answers, strict=True)
    }
    for item in ("d", "e"):
        assert (item in journal.committed) == (outcomes[item] is None)


def test_it_works_from_many_threads(journal: Journal, group: GroupCommit[str]) -> None:
    def submit(thread: int) -> None:
        for n in range(50):
            with suppress(Unstorable):
                group.submit(f"{thread}/{n}" if n % 10 else f"poison {thread}/{n}")

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(submit, range(16)))
    assert sorted(journal.committed) == sorted(
        f"{thread}/{n}" for thread in range(16) for n in range(50) if n % 10
    )


AFTER_A_FORK = """
import os
from webhook_app.storage.concurrency import Threads
from webhook_app.storage.group_commit import GroupCommit

written = []
group = GroupCommit(written.extend, Threads)
group.submit("before")
child = os.fork()
group.submit("after")
assert written == ["before", "after"], written
if child:
    assert os.waitpid(child, 0)[1] == 0
else:
    os._exit(0)
"""


def test_it_starts_anew_after_a_fork() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", AFTER_A_FORK], check=True, timeout=120)


UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()
import sys
import gevent
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.position import Mark
from webhook_app.storage import Store

store = Store(sys.argv[1], ("key",))
deliveries = [Inbound("twitter", marks=[Mark("twitter", str(n), "9", n, n)]) for n in range(200)]
gevent.joinall([gevent.spawn(store.record, inbound) for inbound in deliveries], raise_error=True, timeout=60)
print(sum(store.position(("twitter", str(n), "9"))[0].cursor == n for n in range(200)))
store.close()
"""


def test_it_works_under_gevent(database: str) -> None:
    url = database.replace("postgresql:", "postgresql+psycopg:")
    command = [sys.executable, "-c", UNDER_GEVENT, url]
    done = subprocess.run(command, check=True, timeout=120, capture_output=True, text=True)
    assert done.stdout == "200\n"
