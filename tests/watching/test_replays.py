"""What was missed is delivered again, piece by piece, whatever happens meanwhile."""

import logging

import pytest

from tests.conftest import NOW, Clock
from tests.watching.conftest import Pass
from tests.watching.loft import MINUTE, Loft
from tests.watching.test_watchdog import logged, told
from webhook_app.errors import ManagementError
from webhook_app.services import Services
from webhook_app.watchdog import Watchdog

HOUR = 60


def asked(loft: Loft) -> list[tuple[int, int]]:
    """The jobs, in minutes from the beginning."""
    return [((since - NOW) // MINUTE, (until - NOW) // MINUTE) for _, since, until in loft.jobs.values()]


def fates(services: Services) -> dict[str, int]:
    """Minutes by what became of them."""
    return {fate: many // MINUTE for (_, fate), many in told(services).missed.items()}


def down(dog: Watchdog, clock: Clock, minutes: float, services: Services) -> Watchdog:
    """Be away for so long; returns the watchdog of afterwards."""
    dog.close()
    clock.advance(minutes * 60)
    after = Watchdog(services, serving=True)
    after.step()
    return after


def test_each_piece_is_asked_for_when_it_may_be_and_the_one_before_has_ended(
    dog: Watchdog, loft: Loft, services: Services, clock: Clock, pass_: Pass, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    dog = down(dog, clock, 3 * HOUR, services)
    assert asked(loft) == [(-5, 115)]
    pass_(dog, 5)
    assert asked(loft) == [(-5, 115)]
    loft.end(services)
    pass_(dog, 10)
    # Up to five minutes after the outage, which are over for ten, and one for clocks that differ.
    assert asked(loft) == [(-5, 115)]
    pass_(dog, 1 + 1 / 3)
    assert asked(loft) == [(-5, 115), (115, 185)]
    assert fates(services) == {"done": 120, "asked": 70}
    loft.end(services)
    pass_(dog, 1 / 3)
    assert fates(services) == {"done": 190}
    assert logged(caplog) == [
        "outage over", "replay waits", "replay waits", "replay under way", "replay complete",
        "replay under way", "replay complete",
    ]  # fmt: skip


def test_what_is_too_old_is_said_to_be_lost(
    dog: Watchdog, loft: Loft, services: Services, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    down(dog, clock, 30 * HOUR, services)
    assert fates(services) == {"lost": 6 * HOUR + 5 + 1, "asked": 120, "waiting": 22 * HOUR - 1 + 5}
    (line,) = [record for record in caplog.records if record.message == "deliveries lost"]
    assert (line.__dict__["since"], line.__dict__["until"]) == (
        "2026-11-20T23:55:00.000Z", "2026-11-21T06:01:00.000Z"
    )  # fmt: skip


def test_a_process_that_dies_while_it_asks_has_it_asked_for_again(
    dog: Watchdog, loft: Loft, services: Services, clock: Clock, pass_: Pass
) -> None:
    dog = down(dog, clock, HOUR, services)
    loft.refusal = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        pass_(dog, 17)
    assert fates(services) == {"asked": 70}
    loft.refusal = None
    pass_(Watchdog(services, serving=True), 3)
    assert asked(loft) == [(-5, 65)]


def test_a_job_that_nobody_knows_of_any_more_is_waited_for(
    dog: Watchdog, loft: Loft, services: Services, clock: Clock, pass_: Pass
) -> None:
    loft.running = "of somebody else"
    dog = down(dog, clock, HOUR, services)
    pass_(dog, 20)
    assert told(services).pieces[0].problem == "There is a job already."
    loft.running = None
    pass_(dog, 6)
    assert asked(loft) == [(-5, 65)]


@pytest.fixture
def under_way(dog: Watchdog, services: Services, clock: Clock, pass_: Pass) -> Watchdog:
    """A watchdog that has a job under way."""
    dog = down(dog, clock, HOUR, services)
    pass_(dog, 16 + 1 / 3)
    assert fates(services) == {"asked": 70}
    return dog


def test_an_incomplete_job_is_asked_for_again_and_given_up_in_the_end(
    under_way: Watchdog, loft: Loft, services: Services, pass_: Pass
) -> None:
    for _ in range(3):
        loft.end(services, "Incomplete")
        pass_(under_way, 6)
    assert asked(loft) == [(-5, 65)] * 4
    loft.end(services, "Incomplete")
    pass_(under_way, 6)
    assert fates(services) == {"failed": 70}
    assert told(services).pieces[0].problem == "Incomplete"


def test_a_job_whose_end_is_not_told_holds_nobody_up(
    under_way: Watchdog, services: Services, pass_: Pass
) -> None:
    pass_(under_way, 30)
    assert fates(services) == {"untold": 70}


def test_a_job_under_way_in_an_outage_is_asked_for_again(
    under_way: Watchdog, loft: Loft, services: Services, clock: Clock
) -> None:
    loft.running = None
    down(under_way, clock, HOUR, services)
    assert asked(loft) == [(-5, 65)] * 2


def test_nothing_is_asked_for_while_the_webhook_is_invalid(
    dog: Watchdog, loft: Loft, services: Services, clock: Clock, pass_: Pass
) -> None:
    dog = down(dog, clock, HOUR, services)
    loft.turn("1", valid=False)
    loft.reachable = False
    # The loft would not have it.
    pass_(dog, 40)
    assert asked(loft) == []
    assert fates(services) == {"waiting": 70}


@pytest.mark.parametrize(("temporary", "fate"), [(True, "waiting"), (False, "failed")])
def test_a_refused_job_is_asked_for_again_unless_for_good(
    under_way: Watchdog, loft: Loft, services: Services, pass_: Pass, temporary: bool, fate: str
) -> None:
    loft.end(services, "Incomplete")
    loft.refusal = ManagementError("", "No.", temporary=temporary)
    pass_(under_way, 25)
    assert fates(services) == {fate: 70}
    assert told(services).pieces[0].problem == "No."


@pytest.mark.parametrize(("wait", "minutes"), [(None, 5), (15 * MINUTE, 15)])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_platform_that_is_busy_is_asked_for_nothing_for_a_while(
    dog: Watchdog, loft: Loft, services: Services, clock: Clock, pass_: Pass, wait: int | None, minutes: int
) -> None:
    loft.hooks["2"] = loft.hooks["1"]._replace(id="2")
    pass_(dog, 1)
    loft.refusal = ManagementError("", "Too many.", temporary=True, wait=wait)
    dog = down(dog, clock, HOUR, services)
    pass_(dog, 16 + 1 / 3)
    pass_(dog, minutes - 1)
    assert loft.requests == ["1"]
    pass_(dog, 1 + 2 / 3)
    # It is the other's turn.
    assert loft.requests == ["1", "2"]
    loft.refusal = None
    pass_(dog, minutes + 1)
    assert len(loft.jobs) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_was_asked_for_by_a_clock_that_was_ahead_is_not_waited_for(
    dog: Watchdog, loft: Loft, services: Services, clock: Clock, pass_: Pass
) -> None:
    dog = down(dog, clock, HOUR, services)
    clock.advance(6 * 3600)
    pass_(dog, 1)
    assert len(loft.jobs) == 1
    clock.advance(-6 * 3600)
    loft.running = None
    pass_(dog, 31)
    assert dict(fates(services))["untold"] == 70


def test_what_seemed_lost_by_a_clock_that_was_ahead_is_had_again(
    dog: Watchdog, loft: Loft, services: Services, clock: Clock, pass_: Pass
) -> None:
    dog = down(dog, clock, HOUR, services)
    clock.advance(26 * 3600)
    pass_(dog, 1)
    assert fates(services)["lost"] >= 70
    clock.advance(-26 * 3600)
    loft.running = None
    pass_(dog, 60)
    assert "lost" not in fates(services)
    assert (-5, 65) in asked(loft)


def test_a_piece_that_waits_for_a_day_is_one_that_is_lost(
    under_way: Watchdog,
    loft: Loft,
    services: Services,
    clock: Clock,
    pass_: Pass,
    caplog: pytest.LogCaptureFixture,
) -> None:
    loft.end(services, "Incomplete")
    loft.refusal = ManagementError("", "Busy.", temporary=True)
    clock.advance(22 * 3600 + 2400)
    down(under_way, clock, 1, services)
    caplog.clear()
    pass_(Watchdog(services, serving=True), 40)
    lost = [piece for piece in told(services).pieces if piece.fate == "lost"]
    assert [(piece.since - NOW) // MINUTE for piece in lost] == [-5]
    assert logged(caplog).count("deliveries lost") <= 40 // 5


def test_what_has_come_to_its_end_is_forgotten_after_a_week(
    under_way: Watchdog, loft: Loft, services: Services, clock: Clock, pass_: Pass
) -> None:
    loft.end(services)
    pass_(under_way, 1)
    services.store.retain(clock() + 6 * 86_400_000)
    assert fates(services) == {"done": 70}
    services.store.retain(clock() + 8 * 86_400_000)
    assert fates(services) == {}
