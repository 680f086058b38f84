"""The law of positions, over values."""

from itertools import groupby
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from webhook_app.domain.position import Key, Mark, furthest, history

#: Few values, so that keys, cursors and times meet; 9 < 10 as integers only, and 2^63 - 1 fits.
marks = st.builds(
    Mark,
    platform=st.sampled_from(["one", "two"]),
    reader=st.sampled_from(["9", "10"]),
    peer=st.sampled_from(["9", "10"]),
    cursor=st.sampled_from([0, 9, 10, 99, 100, 2**63 - 1]),
    read_at=st.integers(0, 3),
)
batches = st.lists(marks, max_size=12)


def key_of(mark: Mark) -> Key:
    return mark.key


def test_it_takes_the_greatest_cursor() -> None:
    marks = [Mark("twitter", "1", "2", cursor, 5) for cursor in (9, 100, 99)]
    assert furthest(marks) == [Mark("twitter", "1", "2", 100, 5)]


def test_it_takes_the_earliest_time_of_equal_cursors() -> None:
    marks = [Mark("twitter", "1", "2", 7, read_at) for read_at in (5, 3, 4)]
    assert furthest(marks) == history(marks) == [Mark("twitter", "1", "2", 7, 3)]


def test_an_earlier_time_does_not_outweigh_a_greater_cursor() -> None:
    old, new = Mark("twitter", "1", "2", 7, 1), Mark("twitter", "1", "2", 8, 9)
    assert furthest([new, old]) == [new]
    assert history([new, old]) == [old, new]


@given(batches, st.randoms())
def test_order_and_repetition_change_nothing(marks: list[Mark], random: Random) -> None:
    shuffled = marks + random.sample(marks, len(marks) // 2)
    random.shuffle(shuffled)
    assert furthest(shuffled) == furthest(marks)
    assert history(shuffled) == history(marks)


@given(batches, batches)
def test_grouping_changes_nothing(one: list[Mark], other: list[Mark]) -> None:
    assert furthest(furthest(one) + furthest(other)) == furthest(one + other)
    assert history(history(one) + history(other)) == history(one + other)


@given(batches)
def test_it_gives_one_row_a_key_in_key_order(marks: list[Mark]) -> None:
    rows = furthest(marks)
    assert [row.key for row in rows] == sorted({mark.key for mark in marks})
    assert history(marks) == sorted(history(marks))


@given(batches)
def test_a_position_is_the_last_row_of_its_history(marks: list[Mark]) -> None:
    last = [list(rows)[-1] for _, rows in groupby(history(marks), key=key_of)]
    assert last == furthest(marks)
