"""The ends of calls, written down: for the mark, its account, its window and its platform."""

import pytest

from tests.conftest import NOW
from tests.storage.outgoing import APART, BOT, LIMIT, TEAM, accept, end, open_accounts, row, take
from webhook_app.domain.outbox import REFUSED_FOR, Claim, Settled, State, Status, Verdict
from webhook_app.domain.rate import CALL_TIMEOUT, Word
from webhook_app.storage import Store

OTHER = ("twitter", "9")
KEY = (*BOT, "2")


@pytest.fixture
def out(store: Store) -> Store:
    """A store with accounts and a mark of the first."""
    open_accounts(store, BOT, OTHER, *TEAM)
    accept(store, 7)
    return store


def test_what_is_delivered_is_done(out: Store) -> None:
    end(out, take(out, NOW, 8), NOW + 100, word=Word())
    found = row(out, KEY)
    assert (found.status, found.acknowledged, found.delivered_at) == (Status.DELIVERED, 7, NOW + 100)
    assert (found.due_at, out.outbox.next_at()) == (None, None)


def test_what_has_grown_meanwhile_is_sent_after_the_time_apart(out: Store) -> None:
    claims = take(out, NOW, 8)
    accept(out, 9, NOW + 1)
    end(out, claims, NOW + 100, word=Word())
    assert (row(out, KEY).status, out.outbox.next_at()) == (Status.WAITING, NOW + APART)
    assert take(out, NOW + APART, 8)[0].cursor == 9


@pytest.mark.parametrize(
    ("verdict", "wait", "status", "due_at"),
    [
        (Verdict.RETRY, 60_000, Status.WAITING, NOW + 100 + 60_000),
        (Verdict.WINDOW, None, Status.WAITING, NOW + APART),
        (Verdict.PEER, None, Status.FAILED, None),
        (Verdict.PAUSE, None, Status.WAITING, NOW + APART),
        (Verdict.ACCOUNT, None, Status.STOPPED, NOW + APART),
        (Verdict.PLATFORM, None, Status.STOPPED, NOW + APART),
    ],
)
def test_what_failed_fares_as_its_verdict_says(
    out: Store, verdict: Verdict, wait: int | None, status: Status, due_at: int | None
) -> None:
    end(out, take(out, NOW, 8), NOW + 100, verdict, "fatal_error", word=Word(), wait=wait)
    found = row(out, KEY)
    assert (found.status, found.due_at) == (status, due_at)
    # A shut window is no failure of the mark.
    failed = verdict is not Verdict.WINDOW
    assert (found.attempts, found.problem) == ((1, "fatal_error") if failed else (0, ""))
    assert found.refused_until == (NOW + 100 + REFUSED_FOR if verdict is Verdict.PEER else 0)
    assert (found.cursor, found.acknowledged) == (7, None)


def test_failures_in_a_row_are_told_to_the_next_claim(out: Store) -> None:
    now = NOW
    for attempts in (0, 1, 2):
        (claim,) = take(out, now, 8)
        assert claim.attempts == attempts
        end(out, [claim], now, Verdict.RETRY, "fatal_error", word=Word())
        now = row(out, KEY).due_at or 0
    end(out, take(out, now, 8), now, word=Word())
    assert (row(out, KEY).attempts, row(out, KEY).problem) == (0, "")


def test_a_refusal_for_the_rate_shuts_the_window_for_the_whole_account(out: Store) -> None:
    accept(out, 7, NOW + 50, peer="3")
    (claim, _) = take(out, NOW + 60, 8)
    accept(out, 7, NOW + 70, peer="4")
    end(out, [claim], NOW + 100, Verdict.WINDOW, "88", word=Word(refused=True, retry_in=30_000))
    assert take(out, NOW + 100 + 30_000, 8) == []
    opens = out.outbox.window(*BOT, "mark_read").shut_until
    assert opens == NOW + 100 + 30_000 + 1000
    assert len(take(out, opens, 8)) == 3


def test_a_dead_account_stops_and_its_marks_stay(out: Store) -> None:
    accept(out, 7, account=OTHER)
    claims = [claim for claim in take(out, NOW, 8) if claim.account == BOT[1]]
    end(out, claims, NOW + 1, Verdict.ACCOUNT, "89 expired", word=Word(), state=State.REVOKED)
    account = out.accounts.one(*BOT)
    assert (account.state, account.reason, account.since) == (State.REVOKED, "89 expired", NOW + 1)
    assert out.accounts.one(*OTHER).state is State.ACTIVE
    accept(out, 8, NOW + 2)
    assert row(out, KEY).status is Status.STOPPED
    out.accounts.set_state(*BOT, State.ACTIVE, "", NOW + 3, "tests")
    assert [claim.cursor for claim in take(out, NOW + APART, 8)] == [8]


def test_a_platform_that_is_not_there_stops_all_its_accounts(out: Store) -> None:
    out.accounts.set_state(*OTHER, State.PAUSED, "holidays", NOW, "tests")
    accept(out, 7, account=TEAM[0])
    end(out, take(out, NOW, 8), NOW + 1, Verdict.PLATFORM, "453 no access", word=Word())
    found = {account.key: (account.state, account.reason) for account in out.accounts.list()}
    assert found[BOT] == (State.SUSPENDED, "453 no access")
    assert found[OTHER] == (State.PAUSED, "holidays")
    assert found[TEAM[0]] == (State.ACTIVE, "")
    assert len(take(out, NOW + APART, 8)) == 1


def test_many_ends_are_written_at_once(out: Store) -> None:
    for n in range(6):
        accept(out, 7, peer=f"1{n}")
    accept(out, 7, NOW - APART, account=TEAM[0])
    # The account with more to send gets its share first, and then what is left.
    claims = take(out, NOW, 8)
    claims += take(out, NOW, 8 - len(claims))
    verdicts = [None, Verdict.RETRY, Verdict.PEER, None, Verdict.RETRY, Verdict.PEER, None, None]
    out.outbox.settle(
        [Settled(*pair, problem="x") for pair in zip(claims, [Word()] * 8, verdicts, strict=True)], NOW + 1
    )
    statuses = [row(out, claim.key).status for claim in claims]
    expected = {None: Status.DELIVERED, Verdict.RETRY: Status.WAITING, Verdict.PEER: Status.FAILED}
    assert statuses == [expected[verdict] for verdict in verdicts]
    assert out.outbox.window(*BOT, "mark_read").settled == 7


def test_an_end_that_is_written_twice_changes_nothing(out: Store) -> None:
    claims = take(out, NOW, 8)
    end(out, claims, NOW + 100, Verdict.RETRY, "fatal_error", word=Word())
    before = row(out, KEY), out.outbox.windows(), out.accounts.list()
    end(out, claims, NOW + 100, Verdict.RETRY, "fatal_error", word=Word())
    assert (row(out, KEY), out.outbox.windows(), out.accounts.list()) == before


@pytest.mark.parametrize("verdict", [None, *Verdict])
def test_a_claim_that_was_taken_over_raises_what_is_acknowledged_and_nothing_else(
    out: Store, verdict: Verdict | None
) -> None:
    first = take(out, NOW, 8)
    accept(out, 9, NOW + 1)
    second = take(out, NOW + CALL_TIMEOUT, 8)
    before = out.accounts.list()
    end(out, first, NOW + CALL_TIMEOUT + 1, verdict, "x", word=Word())
    assert out.accounts.list() == before
    assert row(out, KEY).acknowledged == (7 if verdict is None else None)
    assert row(out, KEY).due_at == NOW + 2 * CALL_TIMEOUT
    end(out, second, NOW + CALL_TIMEOUT + 2, word=Word())
    assert (row(out, KEY).status, row(out, KEY).acknowledged) == (Status.DELIVERED, 9)


def test_nothing_to_settle_is_settled(out: Store) -> None:
    out.outbox.settle([], NOW)


def test_the_end_of_what_was_forgotten_meanwhile_is_no_error(out: Store) -> None:
    claims = take(out, NOW, 8)
    out.forget("twitter", "1", NOW, "tests")
    end(out, claims, NOW + 1, word=Word())
    assert out.outbox.rows([KEY]) == {}
    assert out.accounts.list() == [out.accounts.one(*key) for key in [*TEAM, OTHER]]
    assert out.outbox.windows() == []


def test_the_end_of_a_removed_account_is_remembered(out: Store) -> None:
    claims = take(out, NOW, 8)
    out.accounts.remove(*BOT, NOW, "tests")
    end(out, claims, NOW + 1, word=Word())
    assert row(out, KEY).status is Status.DELIVERED


def test_a_window_that_is_unknown_is_made(out: Store) -> None:
    never = Claim(*KEY, 7, 0, NOW - 60_000, "1")
    end(out, [never], NOW, Verdict.WINDOW, "88", word=Word(retry_in=LIMIT.window))
    assert take(out, NOW + 1, 8) == []
