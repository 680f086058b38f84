"""What was missed is cut into pieces that the platform takes, and each comes to an end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_app.domain.replay import (
    ANSWERED,
    LEEWAY,
    LONGEST_WAIT,
    MOST_AGAIN,
    PATIENCE,
    RETRY,
    Ended,
    Fate,
    Piece,
    age,
    choose,
    clip,
    follow,
    plan,
    refused,
)
from webhook_app.domain.webhook import Replayable

MINUTE = 60_000
HOUR = 60 * MINUTE
NOW = 1_795_219_200_000
#: X's rules: docs.x.com, x-api/account-activity/quickstart.
MAY = Replayable(24 * HOUR, 31 * MINUTE, 10 * MINUTE, 2 * HOUR, MINUTE)


def takes(piece: Piece, now: int) -> bool:
    """Whether X takes a job, by its own clock."""
    return (
        now - MAY.oldest <= piece.since <= now - MAY.since_after
        and piece.since < piece.until <= now - MAY.until_after
        and piece.until - piece.since <= MAY.longest
        and piece.since % MINUTE == piece.until % MINUTE == 0
    )


def planned(since: int, until: int, now: int = NOW) -> list[Piece]:
    """The pieces of an interval."""
    return plan("pigeon", "1", since, until, now, MAY)


def minutes(pieces: list[Piece]) -> list[tuple[int, int, str]]:
    """Beginning and end, in minutes from now."""
    return [((p.since - NOW) // MINUTE, (p.until - NOW) // MINUTE, p.fate.value) for p in pieces]


def test_beginnings_are_rounded_down_and_ends_up() -> None:
    assert minutes(planned(NOW - 9 * MINUTE - 1, NOW + 1)) == [(-10, 1, "waiting")]


def test_an_interval_is_cut_into_pieces_that_are_not_too_long() -> None:
    pieces = planned(NOW - 5 * HOUR, NOW)
    assert minutes(pieces) == [(-300, -180, "waiting"), (-180, -60, "waiting"), (-60, 0, "waiting")]


def test_what_is_too_old_is_lost() -> None:
    day = 24 * 60
    assert minutes(planned(NOW - 30 * HOUR, NOW - 23 * HOUR)) == [
        (-30 * 60, 1 - day, "lost"), (1 - day, -23 * 60, "waiting")
    ]  # fmt: skip
    assert minutes(planned(NOW - 30 * HOUR, NOW - 25 * HOUR)) == [(-30 * 60, -25 * 60, "lost")]


moments = st.integers(NOW - 40 * HOUR, NOW + HOUR)


@given(moments, st.integers(0, 40 * HOUR), st.integers(-LEEWAY, 0), st.integers(MINUTE, 2 * HOUR))
def test_all_that_can_be_had_is_asked_for_and_nothing_that_is_refused(
    since: int, length: int, ahead: int, each: int
) -> None:
    """`ahead`: X's clock against ours; `each`: how often we look, and how long a job takes."""
    pieces, now = planned(since, since + length), NOW
    too_old = [piece for piece in pieces if piece.fate is Fate.LOST]
    while any(piece.fate is Fate.WAITING for piece in pieces):
        pieces = [part for one in pieces for part in age(one, now, MAY)]
        chosen = choose(pieces, now, MAY)
        if chosen is not None:
            # Nothing of it is too old, at any moment of the call.
            assert clip(chosen, now, MAY) == [chosen]
            assert takes(chosen, now + ahead)
            assert takes(chosen, now + ahead + LEEWAY)
            pieces[pieces.index(chosen)] = chosen._replace(fate=Fate.DONE)
        now += each
        assert now < NOW + 100 * HOUR
    # Without a gap they are the whole interval, and waiting for the others has made no piece too old.
    assert [piece for piece in pieces if piece.fate is Fate.LOST] == too_old
    assert all(one.until == other.since for one, other in pairwise(pieces))
    if pieces:
        assert pieces[0].since <= since
        assert pieces[-1].until >= since + length


def test_a_piece_that_waits_too_long_is_lost_in_part() -> None:
    (piece,) = planned(NOW - 2 * HOUR, NOW)
    old, rest = clip(piece, NOW + 23 * HOUR, MAY)
    assert minutes([old, rest]) == [(-120, -59, "lost"), (-59, 0, "waiting")]


def test_it_is_lost_when_all_of_it_is_too_old_and_had_again_by_a_clock_put_right() -> None:
    (piece,) = planned(NOW - 2 * HOUR, NOW)
    assert age(piece, NOW + 23 * HOUR, MAY) == [piece]
    (lost,) = age(piece, NOW + 24 * HOUR, MAY)
    assert minutes([lost]) == [(-120, 0, "lost")]
    assert age(lost, NOW + 24 * HOUR - LEEWAY, MAY) == [lost]
    assert minutes(age(lost, NOW + 23 * HOUR, MAY)) == [(-120, -59, "lost"), (-59, 0, "waiting")]
    assert age(lost, NOW, MAY) == [piece]


def test_moments_that_lie_ahead_do_not_count() -> None:
    (piece,) = planned(NOW - 2 * HOUR, NOW - HOUR)
    assert choose([piece._replace(ask_at=NOW + LONGEST_WAIT)], NOW, MAY) is None
    assert choose([piece._replace(ask_at=NOW + LONGEST_WAIT + 1)], NOW, MAY) is not None
    assert follow(ASKED._replace(asked_at=NOW + HOUR), None, NOW).asked_at == NOW


def test_a_webhook_has_one_job_at_a_time() -> None:
    first, second, *_ = planned(NOW - 6 * HOUR, NOW)
    assert choose([second, first], NOW, MAY) == first
    assert choose([first._replace(fate=Fate.ASKED), second], NOW, MAY) is None
    assert choose([first._replace(ask_at=NOW + 1), second], NOW, MAY) == second


ASKED = Piece("pigeon", "1", NOW - 2 * HOUR, NOW - HOUR, Fate.ASKED, "7", NOW)


def test_a_job_that_has_ended_well_is_done() -> None:
    assert follow(ASKED, Ended(True, "Complete"), NOW + MINUTE).fate is Fate.DONE


def test_an_incomplete_job_is_asked_for_three_times_more() -> None:
    piece, now = ASKED, NOW
    for _ in range(MOST_AGAIN):
        piece = follow(piece, Ended(False, "torn"), now)
        assert (piece.fate, piece.ask_at, piece.job, piece.problem) == (Fate.WAITING, now + RETRY, "", "torn")
        now += HOUR
        piece = piece._replace(fate=Fate.ASKED, job="8", asked_at=now)
    piece = follow(piece, Ended(False, "torn"), now)
    assert (piece.fate, piece.problem) == (Fate.FAILED, "torn")


@pytest.mark.parametrize(
    ("job", "waited", "fate"),
    [
        ("7", PATIENCE - 1, Fate.ASKED),
        # Its word may have come while nobody was there.
        ("7", PATIENCE, Fate.UNTOLD),
        ("", ANSWERED - 1, Fate.ASKED),
        # Whoever asked for it has died over it.
        ("", ANSWERED, Fate.WAITING),
    ],
)
def test_nobody_waits_for_ever_for_the_end_of_a_job(job: str, waited: int, fate: Fate) -> None:
    assert follow(ASKED._replace(job=job), None, NOW + waited).fate is fate


def test_a_job_that_is_refused_is_asked_for_later() -> None:
    piece = ASKED._replace(job="")
    for _ in range(10 * MOST_AGAIN):
        piece = refused(piece._replace(fate=Fate.ASKED), "busy", NOW, temporary=True)
        assert (piece.fate, piece.ask_at, piece.problem) == (Fate.WAITING, NOW + RETRY, "busy")


@pytest.mark.parametrize(
    ("wait", "waits"), [(None, RETRY), (1, RETRY), (2 * RETRY, 2 * RETRY), (10 * HOUR, LONGEST_WAIT)]
)
def test_it_is_asked_for_when_the_platform_says_within_reason(wait: int | None, waits: int) -> None:
    piece = refused(ASKED._replace(job=""), "busy", NOW, temporary=True, wait=wait)
    assert piece.ask_at == NOW + waits


def test_one_that_is_refused_for_good_is_given_up_in_the_end() -> None:
    piece = refused(ASKED._replace(job=""), "No.", NOW, temporary=False)
    for _ in range(MOST_AGAIN):
        assert (piece.fate, piece.ask_at) == (Fate.WAITING, NOW + RETRY)
        piece = refused(piece._replace(fate=Fate.ASKED), "No.", NOW, temporary=False)
    assert (piece.fate, piece.problem) == (Fate.FAILED, "No.")
