"""When a mark is due, and when it is tried again."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_app.domain.outbox import LONGEST_PAUSE, Coalescing, Outgoing, greatest, pause_after

AT_ONCE = Coalescing(5000, first_at_once=True)
BY_TIMER = Coalescing(5000, first_at_once=False)


@pytest.mark.parametrize(
    ("coalescing", "last_sent_at", "plenty", "due"),
    [
        # Quiet for long: at once.
        (AT_ONCE, 0, True, 100_000),
        (AT_ONCE, 95_000, True, 100_000),
        # Not quiet: the rest of the time.
        (AT_ONCE, 95_001, True, 100_001),
        (AT_ONCE, 99_999, True, 104_999),
        # Below half of a window everything waits for the timer.
        (AT_ONCE, 0, False, 105_000),
        (AT_ONCE, 99_999, False, 105_000),
        (BY_TIMER, 0, True, 105_000),
        (BY_TIMER, 99_999, False, 105_000),
    ],
)
def test_it_is_due_when_its_platform_wants_it(
    coalescing: Coalescing, last_sent_at: int, plenty: bool, due: int
) -> None:
    assert coalescing.due(100_000, last_sent_at, plenty=plenty) == due


@given(st.integers(1, 60), st.floats(0, 1))
def test_pauses_double_up_to_the_longest_and_are_spread(attempts: int, chance: float) -> None:
    longest = min(LONGEST_PAUSE, 2000 * 2 ** (attempts - 1))
    assert longest / 2 <= pause_after(attempts, chance) <= longest


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.integers(0, 9)), max_size=8),
    st.randoms(),
)
def test_marks_together_are_the_greatest_since_the_first(
    shapes: list[tuple[str, int, int]], random: Random
) -> None:
    marks = [Outgoing("twitter", "1", *shape) for shape in shapes]
    together = greatest(marks)
    assert [mark.peer for mark in together] == sorted({mark.peer for mark in marks})
    for one in together:
        same = [mark for mark in marks if mark.peer == one.peer]
        assert one.cursor == max(mark.cursor for mark in same)
        assert one.at == min(mark.at for mark in same)
    shuffled = random.sample(marks, len(marks))
    assert greatest([*greatest(shuffled[:3]), *shuffled[3:]]) == together
