"""The outbox as operators see it and look after it: lists, numbers, retries, haste, retention."""

from dataclasses import replace

import pytest

from tests.conftest import NOW
from tests.storage.outgoing import (
    APART,
    BOT,
    LIMIT,
    POLICIES,
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
from webhook_app.domain.outbox import REFUSED_FOR, Key, OutboxRow, Outgoing, State, Status, Verdict
from webhook_app.domain.rate import CALL_TIMEOUT, Word
from webhook_app.errors import NotFound
from webhook_app.storage import Store
from webhook_app.storage.audit import list_audit
from webhook_app.storage.outbox import OutboxFilter, OutboxNumbers
from webhook_app.storage.retention import DAY, PIECE

OTHER = ("twitter", "9")
GONE = ("twitter", "8")


@pytest.fixture
def out(store: Store) -> Store:
    """A store with accounts."""
    open_accounts(store, BOT, OTHER, *TEAM)
    return store


@pytest.fixture
def mixed(out: Store) -> Store:
    """A store with rows of every status."""
    open_accounts(out, GONE)
    accept(out, 7, peer="delivered")
    deliver(out, NOW)
    accept(out, 7, peer="failed")
    end(out, take(out, NOW, 8), NOW, Verdict.PEER, "not_in_channel", word=Word())
    accept(out, 7, NOW + 1, peer="waiting")
    accept(out, 7, NOW + 2, peer="waiting", account=TEAM[0])
    accept(out, 7, NOW + 3, peer="stopped", account=OTHER)
    out.accounts.set_state(*OTHER, State.PAUSED, "", NOW, "tests")
    accept(out, 7, NOW + 4, peer="dropped", account=GONE)
    out.accounts.remove(*GONE, NOW + 5, "tests")
    return out


def found(store: Store, wanted: OutboxFilter) -> list[Key]:
    """The keys of a list."""
    return [one.key for one in store.outbox.list(wanted)]


EVERY = [
    ("slack", "T1.U1", "waiting"), ("twitter", "1", "delivered"), ("twitter", "1", "failed"),
    ("twitter", "1", "waiting"), ("twitter", "8", "dropped"), ("twitter", "9", "stopped"),
]  # fmt: skip


def test_a_list_is_in_the_order_of_keys(mixed: Store) -> None:
    assert found(mixed, OutboxFilter()) == EVERY
    assert found(mixed, OutboxFilter(platform="twitter")) == EVERY[1:]
    assert found(mixed, OutboxFilter(platform="twitter", account="1")) == EVERY[1:4]
    assert found(mixed, OutboxFilter(peer="waiting")) == [EVERY[0], EVERY[3]]
    assert found(mixed, OutboxFilter(platform="twitter", peer="waiting", status=Status.FAILED)) == []


@pytest.mark.parametrize(
    ("status", "keys"),
    [
        (Status.WAITING, [EVERY[0], EVERY[3]]),
        (Status.DELIVERED, [EVERY[1]]),
        (Status.FAILED, [EVERY[2], EVERY[4]]),
        (Status.STOPPED, [EVERY[5]]),
    ],
)
def test_a_list_of_one_status(mixed: Store, status: Status, keys: list[Key]) -> None:
    assert found(mixed, OutboxFilter(status=status)) == keys
    assert {one.status for one in mixed.outbox.list(OutboxFilter(status=status))} == {status}


@pytest.mark.parametrize("status", [None, Status.WAITING, Status.FAILED])
@pytest.mark.parametrize("limit", [1, 2, 4])
def test_pages_continue_where_the_last_one_ended(mixed: Store, limit: int, status: Status | None) -> None:
    wanted, paged = OutboxFilter(status=status, limit=limit), list[Key]()
    while page := found(mixed, wanted):
        assert len(page) <= limit
        paged += page
        wanted = replace(wanted, after=page[-1])
    assert paged == found(mixed, OutboxFilter(status=status))


def test_rows_are_found_by_their_keys(mixed: Store) -> None:
    keys = [EVERY[1], ("twitter", "1", "nobody"), EVERY[1]]
    assert mixed.outbox.rows(keys) == {
        EVERY[1]: OutboxRow(*EVERY[1], 7, 7, Status.DELIVERED, None, 0, "", 0, NOW, NOW)
    }
    assert mixed.outbox.rows([]) == {}
    many = [("twitter", "1", str(n)) for n in range(1000)]
    assert mixed.outbox.rows([*many, *EVERY]).keys() == set(EVERY)


def test_numbers_are_by_platform(mixed: Store) -> None:
    assert mixed.outbox.numbers() == OutboxNumbers(
        waiting={"slack": 1, "twitter": 2},
        oldest={"slack": NOW + 2, "twitter": NOW + 1},
        failed={"twitter": 2},
    )
    assert mixed.outbox.waiting(*BOT, 100) == 1
    assert mixed.outbox.waiting("twitter", "nobody", 100) == 0


def test_waiting_rows_are_counted_up_to_a_limit(out: Store) -> None:
    accept_all(out, [Outgoing(*BOT, str(n), 7, NOW) for n in range(30)])
    assert [out.outbox.waiting(*BOT, most) for most in (1, 30, 31)] == [1, 30, 30]


def test_refusals_are_remembered_while_they_are_believed(mixed: Store) -> None:
    until = NOW + REFUSED_FOR
    assert mixed.outbox.refusals(NOW) == {EVERY[2]: (until, "not_in_channel")}
    assert mixed.outbox.refusals(until - 1) == mixed.outbox.refusals(NOW)
    assert mixed.outbox.refusals(until) == {}
    accept(mixed, 8, NOW + 9, peer="failed")
    assert mixed.outbox.refusals(NOW) == {}


def test_a_refused_mark_is_retried(mixed: Store) -> None:
    mixed.outbox.retry(EVERY[2], NOW + 10, "ann")
    one = row(mixed, EVERY[2])
    assert (one.status, one.due_at, one.attempts, one.refused_until) == (Status.WAITING, NOW + 10, 0, 0)
    assert EVERY[2] in [claim.key for claim in take(mixed, NOW + 10, 8)]
    entry = mixed.read(lambda c: list_audit(c, None, 1))[0]
    assert (entry.who, entry.action, entry.subject) == ("ann", "retry mark", "twitter/1/failed")


def test_a_retry_does_not_wait_for_a_pause(out: Store) -> None:
    key = accept(out, 7)
    end(out, take(out, NOW, 8), NOW, Verdict.RETRY, "x", word=Word(), wait=600_000)
    out.outbox.retry(key, NOW + 1, "tests")
    # But for a call that may still arrive.
    assert take(out, NOW + 1, 8) == []
    assert out.outbox.next_at() == NOW + CALL_TIMEOUT
    assert [claim.attempts for claim in take(out, NOW + CALL_TIMEOUT, 8)] == [0]


def test_a_retry_sends_nothing_twice(out: Store) -> None:
    key = accept(out, 7)
    claims = take(out, NOW, 8)
    out.outbox.retry(key, NOW + 1, "tests")
    assert take(out, NOW + 1, 8) == []
    end(out, claims, NOW + 2, word=Word())
    out.outbox.retry(key, NOW + 3, "tests")
    assert row(out, key).status is Status.DELIVERED
    with pytest.raises(NotFound):
        out.outbox.retry((*BOT, "nobody"), NOW, "tests")


def test_haste_sends_what_waits_to_be_coalesced(out: Store) -> None:
    for account in TEAM:
        accept(out, 7, account=account)
    accept(out, 7, peer="refused")
    end(out, take(out, NOW, 8), NOW, Verdict.RETRY, "x", word=Word(), wait=600_000)
    accept(out, 7, peer="under way")
    take(out, NOW, 8)
    assert out.outbox.hasten(NOW + 1) == 2
    assert sorted(claim.account for claim in take(out, NOW + 1, 8)) == ["T1.U1", "T1.U2"]
    assert out.outbox.hasten(NOW + 2) == 0


def test_haste_may_be_for_one_account(out: Store) -> None:
    for account in TEAM:
        accept(out, 7, account=account)
    assert out.outbox.hasten(NOW + 1, TEAM[1]) == 1
    assert [claim.account for claim in take(out, NOW + 1, 8)] == ["T1.U2"]


def test_haste_leaves_stopped_accounts_alone(out: Store) -> None:
    accept(out, 7, account=TEAM[0])
    out.accounts.set_state(*TEAM[0], State.PAUSED, "", NOW, "tests")
    assert out.outbox.hasten(NOW + 1) == 0


def test_a_dispatcher_is_seen(out: Store) -> None:
    assert out.outbox.last_seen() is None
    for now in (NOW, NOW + 5, NOW + 3):
        out.outbox.seen(now)
    assert out.outbox.last_seen() == NOW + 5
    assert out.take_lease("another", "me", 1000)
    assert out.outbox.last_seen() == NOW + 5


def test_a_dispatcher_is_not_seen_ahead_by_a_clock_that_was_put_back(out: Store) -> None:
    out.outbox.seen(NOW + 3_600_000)
    out.outbox.seen(NOW)
    assert out.outbox.last_seen() == NOW


def test_windows_are_listed(out: Store) -> None:
    assert out.outbox.windows() == []
    accept(out, 7)
    accept(out, 7, NOW - APART, account=TEAM[0])
    deliver(out, NOW)
    listed = {one[:3]: one[3].left(LIMIT, NOW) for one in out.outbox.windows()}
    assert listed == {
        ("slack", "T1", POLICIES["slack"].method): LIMIT.calls - 1,
        ("twitter", "1", POLICIES["twitter"].method): LIMIT.calls - 1,
    }


def test_settled_rows_go_after_their_time(mixed: Store) -> None:
    days, before = 90, rows(mixed)
    assert mixed.outbox.walk(NOW + days * DAY, days, None) is None
    assert rows(mixed) == before
    assert mixed.outbox.walk(NOW + days * DAY + CALL_TIMEOUT, days, None) is None
    assert [one.key for one in rows(mixed)] == [EVERY[0], EVERY[3], EVERY[5]]


def test_retention_walks_in_pieces(out: Store) -> None:
    outgoing = [Outgoing(*BOT, str(n), 7, NOW) for n in range(PIECE + 10)]
    accept_all(out, outgoing)
    out.accounts.remove(*BOT, NOW, "tests")
    place = out.outbox.walk(NOW + 2 * DAY, 1, None)
    assert place is not None
    assert len(out.outbox.rows(mark[:3] for mark in outgoing)) == 10
    assert out.outbox.walk(NOW + 2 * DAY, 1, place) is None
    assert rows(out) == []
