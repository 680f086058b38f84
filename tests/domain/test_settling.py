"""What a claim and its end make of a conversation, of its account and of their rate window."""

from dataclasses import replace

import pytest

from webhook_app.domain.outbox import REFUSED_FOR, Claim, Settled, State, Verdict, pause_after
from webhook_app.domain.rate import CALL_TIMEOUT, RateLimit, RateWindow, Word
from webhook_app.domain.settling import Delivery, Gate, answered, scarce_until

APART = 5000
SENT, NOW = 100_000, 100_200
LIMIT = RateLimit(10, 60_000)
CLAIM = Claim("twitter", "1", "2", 7, 2, SENT, "1")
#: Claimed at SENT for the cursor 7, after two failures.
UNDER_WAY = Delivery(
    wanted=7, acknowledged=5, due_at=SENT - 1, last_sent_at=0, claimed_until=0, attempts=2,
    problem="over_capacity", refused_until=0, accepted_at=99_000, delivered_at=90_000,
).claim(SENT)  # fmt: skip
GROWN = replace(UNDER_WAY, wanted=9)
GATE = Gate(State.ACTIVE, "", since=1, authorised_at=1, refused_until=0, attempts=0)


def end(
    verdict: Verdict | None,
    problem: str = "fatal_error",
    *,
    word: Word | None = None,
    wait: int | None = None,
    state: State | None = None,
) -> Settled:
    """An end of the claim."""
    return Settled(CLAIM, word, verdict, problem, wait, state, 0.5)


def named(value: object) -> str | None:
    """An end as a test's name."""
    return str(value.verdict) if isinstance(value, Settled) else None


def test_a_call_under_way_lapses_when_it_cannot_be_answered_any_more() -> None:
    assert UNDER_WAY.due_at == UNDER_WAY.claimed_until == SENT + CALL_TIMEOUT
    assert UNDER_WAY.holds(CLAIM)
    given_up = UNDER_WAY.give_up(SENT + CALL_TIMEOUT)
    assert (given_up.due_at, given_up.claimed_until, given_up.attempts) == (SENT + CALL_TIMEOUT, 0, 2)
    assert not given_up.holds(CLAIM)


def test_what_is_delivered_is_done() -> None:
    row = UNDER_WAY.settle(end(None), APART, NOW)
    assert (row.acknowledged, row.due_at, row.delivered_at, row.claimed_until) == (7, None, NOW, 0)
    assert (row.attempts, row.problem) == (0, "")


def test_what_has_grown_meanwhile_is_due_after_the_time_apart() -> None:
    row = GROWN.settle(end(None), APART, NOW)
    assert (row.acknowledged, row.wanted, row.due_at) == (7, 9, SENT + APART)
    assert (row.attempts, row.problem, row.accepted_at) == (0, "", SENT)


@pytest.mark.parametrize(
    ("settled", "due_at", "attempts", "problem", "refused_until"),
    [
        (end(Verdict.RETRY, word=Word()), NOW + pause_after(3, 0.5), 3, "fatal_error", 0),
        # Without an answer it may still arrive.
        (end(Verdict.RETRY), SENT + CALL_TIMEOUT, 3, "fatal_error", 0),
        # The platform's wait outranks our pause; the time apart outranks both.
        (end(Verdict.RETRY, word=Word(), wait=90_000), NOW + 90_000, 3, "fatal_error", 0),
        (end(Verdict.RETRY, word=Word(), wait=0), SENT + APART, 3, "fatal_error", 0),
        # A shut window is no failure of the row.
        (end(Verdict.WINDOW), SENT + APART, 2, "over_capacity", 0),
        # Until somebody marks again.
        (end(Verdict.PEER), None, 3, "fatal_error", NOW + REFUSED_FOR),
        # The account keeps it waiting; if it has been authorised anew meanwhile, this pause does.
        (end(Verdict.PAUSE), NOW + pause_after(3, 0.5), 3, "fatal_error", 0),
        (end(Verdict.ACCOUNT), NOW + pause_after(3, 0.5), 3, "fatal_error", 0),
        (end(Verdict.PLATFORM), NOW + pause_after(3, 0.5), 3, "fatal_error", 0),
    ],
    ids=named,
)
def test_what_failed_waits_as_its_verdict_says(
    settled: Settled, due_at: int | None, attempts: int, problem: str, refused_until: int
) -> None:
    for row in (UNDER_WAY, GROWN):
        after = row.settle(settled, APART, NOW)
        assert (after.due_at, after.attempts, after.problem) == (due_at, attempts, problem)
        assert (after.refused_until, after.claimed_until) == (refused_until, 0)
        assert (after.wanted, after.acknowledged, after.accepted_at) == (row.wanted, 5, 99_000)


@pytest.mark.parametrize("verdict", [None, *Verdict])
def test_what_was_read_by_other_means_meanwhile_is_done(verdict: Verdict | None) -> None:
    row = replace(UNDER_WAY, acknowledged=8).settle(end(verdict), APART, NOW)
    assert (row.acknowledged, row.due_at, row.attempts, row.problem) == (8, None, 0, "")


@pytest.mark.parametrize("verdict", [None, *Verdict])
def test_a_claim_that_was_taken_over_may_only_raise_what_is_acknowledged(verdict: Verdict | None) -> None:
    later = UNDER_WAY.give_up(SENT + CALL_TIMEOUT).claim(SENT + CALL_TIMEOUT)
    row = later.settle(end(verdict), APART, NOW + CALL_TIMEOUT)
    assert row.acknowledged == (7 if verdict is None else 5)
    assert (row.due_at, row.claimed_until, row.attempts) == (later.due_at, later.claimed_until, 2)


def test_an_end_that_comes_twice_changes_nothing() -> None:
    for verdict in (None, Verdict.RETRY, Verdict.PEER):
        once = UNDER_WAY.settle(end(verdict), APART, NOW)
        assert once.settle(end(verdict), APART, NOW) == once


def test_a_late_success_of_a_call_that_was_given_up_needs_no_other() -> None:
    row = UNDER_WAY.give_up(SENT + CALL_TIMEOUT).settle(end(None), APART, NOW + CALL_TIMEOUT)
    assert (row.acknowledged, row.due_at) == (7, None)


def test_a_refused_account_pauses_longer_each_time() -> None:
    gate, now = GATE, NOW
    for attempts in (1, 2, 3):
        gate = gate.settle(end(Verdict.PAUSE, "no_permission"), now)
        assert (gate.attempts, gate.reason) == (attempts, "no_permission")
        assert gate.refused_until == now + pause_after(attempts, 0.5)
        now = gate.refused_until
    assert gate.state is State.ACTIVE
    assert gate.settle(end(None), now) == GATE


def test_calls_under_way_together_are_refused_once() -> None:
    once = GATE.settle(end(Verdict.PAUSE), NOW)
    assert once.settle(end(Verdict.PAUSE), NOW + 1) == once
    # And one that was taken before the refusal does not end it.
    assert once.settle(end(None), NOW + 1) == once


def test_the_platform_says_for_how_long_an_account_is_refused() -> None:
    assert GATE.settle(end(Verdict.PAUSE, wait=30_000), NOW).refused_until == NOW + 30_000


@pytest.mark.parametrize(("said", "state"), [(State.REVOKED, State.REVOKED), (None, State.UNAUTHORISED)])
def test_a_dead_account_stops(said: State | None, state: State) -> None:
    for before in (GATE, replace(GATE, state=State.PAUSED, reason="by me")):
        gate = before.settle(end(Verdict.ACCOUNT, "token_revoked", state=said), NOW)
        assert (gate.state, gate.reason, gate.since) == (state, "token_revoked", NOW)


@pytest.mark.parametrize("state", [State.REVOKED, State.SUSPENDED, State.UNAUTHORISED])
def test_an_account_that_has_stopped_keeps_its_first_reason(state: State) -> None:
    gate = replace(GATE, state=state, reason="first")
    assert gate.settle(end(Verdict.ACCOUNT, state=State.UNAUTHORISED), NOW) == gate


@pytest.mark.parametrize("verdict", [Verdict.PAUSE, Verdict.ACCOUNT])
def test_a_call_with_older_credentials_tells_nothing_about_newer_ones(verdict: Verdict) -> None:
    gate = replace(GATE, authorised_at=SENT + 1)
    assert gate.settle(end(verdict), NOW) == gate


@pytest.mark.parametrize("verdict", [Verdict.RETRY, Verdict.WINDOW, Verdict.PEER, Verdict.PLATFORM])
def test_other_verdicts_are_not_about_the_account(verdict: Verdict) -> None:
    assert GATE.settle(end(verdict), NOW) == GATE


def test_a_refusal_for_the_rate_shuts_the_window() -> None:
    window = RateWindow().spend(LIMIT, SENT, 1)
    for word, wait in ((Word(retry_in=30_000), None), (Word(), 30_000), (None, 30_000)):
        shut = answered(window, LIMIT, end(Verdict.WINDOW, word=word, wait=wait), NOW, held=True)
        assert shut.left(LIMIT, NOW + 29_999) == 0
        assert shut.opens_at(LIMIT, NOW) < NOW + 35_000


def test_a_call_that_was_given_up_is_not_counted_twice() -> None:
    window = RateWindow().spend(LIMIT, SENT, 1)
    given_up = window.answer(LIMIT, SENT, SENT + CALL_TIMEOUT, None)
    late = NOW + CALL_TIMEOUT
    assert answered(given_up, LIMIT, end(None), late, held=False) == given_up
    refused = answered(given_up, LIMIT, end(Verdict.WINDOW, wait=9000), late, held=False)
    assert refused.left(LIMIT, late) == 0


@pytest.mark.parametrize(("used", "scarce"), [(0, False), (5, False), (6, True), (10, True)])
def test_a_window_is_scarce_below_its_half(used: int, scarce: bool) -> None:
    window = RateWindow()
    for _ in range(used):
        window = window.spend(LIMIT, SENT, 1).answer(LIMIT, SENT, NOW, Word())
    until = scarce_until(window, LIMIT, NOW)
    assert until == (window.closes_at(LIMIT) if scarce else 0)
    assert scarce_until(window, LIMIT, until or NOW) == 0


def test_a_shut_window_is_scarce() -> None:
    shut = answered(RateWindow(), LIMIT, end(Verdict.WINDOW, wait=9000), NOW, held=True)
    assert scarce_until(shut, LIMIT, NOW) == shut.shut_until
