"""Claims: paid for when taken, fair between accounts, and never lost with the process that took them."""

import pytest

from tests.conftest import NOW
from tests.storage.locks import execute
from tests.storage.outgoing import APART, BOT, LIMIT, TEAM, accept, deliver, end, open_accounts, row, take
from webhook_app.domain.outbox import Claim, State, Verdict
from webhook_app.domain.rate import CALL_TIMEOUT, RateWindow, Word
from webhook_app.storage import Store

OTHER = ("twitter", "9")


@pytest.fixture
def out(store: Store) -> Store:
    """A store with accounts."""
    open_accounts(store, BOT, OTHER, *TEAM)
    return store


def backlog(store: Store, many: int, account: tuple[str, str] = BOT, at: int = NOW) -> None:
    """Marks in so many conversations."""
    for n in range(many):
        accept(store, 7, at, peer=f"{n:03}", account=account)


def test_a_claim_says_what_to_send_and_who_pays(out: Store) -> None:
    accept(out, 7)
    assert take(out, NOW + 5, 8) == [Claim(*BOT, "2", 7, 0, NOW + 5, "1")]


def test_nothing_is_claimed_before_it_is_due(out: Store) -> None:
    accept(out, 7, account=TEAM[0])
    assert take(out, NOW + APART - 1, 8) == []
    assert take(out, NOW + APART, 8) == [Claim(*TEAM[0], "2", 7, 0, NOW + APART, "T1")]


def test_what_is_claimed_is_not_claimed_again(out: Store) -> None:
    accept(out, 7)
    assert len(take(out, NOW, 8)) == 1
    accept(out, 9, NOW + 1)
    assert take(out, NOW + CALL_TIMEOUT - 1, 8) == []


def test_a_claim_is_spent_at_once(out: Store) -> None:
    backlog(out, LIMIT.calls + 5)
    assert len(take(out, NOW, 8)) == 8
    assert out.outbox.window(*BOT, "mark_read").used == 8
    assert len(take(out, NOW, 8)) == LIMIT.calls - 8
    assert take(out, NOW, 8) == []
    # It is looked at again when the window opens, not before.
    assert out.outbox.next_at() == out.outbox.window(*BOT, "mark_read").closes_at(LIMIT)


def test_the_answers_tell_when_the_window_opens(out: Store) -> None:
    backlog(out, LIMIT.calls + 1)
    claims = take(out, NOW, 20)
    end(out, claims, NOW + 100, word=Word())
    opens = NOW + 100 + LIMIT.window + 1000
    assert out.outbox.next_at() == opens
    assert take(out, opens - 1, 8) == []
    assert len(take(out, opens, 8)) == 1


def test_the_platform_may_open_the_window_sooner(out: Store) -> None:
    backlog(out, LIMIT.calls + 1)
    claims = take(out, NOW, 20)
    end(out, claims, NOW + 100, word=Word(remaining=0, reset_in=10_000))
    assert out.outbox.next_at() == NOW + 100 + 10_000 + 1000


def test_accounts_of_one_owner_share_the_window(out: Store) -> None:
    for account in TEAM:
        backlog(out, LIMIT.calls, account)
    claims = take(out, NOW + APART, 20)
    assert len(claims) == LIMIT.calls
    assert {claim.owner for claim in claims} == {"T1"}
    assert [claim.account for claim in claims].count("T1.U1") == LIMIT.calls / 2
    # Whose call it was that tells: all of them wait for the same window.
    end(out, [claim for claim in claims if claim.account == "T1.U2"], NOW + APART + 100, word=Word())
    opens = NOW + APART + 100 + LIMIT.window + 1000
    assert len(take(out, opens, 20)) == LIMIT.calls - 5
    assert {claim.account for claim in take(out, opens, 20)} <= {"T1.U1", "T1.U2"}


def test_a_window_that_opens_sooner_opens_for_all_its_accounts(out: Store) -> None:
    backlog(out, LIMIT.calls, TEAM[0])
    claims = take(out, NOW + APART, 20)
    accept(out, 7, account=TEAM[1])
    # It has looked, and found the window shut for longer than it will be.
    assert take(out, NOW + APART, 20) == []
    end(out, claims, NOW + APART + 100, word=Word())
    opens = NOW + APART + 100 + LIMIT.window + 1000
    assert out.outbox.next_at() == opens
    assert [claim.account for claim in take(out, opens, 1)] == ["T1.U2"]


def test_accounts_take_turns(out: Store) -> None:
    backlog(out, 6)
    backlog(out, 2, OTHER, NOW + 50)
    accept(out, 7, NOW + 50 - APART, account=TEAM[0])
    first = take(out, NOW + 100, 2)
    assert sorted(claim.account for claim in first) == ["1", "9", "T1.U1"]
    second = take(out, NOW + 101, 3)
    assert sorted(claim.account for claim in second) == ["1", "1", "9"]


def test_each_platform_has_room_of_its_own(out: Store) -> None:
    backlog(out, 9)
    for n in range(9):
        accept(out, 7, NOW + 50 - APART, peer=str(n), account=TEAM[0])
    room = {"twitter": 0, "slack": 3}
    assert [claim.platform for claim in out.outbox.claim(lambda: NOW + 100, room)] == ["slack"] * 3
    room = {"twitter": 2, "slack": 1, "pigeon": 4}
    claims = out.outbox.claim(lambda: NOW + 101, room)
    assert sorted(claim.platform for claim in claims) == ["slack", "twitter", "twitter"]
    assert out.outbox.next_at([]) is None
    assert out.outbox.next_at(["slack"]) == NOW + 50


def test_a_claim_begins_once_it_has_its_locks(out: Store) -> None:
    accept(out, 7)
    moments = iter([NOW + 1, NOW + 4000])
    (claim,) = out.outbox.claim(lambda: next(moments), {"twitter": 1})
    assert claim.claimed_at == NOW + 4000


def test_one_account_uses_all_the_room_there_is(out: Store) -> None:
    backlog(out, 9)
    assert len(take(out, NOW, 8)) == 8


def test_what_was_due_first_goes_first(out: Store) -> None:
    for n in (3, 1, 2):
        accept(out, 7, NOW + n, peer=str(n))
    assert [claim.peer for claim in take(out, NOW + 9, 2)] == ["1", "2"]


def test_a_claim_that_nobody_settles_is_due_again_when_it_cannot_be_under_way(out: Store) -> None:
    key = accept(out, 7)
    take(out, NOW, 8)
    accept(out, 9, NOW + 1)
    lapse = NOW + CALL_TIMEOUT
    assert out.outbox.next_at() == lapse
    # Failures count, not claims.
    assert take(out, lapse, 8) == [Claim(*key, 9, 0, lapse, "1")]
    window = out.outbox.window(*BOT, "mark_read")
    assert (window.used, window.lost) == (2, 1)


def test_a_claim_that_lapsed_while_the_window_was_shut_is_taken_when_it_opens(out: Store) -> None:
    backlog(out, LIMIT.calls)
    claims = take(out, NOW, 20)
    end(out, claims[1:], NOW + 100, word=Word())
    opens = NOW + 100 + LIMIT.window + 1000
    assert out.outbox.next_at() == opens
    assert [claim.peer for claim in take(out, opens, 8)] == [claims[0].peer]


def test_a_late_end_of_a_lapsed_claim_is_not_counted_again(out: Store) -> None:
    accept(out, 7)
    first = take(out, NOW, 8)
    lapse = NOW + CALL_TIMEOUT
    second = take(out, lapse, 8)
    before = out.outbox.window(*BOT, "mark_read")
    end(out, first, lapse + 1, Verdict.PEER, "not_in_channel", word=Word())
    assert out.outbox.window(*BOT, "mark_read") == before
    end(out, second, lapse + 2, word=Word())
    assert row(out, (*BOT, "2")).acknowledged == 7


@pytest.mark.parametrize("state", [State.PAUSED, State.REVOKED, State.SUSPENDED, State.UNAUTHORISED])
def test_a_stopped_account_is_left_alone(out: Store, state: State) -> None:
    accept(out, 7)
    out.accounts.set_state(*BOT, state, "because", NOW, "tests")
    assert out.outbox.next_at() is None
    assert take(out, NOW, 8) == []
    accept(out, 8, NOW + 1, peer="3")
    assert out.outbox.next_at() is None
    out.accounts.set_state(*BOT, State.ACTIVE, "", NOW + 2, "tests")
    assert len(take(out, NOW + 2, 8)) == 2


def test_an_account_that_was_refused_is_probed_by_one_call(out: Store) -> None:
    backlog(out, 5)
    claims = take(out, NOW, 3)
    end(out, claims, NOW, Verdict.PAUSE, "no_permission", word=Word(), wait=30_000)
    assert out.outbox.next_at() == NOW + 30_000
    assert take(out, NOW + 29_999, 8) == []
    assert out.accounts.one(*BOT).refused_until == NOW + 30_000
    probe = take(out, NOW + 30_000, 8)
    assert len(probe) == 1
    assert take(out, NOW + 30_001, 8) == []
    end(out, probe, NOW + 30_002, word=Word())
    assert len(take(out, NOW + 30_002, 8)) == 4


def test_platforms_that_are_not_configured_are_left_alone(out: Store) -> None:
    accept(out, 7)
    out.configure({})
    assert out.outbox.next_at() is None
    assert take(out, NOW, 8) == []


def test_an_account_without_anything_due_is_looked_at_once(out: Store, database: str) -> None:
    accept(out, 7)
    execute(database, "DELETE FROM outbox")
    assert out.outbox.next_at() == NOW
    assert take(out, NOW, 8) == []
    assert out.outbox.next_at() is None


def test_windows_outlive_the_process(out: Store, second_store: Store) -> None:
    backlog(out, LIMIT.calls + 1)
    deliver(out, NOW, LIMIT.calls)
    out.close()
    assert take(second_store, NOW + LIMIT.window, 8) == []
    assert second_store.outbox.window(*BOT, "mark_read").used == LIMIT.calls
    assert second_store.outbox.window("slack", "T1", "conversations.mark") == RateWindow()
