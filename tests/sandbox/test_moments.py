"""Ids that carry their time."""

from tests.sandbox.conftest import Clock
from webhook_app.sandbox.moments import Snowflakes, milliseconds, moment_of, snowflake


def test_a_captured_message_was_read_half_a_second_after_it_was_sent() -> None:
    # linvi/tweetinvi@c2dd628: the read event of 1247310121283321862 has this created_timestamp.
    assert 1586216882004 - moment_of(1247310121283321862) == 532


def test_the_first_moment_is_the_epoch() -> None:
    assert snowflake(1288834974657) == 0


def test_its_ids_carry_the_clock_and_grow_while_it_stands_still() -> None:
    clock = Clock()
    snowflakes = Snowflakes(clock)
    ids = [snowflakes.next() for _ in range(5000)]
    assert ids == sorted(set(ids))
    assert {moment_of(id_) for id_ in ids} == {milliseconds(clock)}


def test_its_ids_grow_even_when_the_clock_steps_back() -> None:
    clock = Clock()
    snowflakes = Snowflakes(clock)
    before = snowflakes.next()
    clock.now -= 60
    assert snowflakes.next() > before
