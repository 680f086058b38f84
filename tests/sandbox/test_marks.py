"""Rate windows of marks, whatever comes when."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from webhook_app.sandbox.marks import Marks

#: Seconds between arrivals, often a window's length exactly or nearly.
GAPS = st.lists(st.sampled_from((0.0, 0.5, 1.0, 9.0, 9.5, 10.0, 10.5, 25.0)), max_size=60)


@given(GAPS, st.integers(1, 5))
def test_every_window_opens_with_an_arrival_and_lets_no_more_through_than_its_limit(
    gaps: list[float], limit: int
) -> None:
    marks, now, through = Marks(limit, 10), 0.0, []
    arrivals = []
    for gap in gaps:
        now += gap
        arrivals.append(now)
        window, let_through = marks.arrive("42", now)
        assert now < window.reset_at <= now + 10
        through += [now] if let_through else []
    windows = marks.windows_json()["items"]
    assert sum(window["counted"] for window in windows) == len(through)
    assert sum(window["counted"] + window["violations"] for window in windows) == len(arrivals)
    for window in windows:
        assert window["opened_at"] in arrivals
        assert 1 <= window["counted"] <= limit
        # Nothing is refused while something is left.
        assert window["violations"] == 0 or window["counted"] == limit
    for earlier, later in pairwise(windows):
        assert later["opened_at"] >= earlier["closes_at"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5)), max_size=40))
def test_backwards_is_whatever_is_behind_something_earlier(sent: list[tuple[str, int]]) -> None:
    marks = Marks(10, 10)
    for peer, up_to in sent:
        marks.accept(0.0, "42", peer, up_to)
    behind = [
        number for number, (peer, up_to) in enumerate(sent)
        if any(known == peer and up_to < further for known, further in sent[:number])
    ]  # fmt: skip
    shown = marks.accepted_json()
    assert (shown["backwards"], shown["accepted"]) == (len(behind), len(sent))
