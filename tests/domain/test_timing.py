"""Times in buckets: nothing is further than it may be from what it was."""

from collections import Counter
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_app.domain.timing import ERROR, SentAt, bucket, percentile, span, together

times = st.integers(0, 1 << 43)


@given(times)
def test_a_time_lies_in_its_bucket(time: int) -> None:
    low, above = span(bucket(time))
    assert low <= time < above


@given(times)
def test_buckets_are_narrow_and_adjoin(time: int) -> None:
    number = bucket(time)
    low, above = span(number)
    assert (low + above - 1) / 2 - low <= ERROR * low
    assert span(number + 1)[0] == above


@given(st.lists(times, min_size=1), st.sampled_from([0.5, 0.9, 0.99]))
def test_percentiles_are_as_near_as_is_said(many: list[int], part: float) -> None:
    exact = sorted(many)[ceil(part * len(many)) - 1]
    found = percentile(Counter(map(bucket, many)), part)
    assert found is not None
    assert abs(found - exact) <= ERROR * exact


def test_nothing_has_no_percentile() -> None:
    assert percentile({}, 0.5) is None


@given(st.lists(st.lists(times)))
def test_counts_add_up(many: list[list[int]]) -> None:
    apart = [Counter(map(bucket, few)) for few in many]
    assert together(list(apart)) == Counter(bucket(time) for few in many for time in few)


@pytest.mark.parametrize(("cursor", "moment"), [(9, None), (10, 100 + 1), (25, 100 + 2)])
def test_a_cursor_tells_when_its_message_was_sent(cursor: int, moment: int | None) -> None:
    assert SentAt(unit=10, epoch=100, first=10).moment(cursor) == moment
