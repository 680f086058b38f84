"""What can be replayed lies within a platform's limits, at whole steps, and in pieces it takes."""

from hypothesis import given
from hypothesis import strategies as st

from webhook_app.domain.webhook import Replayable

MINUTE, HOUR = 60_000, 3_600_000
LIMITS = Replayable(24 * HOUR, 31 * MINUTE, 10 * MINUTE, 2 * HOUR, MINUTE)
NOW = 1_795_219_234_567
moments = st.integers(NOW - 30 * HOUR, NOW + HOUR)


@given(moments, moments)
def test_a_part_keeps_to_the_limits(since: int, until: int) -> None:
    begin, end = LIMITS.part(since, until, NOW)
    if begin < end:
        assert NOW - 24 * HOUR <= begin <= NOW - 31 * MINUTE
        assert end <= NOW - 10 * MINUTE
        assert (begin % MINUTE, end % MINUTE) == (0, 0)
        # No more than the whole minutes around what is asked for.
        assert since - MINUTE < begin or begin < NOW - 24 * HOUR + MINUTE
        assert end < until + MINUTE


@given(moments, moments)
def test_what_the_limits_allow_is_not_left_out(since: int, until: int) -> None:
    if NOW - 24 * HOUR + MINUTE <= since <= NOW - 31 * MINUTE and since < until <= NOW - 11 * MINUTE:
        begin, end = LIMITS.part(since, until, NOW)
        assert begin <= since < until <= end


@given(st.integers(0, 30 * HOUR // MINUTE), st.integers(0, 30 * HOUR // MINUTE))
def test_pieces_follow_each_other_and_none_is_too_long(first: int, last: int) -> None:
    since, until = first * MINUTE, last * MINUTE
    pieces = LIMITS.pieces(since, until)
    assert all(0 < end - begin <= LIMITS.longest for begin, end in pieces)
    assert [end for _, end in pieces[:-1]] == [begin for begin, _ in pieces[1:]]
    assert (since < until) is bool(pieces)
    if pieces:
        assert (pieces[0][0], pieces[-1][1]) == (since, until)
