"""Counts are gathered by minute, and none is lost."""

from webhook_app.domain.counts import Counts


def test_it_gathers_by_name_and_minute() -> None:
    counts = Counts()
    counts.add("a", 59_999)
    counts.add("a", 0, 2)
    counts.add("a", 60_000)
    counts.add("b", 60_000)
    assert counts.take() == {("a", 0): 3, ("a", 1): 1, ("b", 1): 1}


def test_it_does_not_name_what_never_happened() -> None:
    counts = Counts()
    counts.add("a", 0, 0)
    assert not counts.take()


def test_it_starts_anew_after_each_taking() -> None:
    counts = Counts()
    counts.add("a", 0)
    counts.take()
    assert not counts.take()


def test_what_is_put_back_adds_to_what_came_since() -> None:
    counts = Counts()
    counts.add("a", 0)
    gathered = counts.take()
    counts.add("a", 0)
    counts.put_back(gathered)
    assert counts.take() == {("a", 0): 2}
