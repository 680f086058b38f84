"""When an outage begins and ends, and how often an invalid webhook is validated again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_app.domain.watching import (
    LONGEST_PAUSE,
    MARGIN,
    MINUTE,
    OUTAGE,
    REACH,
    Interval,
    Watched,
    is_due,
    is_serving,
    look,
    miss,
    pause,
    validating,
)
from webhook_app.domain.webhook import Webhook

NOW = 1_795_219_200_000
HOUR = 60 * MINUTE


def told(valid: bool = True) -> Webhook:
    """What the platform says."""
    return Webhook("1", "https://a.example/webhooks/pigeon", valid, NOW - 9 * HOUR)


def see(
    before: Watched | None,
    minutes: float,
    valid: bool = True,
    serving: bool = True,
    delivered: float | None = None,
) -> tuple[Watched, Interval | None]:
    """A look so many minutes after the first, when the last delivery was at `delivered`."""
    now = NOW + int(minutes * MINUTE)
    at = None if delivered is None else NOW + int(delivered * MINUTE)
    return look(before, "pigeon", told(valid), now, serving=serving, delivered_at=at)


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://a.example/webhooks/pigeon", True),
        ("https://b.example/webhooks/pigeon?a=/b", True),
        ("https://a.example/webhooks/pigeon/", True),
        ("https://[a/webhooks/pigeon#b", True),
        ("https://a.example/webhooks/pigeon//", False),
        ("https://a.example/webhooks/pigeons", False),
        ("https://a.example/x/webhooks/pigeon", False),
        ("https://a.example", False),
        ("https://a.example/?u=https://a.example/webhooks/pigeon", False),
    ],
)
def test_ours_are_known_by_their_path(url: str, ours: bool) -> None:
    assert Webhook("1", url, True, NOW).leads_to("pigeon") is ours


def test_a_webhook_seen_for_the_first_time_has_missed_nothing() -> None:
    first, missed = see(None, 0)
    assert (first.valid, first.good_at, first.invalid_since, missed) == (True, NOW, None, None)


@pytest.mark.parametrize(("minutes", "outage"), [(1, False), (3, False), (3.1, True), (600, True)])
def test_a_time_in_which_nobody_looked_is_an_outage_if_it_is_long(minutes: float, outage: bool) -> None:
    first, _ = see(None, 0)
    again, missed = see(first, minutes)
    assert missed == ((NOW - MARGIN, again.seen_at + MARGIN) if outage else None)
    assert again.good_at == again.seen_at


def test_it_lasts_until_the_webhook_is_valid_and_somebody_serves() -> None:
    seen, _ = see(None, 0)
    for minute in range(1, 10):
        seen, missed = see(seen, minute, valid=minute > 5, serving=False)
        assert missed is None
    seen, missed = see(seen, 10)
    assert missed == (NOW - MARGIN, NOW + 10 * MINUTE + MARGIN)
    assert see(seen, 11)[1] is None


def test_an_invalid_webhook_has_missed_something_however_soon_it_is_valid_again() -> None:
    first, _ = see(None, 0)
    invalid, missed = see(first, 1, valid=False)
    assert (invalid.valid, invalid.invalid_since, invalid.validate_at, missed) == (
        False, NOW + MINUTE, NOW + MINUTE, None
    )  # fmt: skip
    valid, missed = see(invalid, 2)
    assert missed == (NOW - MARGIN, NOW + 2 * MINUTE + MARGIN)
    assert (valid.invalid_since, valid.attempts, valid.reason) == (None, 0, "")


def test_it_goes_back_to_the_last_delivery_before_it_was_found_invalid() -> None:
    first, _ = see(None, 0)
    invalid, _ = see(first, 1, valid=False, delivered=-120)
    # What came since it is valid again proves nothing about before.
    _, missed = see(invalid, 3, delivered=3)
    assert missed == (NOW - 2 * HOUR - MARGIN, NOW + 3 * MINUTE + MARGIN)


def test_a_quiet_bot_is_not_said_to_have_lost_weeks() -> None:
    first, _ = see(None, 0)
    invalid, _ = see(first, 1, valid=False, delivered=-60 * 24 * 20)
    _, missed = see(invalid, 2)
    assert missed is not None
    assert missed[0] == NOW + 2 * MINUTE - REACH - MARGIN


@pytest.mark.parametrize(("delivered", "since"), [(-60.0, -60), (None, -9 * 60)])
def test_one_that_is_invalid_from_the_first_has_missed_what_came_since(
    delivered: float | None, since: int
) -> None:
    first, _ = see(None, 0, valid=False, delivered=delivered)
    _, missed = see(first, 1)
    assert missed == (NOW + since * MINUTE - MARGIN, NOW + MINUTE + MARGIN)


@pytest.mark.parametrize("created", [0, -(10**15)])
def test_one_that_is_said_to_be_very_old_reaches_no_further_back(created: int) -> None:
    hook = told(valid=False)._replace(created_at=created)
    first, _ = look(None, "pigeon", hook, NOW, serving=True, delivered_at=None)
    assert first.good_at == NOW - REACH


@pytest.mark.parametrize(
    ("served", "serving"), [(None, False), (-1.1, False), (-1, True), (0.5, True), (1.1, False), (600, False)]
)
def test_who_will_have_served_does_not_serve(served: float | None, serving: bool) -> None:
    at = None if served is None else NOW + int(served * MINUTE)
    assert is_serving(at, NOW) is serving


@pytest.mark.parametrize("valid", [True, False])
def test_one_that_is_listed_again_goes_on_where_it_was(valid: bool) -> None:
    gone = miss(see(None, 0)[0], NOW + MINUTE)
    assert (gone.gone, gone.valid, miss(gone, NOW + HOUR)) == (True, False, gone)
    back, _ = see(gone, 2, valid=valid)
    assert (back.gone, back.valid) == (False, valid)
    assert see(back, 10)[1] == (back.good_at - MARGIN, NOW + 10 * MINUTE + MARGIN)


def test_a_clock_that_was_ahead_hides_no_outage() -> None:
    ahead, _ = see(None, 600)
    invalid, _ = see(ahead, 1, valid=False)
    assert see(invalid, 20)[1] == (NOW + MINUTE - MARGIN, NOW + 20 * MINUTE + MARGIN)


def test_what_was_put_off_by_a_clock_that_was_ahead_is_due() -> None:
    assert [is_due(at, NOW, 5) for at in (NOW - 1, NOW, NOW + 1, NOW + 5, NOW + 6)] == [
        True, True, False, False, True
    ]  # fmt: skip


def test_validations_become_rarer_and_never_cease() -> None:
    webhook, _ = see(None, 0, valid=False)
    tried = []
    while webhook.validate_at < NOW + 4 * HOUR:
        tried.append((webhook.validate_at - NOW) // MINUTE)
        webhook = validating(webhook, webhook.validate_at)
    assert tried == [0, 1, 3, 7, 15, 31, 61, 91, 121, 151, 181, 211]
    # X allows 450 in 15 minutes, to all who share the app.
    assert pause(10_000) == LONGEST_PAUSE


@given(st.lists(st.tuples(st.integers(0, 2 * HOUR), st.booleans(), st.booleans()), max_size=20))
def test_whatever_was_not_good_for_long_is_missed(looks: list[tuple[int, bool, bool]]) -> None:
    seen, _ = see(None, 0)
    now, good_at = NOW, NOW
    for wait, valid, serving in [*looks, (MINUTE, True, True)]:
        now += wait
        seen, missed = look(seen, "pigeon", told(valid), now, serving=serving, delivered_at=None)
        if not (valid and serving):
            assert missed is None
            continue
        if now - good_at > OUTAGE:
            assert missed is not None
        if missed is not None:
            assert missed == (good_at - MARGIN, now + MARGIN)
        good_at = now
