"""What the ring keeps, and what it says it does not."""

from webhook_app.web.events import Rendered, Tick
from webhook_app.web.ring import KEPT, MOST_BYTES, Ring


def tick(moment: int, size: int = 10) -> Tick:
    """A tick of so many bytes."""
    return Tick(moment, [Rendered("platform", "who", "peer", False, bytes(size))])


def filled(*moments: int) -> Ring:
    """A ring that began at 1000, with the first number 7."""
    ring = Ring(1000, 7)
    for moment in moments:
        ring.add(tick(moment))
    return ring


def test_it_finds_where_a_viewer_goes_on() -> None:
    ring = filled(2000, 3000, 4000)
    assert [ring.place(moment) for moment in (999, 1000, 2000, 2999, 4000, 9000)] == [None, 7, 8, 8, 10, 10]
    assert [found.moment for found in ring.after(8)] == [3000, 4000]
    assert (ring.after(10), ring.end) == ((), 10)


def test_what_is_older_than_a_minute_goes() -> None:
    ring = filled(2000, 3000, 3000 + KEPT)
    assert (ring.first, ring.end) == (8, 10)
    # What came with the tick that went is lost to those who have not had it.
    assert (ring.place(1999), ring.place(2000)) == (None, 8)
    assert ring.after(7) == ()


def test_so_many_bytes_are_kept_at_most() -> None:
    ring = Ring(1000, 0)
    for number in range(4):
        ring.add(tick(2000 + number, MOST_BYTES // 3))
    assert ring.after(ring.first) == ring.after(2)
    ring.add(tick(3000, MOST_BYTES + 1))
    assert [found.moment for found in ring.after(ring.first)] == [3000]


def test_a_clock_that_is_put_back_loses_nothing() -> None:
    ring = filled(5000, 2000)
    assert ring.place(4000) == 7
