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
