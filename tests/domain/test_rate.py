"""The law of rate windows: whatever is late, lost or dies, the platform never has to refuse."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.platform import START, Simulation
from webhook_app.domain.rate import CALL_TIMEOUT, MARGIN, RateLimit, RateWindow, Word

LIMIT = RateLimit(20, 60_000)
SHORT = RateLimit(20, 20_000)


@pytest.mark.parametrize("tells", [False, True], ids=["silent", "telling"])
@pytest.mark.parametrize("deaths", [0.0, 0.02], ids=["alive", "dying"])
@pytest.mark.parametrize("limit", [LIMIT, SHORT, RateLimit(3, 60_000)], ids=str)
def test_a_platform_never_has_to_refuse(limit: RateLimit, deaths: float, tells: bool) -> None:
    for seed in range(4):
        done = Simulation(seed, limit, tells=tells, deaths=deaths).run(windows=200)
        assert len(done.filled) > 100
        assert done.refused == 0, seed


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    calls=st.integers(1, 50),
    seconds=st.integers(18, 900),
    loss=st.floats(0, 0.3),
    deaths=st.floats(0, 0.3),
    tells=st.booleans(),
)
def test_it_holds_for_any_limit_and_network(
    seed: int, calls: int, seconds: int, loss: float, deaths: float, tells: bool
) -> None:
    limit = RateLimit(calls, seconds * 1000)
    done = Simulation(seed, limit, tells=tells, loss=loss, deaths=deaths).run(windows=30)
    assert done.refused == 0


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    calls=st.integers(9, 50),
    seconds=st.integers(18, 900),
    back=st.one_of(st.integers(1, 20_000), st.integers(20_000, 10**10)),
    loss=st.sampled_from([0, 0, 0.02, 0.3]),
    tells=st.booleans(),
)
def test_it_holds_and_goes_on_when_our_clock_is_put_back(
    seed: int, calls: int, seconds: int, back: int, loss: float, tells: bool
) -> None:
    limit = RateLimit(calls, seconds * 1000)
    done = Simulation(seed, limit, tells=tells, loss=loss, deaths=loss, back=back).run(windows=60)
    assert done.refused == 0
    if not loss:
        # One window as a rule; two, if what it took may count in the next one too.
        assert max(done.stood, default=0) <= 2 * (limit.window + CALL_TIMEOUT + 2 * MARGIN)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), truth=st.integers(8, 50), more=st.integers(1, 1000))
def test_it_holds_where_a_platform_tells_of_a_lower_limit(seed: int, truth: int, more: int) -> None:
    limit = RateLimit(truth + more, 60_000)
    done = Simulation(seed, limit, tells=True, loss=0, truth=truth).run(windows=30)
    assert done.refused == 0
    assert sum(done.filled) >= 0.8 * truth * len(done.filled)


def test_a_window_is_used_up_where_nothing_is_lost() -> None:
    done = Simulation(1, RateLimit(20, 60_000), loss=0).run(windows=200)
    assert sum(done.filled) >= 0.97 * 20 * len(done.filled)


def test_a_window_opens_with_the_first_claim_and_closes_after_the_first_answer() -> None:
    window = RateWindow().spend(LIMIT, START, 3)
    assert window.left(LIMIT, START) == 17
    window = window.answer(LIMIT, START, START + 700, Word())
    assert window.closes_at(LIMIT) == START + 700 + LIMIT.window + MARGIN
    assert window.left(LIMIT, window.closes_at(LIMIT) - 1) == 17


def test_a_call_without_an_answer_does_not_tell_when_the_window_opened() -> None:
    window = RateWindow().spend(LIMIT, START, 1).answer(LIMIT, START, START + CALL_TIMEOUT, None)
    assert window.closes_at(LIMIT) == START + CALL_TIMEOUT + LIMIT.window + MARGIN


def test_what_is_unanswered_at_the_close_counts_in_the_next_window_too() -> None:
    window = RateWindow().spend(LIMIT, START, 1).answer(LIMIT, START, START + 100, Word())
    late = window.closes_at(LIMIT) - 10
    window = window.spend(LIMIT, late, 4)
    assert window.left(LIMIT, window.closes_at(LIMIT)) == LIMIT.calls - 4


def test_what_was_answered_long_before_the_close_does_not() -> None:
    window = RateWindow().spend(LIMIT, START, 20)
    for _ in range(20):
        window = window.answer(LIMIT, START, START + 100, Word())
    assert window.left(LIMIT, window.closes_at(LIMIT) - 1) == 0
    assert window.left(LIMIT, window.closes_at(LIMIT)) == 20


# What the platform says → what is left, and when it opens again, both after ten calls and half a second.
WORDS = [
    (Word(), 10, START + 500),
    (Word(remaining=3), 3, START + 500),
    # It outranks our count upwards too: somebody has counted what never arrived.
    (Word(remaining=15), 15, START + 500),
    (Word(limit=12), 2, START + 500),
    # But no limit of theirs raises ours.
    (Word(limit=30), 10, START + 500),
    (Word(limit=30, remaining=15), 10, START + 500),
    (Word(limit=30, remaining=3), 3, START + 500),
    (Word(limit=12, remaining=0, reset_in=9000), 0, START + 500 + 9000 + MARGIN),
    (Word(refused=True, retry_in=30_000), 0, START + 500 + 30_000 + MARGIN),
    # A refusal without a word about when: until the window closes by our own account.
    (Word(refused=True), 0, START + 400 + LIMIT.window + MARGIN),
]


@pytest.mark.parametrize(("word", "left", "opens"), WORDS, ids=str)
def test_the_platforms_word_outranks_our_count(word: Word, left: int, opens: int) -> None:
    window = RateWindow().spend(LIMIT, START, 10)
    for _ in range(9):
        window = window.answer(LIMIT, START, START + 400, Word())
    window = window.answer(LIMIT, START, START + 500, word)
    assert window.left(LIMIT, START + 500) == left
    assert window.opens_at(LIMIT, START + 500) == opens


def full_window(*words: Word) -> RateWindow:
    """A window of twenty answered calls, the first of them so."""
    window = RateWindow().spend(LIMIT, START, 20)
    for word in (*words, *[Word()] * (20 - len(words))):
        window = window.answer(LIMIT, START, START + 100, word)
    return window


def test_a_limit_that_is_told_again_and_again_holds() -> None:
    window, now = full_window(Word(limit=4)), START + 100
    for _ in range(5):
        now = window.closes_at(LIMIT)
        assert window.left(LIMIT, now) == 4
        window = window.spend(LIMIT, now, 1).answer(LIMIT, now, now + 100, Word(limit=4))
        # In between an answer may be silent.
        window = window.spend(LIMIT, now, 1).answer(LIMIT, now, now + 100, Word())
        assert window.left(LIMIT, now + 100) == 2


@pytest.mark.parametrize("word", [Word(), Word(reset_in=59_000)], ids=str)
def test_a_limit_that_was_told_once_ends_with_the_first_answer_that_does_not_tell_it(word: Word) -> None:
    window = full_window(Word(limit=1))
    now = window.closes_at(LIMIT)
    window = window.spend(LIMIT, now, 1)
    assert window.left(LIMIT, now + 50) == 0
    assert window.answer(LIMIT, now, now + 100, word).left(LIMIT, now + 100) == 19


def test_a_limit_ends_where_the_platform_speaks_of_its_next_window_and_not_of_it() -> None:
    window = RateWindow().spend(LIMIT, START, 2)
    window = window.answer(LIMIT, START, START + 100, Word(limit=5, reset_in=3000))
    window = window.answer(LIMIT, START, START + 200, Word(reset_in=60_000))
    assert window.left(LIMIT, START + 200) == 19


HOUR = 3_600_000


def test_a_window_of_a_clock_that_was_put_back_closes_one_length_later() -> None:
    window = full_window().at(LIMIT, START - HOUR)
    assert window.left(LIMIT, START - HOUR) == 0
    closes_at = window.closes_at(LIMIT)
    assert START - HOUR + LIMIT.window < closes_at <= START - HOUR + LIMIT.window + 100 + MARGIN
    assert window.left(LIMIT, closes_at) == 20


def test_what_is_claimed_after_the_clock_was_put_back_counts_in_the_next_window_too() -> None:
    now = START - HOUR
    window = RateWindow().spend(LIMIT, START, 1).answer(LIMIT, START, START + 100, Word())
    for _ in range(5):
        window = window.spend(LIMIT, now, 1).answer(LIMIT, now, now + 100, Word())
    assert window.left(LIMIT, window.closes_at(LIMIT)) == 15


def test_a_call_that_was_claimed_before_the_clock_was_put_back_may_count_anywhere() -> None:
    window = RateWindow().spend(LIMIT, START, 3)
    word = Word(limit=1, remaining=0, reset_in=9000)
    window = window.answer(LIMIT, START, START - HOUR, word)
    assert (window.used, window.settled, window.told_close, window.told_limit) == (3, 0, 0, 0)
    assert window.closes_at(LIMIT) <= START - HOUR + CALL_TIMEOUT + LIMIT.window + MARGIN


@pytest.mark.parametrize("used", [0, 1])
def test_a_refusal_lasts_no_longer_by_a_clock_that_was_put_back(used: int) -> None:
    window = RateWindow().spend(LIMIT, START, 1) if used else RateWindow()
    window = window.answer(LIMIT, START if used else 0, START + 100, Word(refused=True, retry_in=90_000))
    # By then nothing is left of the window but the refusal.
    window, now = window.at(LIMIT, START + 85_000), START - HOUR
    assert window.left(LIMIT, now) == 0
    assert window.opens_at(LIMIT, now) <= now + 90_000 + 100 + MARGIN


def test_other_clocks_may_differ_a_little() -> None:
    window = full_window()
    assert window.at(LIMIT, START - MARGIN + 100) == window


def test_an_older_answer_that_comes_later_gives_nothing_back() -> None:
    window = RateWindow().spend(LIMIT, START, 2)
    window = window.answer(LIMIT, START, START + 400, Word(remaining=5))
    window = window.answer(LIMIT, START, START + 500, Word(remaining=6))
    # What was under way at the first word may be among its fifteen: it counts twice.
    assert window.left(LIMIT, START + 500) == 4


def test_a_refusal_shuts_the_window_and_ends_with_it() -> None:
    window = RateWindow().spend(LIMIT, START, 1)
    window = window.answer(LIMIT, START, START + 100, Word(refused=True, retry_in=10_000))
    assert window.left(LIMIT, START + 100 + 10_000 + MARGIN) > 0


@pytest.mark.parametrize("limit", [RateLimit(200, 20_000), RateLimit(50, 60_000)], ids=str)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_steady_calls_never_stand_for_long(limit: RateLimit, share: float) -> None:
    """A call may belong to either of two windows at the end of each; that doubt must not add up."""
    every, latency = round(limit.window / limit.calls / share), 40
    window, due, under_way, last = RateWindow(), START, list[int](), START
    for now in range(START, START + 60 * limit.window, 10):
        while under_way and under_way[0] + latency <= now:
            window = window.answer(limit, under_way.pop(0), now, Word())
        while due <= now and window.takes(limit, now):
            window = window.spend(limit, now, 1)
            under_way.append(now)
            due, last = due + every, now
        assert now - last <= 10_000 + 2 * every
