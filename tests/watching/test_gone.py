"""A webhook that the platform does not list any more is missed for a day."""

import pytest

from tests.conftest import NOW, Clock
from tests.watching.conftest import Pass
from tests.watching.loft import MINUTE, Loft
from tests.watching.test_replays import HOUR, asked, down, fates
from tests.watching.test_watchdog import logged, missed, told
from webhook_app.services import Services
from webhook_app.watchdog import Watchdog


def test_it_is_said_once_and_forgotten_after_a_day(
    dog: Watchdog, loft: Loft, services: Services, clock: Clock, pass_: Pass, caplog: pytest.LogCaptureFixture
) -> None:
    loft.hooks.clear()
    pass_(dog, 3)
    assert logged(caplog) == ["webhook gone"]
    (webhook,) = told(services).webhooks
    assert (webhook.valid, webhook.gone, webhook.seen_at) == (False, True, NOW + MINUTE)
    # One that is gone is not validated.
    assert loft.validations == []
    clock.advance(86_400 - 180)
    pass_(dog, 2 / 3)
    assert len(told(services).webhooks) == 1
    pass_(dog, 1)
    assert told(services).webhooks == []


@pytest.mark.parametrize("valid", [True, False])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_one_list_without_it_ends_no_outage_and_makes_none(
    dog: Watchdog, loft: Loft, services: Services, pass_: Pass, valid: bool
) -> None:
    loft.reachable = False
    loft.turn("1", valid=valid)
    pass_(dog, 20)
    hooks = dict(loft.hooks)
    loft.hooks.clear()
    pass_(dog, 1)
    loft.hooks |= hooks
    loft.turn("1", valid=True)
    pass_(dog, 1)
    (webhook,) = told(services).webhooks
    assert (webhook.valid, webhook.gone, webhook.invalid_since) == (True, False, None)
    assert missed(services) == ([] if valid else [(-5, 27)])


def test_a_new_one_at_its_address_is_given_what_it_missed(
    dog: Watchdog, loft: Loft, services: Services, clock: Clock, pass_: Pass
) -> None:
    dog = down(dog, clock, HOUR, services)
    # Deleted at 60, registered anew at 70: two outages, of which none was replayed yet.
    old = loft.hooks.pop("1")
    pass_(dog, 10)
    assert fates(services) == {"waiting": 70}
    loft.hooks["2"] = old._replace(id="2", created_at=clock())
    pass_(dog, 1)
    assert [webhook.id for webhook in told(services).webhooks] == ["2"]
    assert {piece.webhook for piece in told(services).pieces} == {"2"}
    assert missed(services) == [(-5, 65), (55, 76)]
    pass_(dog, 30)
    loft.end(services)
    pass_(dog, 1)
    assert asked(loft) == [(-5, 65), (55, 76)]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_without_a_new_one_what_it_missed_fails_after_a_day(
    dog: Watchdog, loft: Loft, services: Services, clock: Clock, pass_: Pass
) -> None:
    dog = down(dog, clock, HOUR, services)
    loft.hooks.clear()
    pass_(dog, 20)
    assert fates(services) == {"waiting": 70}
    # Told of for a day, without a piece that is too old to be asked for.
    clock.advance(23 * 3600)
    pass_(dog, 1)
    assert fates(services) == {"waiting": 70}
    clock.advance(3600)
    pass_(dog, 1)
    (piece,) = told(services).pieces
    assert (piece.fate, piece.problem) == ("failed", "The webhook is gone.")
