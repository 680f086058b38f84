"""The law of the outbox, held by both databases: nothing is lost, sent backwards or sent too often."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from random import Random
from threading import Event

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.conftest import NOW
from tests.storage.conftest import KEYS
from tests.storage.locks import look
from tests.storage.outbox_law import Deed, World, stories
from tests.storage.outgoing import (
    APART,
    BOT,
    LIMIT,
    TEAM,
    accept,
    accept_all,
    deliver,
    end,
    open_accounts,
    row,
    rows,
    take,
)  # fmt: skip
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.outbox import Claim, Coalescing, Outgoing, Policy, Status, Verdict
from webhook_app.domain.rate import RateLimit
from webhook_app.storage import Store
from webhook_app.storage.accepting import Accepting
from webhook_app.storage.batch import merge

some = settings(deadline=None, max_examples=20)
#: So that nothing waits for time in a test of threads.
FREE = {"twitter": Policy("mark_read", RateLimit(10**6, 900_000), Coalescing(0, first_at_once=True))}


#: A mark that the platform refuses, and right ones behind it.
REFUSED: list[Deed] = [
    ("accept", [((0, 0), 1)]), ("claim", 4), ("settle", (0, None)), ("wait", APART),
    ("accept", [((0, 0), 5)]), ("claim", 4), ("settle", (0, Verdict.PEER)), ("wait", APART),
    ("accept", [((0, 0), 1)]), ("accept", [((0, 0), 3)]), ("accept", [((0, 0), 2)]), ("claim", 4),
]  # fmt: skip


@some
@given(stories)
@example(REFUSED)
def test_whatever_happens(shared: Store, second: Store, story: list[Deed]) -> None:
    world = World([shared, second])
    for deed in story:
        world.happen(deed)
    world.finish()


@some
@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=5), st.randoms())
def test_any_order_and_grouping_wants_the_same(
    shared: Store, second: Store, groups: list[list[int]], random: Random
) -> None:
    world = World([shared, second])
    account = world.accounts[1]
    for group in groups:
        accept_all(world.store, [Outgoing(*account, "2", cursor, NOW) for cursor in group])
    repeated = [cursor for group in groups for cursor in group] * 2
    random.shuffle(repeated)
    for cursor in repeated:
        accept(world.store, cursor, NOW, account=account, peer="3")
    one, other = (row(shared, (*account, peer)) for peer in "23")
    assert one.cursor == other.cursor == max(repeated)
    assert one.due_at == other.due_at


@pytest.fixture
def stores(store: Store, second_store: Store) -> Iterator[list[Store]]:
    """The stores of four processes."""
    with ExitStack() as stack:
        url = store.database.engine.url.render_as_string(hide_password=False)
        more = [stack.enter_context(closing(Store(url, KEYS))) for _ in range(2)]
        yield [store, second_store, *more]


def at_once(works: Sequence[Callable[[], object]]) -> None:
    """Do all of it at the same time."""
    with ThreadPoolExecutor(len(works)) as threads:
        for done in [threads.submit(work) for work in works]:
            done.result(60)


def test_processes_that_claim_at_once_never_claim_the_same_nor_too_much(stores: list[Store]) -> None:
    for store in stores:
        open_accounts(store)
    open_accounts(stores[0], BOT, *TEAM)
    for account in (BOT, *TEAM):
        accept_all(stores[0], [Outgoing(*account, str(n), 7, NOW - 5000) for n in range(LIMIT.calls + 5)])
    claimed: list[Claim] = []

    def work(store: Store) -> None:
        for _ in range(20):
            claimed.extend(take(store, NOW, 3))

    at_once([partial(work, store) for store in stores])
    assert len({claim.key for claim in claimed}) == len(claimed)
    owners = [claim.owner for claim in claimed]
    assert {owner: owners.count(owner) for owner in owners} == {"1": LIMIT.calls, "T1": LIMIT.calls}
    assert [window.used for *_, window in stores[0].outbox.windows()] == [LIMIT.calls] * 2


def test_nobody_sleeps_over_a_mark_that_is_accepted_while_others_are_claimed(stores: list[Store]) -> None:
    accounts = [BOT, ("twitter", "2")]
    open_accounts(stores[0], *accounts)
    for store in stores:
        store.configure(FREE)
    accepted, claimed = Event(), list[Claim]()
    each, peers = 60, 7

    def tell(store: Store, first: int) -> None:
        for n in range(each):
            accept(store, first + 2 * n, NOW, account=accounts[n % 2], peer=str(n % peers))

    def work(store: Store) -> None:
        while True:
            last = accepted.is_set()
            claims = deliver(store, NOW, 3)
            claimed.extend(claims)
            if last and not claims and store.outbox.next_at() is None:
                return

    def tell_all() -> None:
        try:
            at_once([lambda: tell(stores[0], 1), lambda: tell(stores[1], 2)])
        finally:
            accepted.set()

    at_once([tell_all, lambda: work(stores[2]), lambda: work(stores[3])])
    found = rows(stores[0])
    assert {one.status for one in found} == {Status.DELIVERED}
    assert all(one.acknowledged == one.cursor for one in found)
    for key in {claim.key for claim in claimed}:
        cursors = [claim.cursor for claim in claimed if claim.key == key]
        assert len(set(cursors)) == len(cursors)


@contextmanager
def coming_in(store: Store, mark: Outgoing) -> Iterator[None]:
    """A mark that another process is accepting: on Postgres it is written and not yet committed."""
    accepting = Accepting(store.database.engine.dialect, FREE)
    steps = accepting.steps(merge([Inbound(mark.platform, outgoing=[mark])]))
    with store.database.engine.execution_options(writes=True).connect() as connection:
        if store.database.dialect == "sqlite":
            # There nobody can claim meanwhile.
            yield
        with connection.begin():
            for step in steps:
                connection.exec_driver_sql(*step)
            if store.database.dialect != "sqlite":
                yield


def test_a_mark_that_comes_in_during_a_claim_is_not_slept_over(store: Store, second_store: Store) -> None:
    open_accounts(store, BOT)
    accept(store, 7)
    with coming_in(store, Outgoing(*BOT, "3", 7, NOW)):
        first = take(second_store, NOW, 8)
    assert store.outbox.next_at() == NOW
    assert {claim.peer for claim in [*first, *take(second_store, NOW, 8)]} == {"2", "3"}


def test_a_mark_that_comes_in_while_a_call_ends_is_not_slept_over(
    store: Store, second_store: Store, database: str
) -> None:
    open_accounts(store, BOT)
    accept(store, 7)
    claims = take(second_store, NOW, 8)
    with ThreadPoolExecutor(1) as threads:
        with coming_in(store, Outgoing(*BOT, "3", 7, NOW)):
            ended = threads.submit(end, second_store, claims, NOW)
            wait_until(lambda: ended.done() or is_blocked(database))
        ended.result(10)
    assert [claim.peer for claim in take(second_store, NOW, 8)] == ["3"]


def is_blocked(database: str) -> bool:
    """Whether somebody waits for a lock."""
    if database.startswith("sqlite"):
        return False
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return bool(look(database, waits))


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for another process, ten seconds at most."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
