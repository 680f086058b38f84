"""The watchdog looks, validates, and finds out what was missed."""

import logging
from itertools import pairwise
from typing import Any

import pytest

from tests.conftest import NOW, Clock
from tests.watching.conftest import Pass
from tests.watching.loft import MINUTE, URL, Loft, WatchedPigeon
from webhook_app.domain.watching import OUTAGE
from webhook_app.domain.webhook import Webhook
from webhook_app.errors import ManagementError
from webhook_app.services import Services
from webhook_app.storage.watching import Watches, read_watches
from webhook_app.watchdog import Watchdog, keep_watch


def told(services: Services) -> Watches:
    """What the watchdog has written."""
    return services.store.read(read_watches)


def missed(services: Services) -> list[tuple[int, int]]:
    """What was missed, in minutes from the beginning."""
    pieces = sorted(told(services).pieces)
    return [((piece.since - NOW) // MINUTE, (piece.until - NOW) // MINUTE) for piece in pieces]


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The events in the log."""
    return [record.message for record in caplog.records if record.name.startswith("webhook_app.")]


def test_it_looks_every_minute_and_has_nothing_to_do(
    dog: Watchdog, loft: Loft, services: Services, pass_: Pass
) -> None:
    pass_(dog, 10)
    assert loft.looks == [NOW + minute * MINUTE for minute in range(11)]
    assert (loft.validations, missed(services)) == ([], [])
    (watch,), (webhook,), *_ = told(services)
    assert (watch.told_at, watch.problem, webhook.valid) == (NOW + 10 * MINUTE, "", True)


def test_an_invalid_webhook_is_validated_until_it_is_valid(
    dog: Watchdog, loft: Loft, services: Services, pass_: Pass, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    loft.reachable = False
    loft.turn("1", valid=False)
    pass_(dog, 20)
    assert [(at - NOW) // MINUTE for at in loft.validations] == [1, 2, 4, 8, 16]
    (webhook,) = told(services).webhooks
    assert (webhook.valid, webhook.invalid_since, webhook.attempts, webhook.reason) == (
        False, NOW + MINUTE, 5, "The check was not answered."
    )  # fmt: skip
    assert webhook.validate_at == NOW + 32 * MINUTE
    loft.reachable = True
    pass_(dog, 12 + 1 / 3)
    (webhook,) = told(services).webhooks
    assert (webhook.valid, webhook.invalid_since, webhook.attempts, webhook.reason) == (True, None, 0, "")
    # It was seen valid at the next step, and five minutes around are missed.
    assert missed(services) == [(-5, 38)]
    assert logged(caplog) == [
        "webhook invalid", *["webhook not validated"] * 5, "webhook validation begun", "webhook valid again",
        "outage over", "replay waits",
    ]  # fmt: skip


def test_who_starts_it_anew_need_not_wait_for_the_next_validation(
    dog: Watchdog, loft: Loft, services: Services, pass_: Pass
) -> None:
    loft.reachable = False
    loft.turn("1", valid=False)
    pass_(dog, 20)
    dog.close()
    loft.reachable = True
    pass_(Watchdog(services, serving=True), 2 / 3)
    assert told(services).webhooks[0].valid


@pytest.mark.parametrize(("seconds", "found"), [(100, []), (600, [(-5, 15)])])
def test_a_restart_is_an_outage_if_it_takes_long(
    services: Services, clock: Clock, dog: Watchdog, seconds: int, found: list[tuple[int, int]]
) -> None:
    dog.close()
    clock.advance(seconds)
    Watchdog(services, serving=True).step()
    assert missed(services) == found


def test_a_worker_alone_serves_nobody(dog: Watchdog, services: Services, pass_: Pass) -> None:
    worker = Watchdog(services)
    pass_(worker, 10)
    assert missed(services) == []
    Watchdog(services, serving=True).step()
    # Somebody served less than a minute before the first look of the worker.
    assert missed(services) == [(-5, 15)]


def test_webhooks_of_others_are_left_alone(
    dog: Watchdog, loft: Loft, services: Services, pass_: Pass
) -> None:
    loft.hooks["2"] = Webhook("2", "https://a.example/other", False, NOW)
    pass_(dog, 2)
    assert [webhook.id for webhook in told(services).webhooks] == ["1"]
    assert loft.validations == []


@pytest.mark.parametrize(
    ("id_", "url"), [("\ud800", URL), ("2", f"{URL}?\ud800"), ("", URL), ("2" * 9999, URL)]
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_one_that_cannot_be_stored_is_passed_over(
    dog: Watchdog,
    loft: Loft,
    services: Services,
    pass_: Pass,
    caplog: pytest.LogCaptureFixture,
    id_: str,
    url: str,
) -> None:
    loft.hooks[id_] = Webhook(id_, url, False, NOW)
    pass_(dog, 3)
    assert [(one.id, one.seen_at) for one in told(services).webhooks] == [("1", NOW + 3 * MINUTE)]
    assert logged(caplog) == ["webhooks not understood"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_platform_that_is_slow_makes_no_outages(
    dog: Watchdog, loft: Loft, services: Services, clock: Clock
) -> None:
    loft.hooks |= {
        str(n): Webhook(str(n), f"https://{n}.example/webhooks/pigeon", False, NOW) for n in range(2, 9)
    }
    loft.reachable, loft.slow = False, 30
    while clock() < NOW + 40 * MINUTE:
        clock.advance(5)
        dog.step()
    assert missed(services) == []
    assert all(one.attempts >= 3 for one in told(services).webhooks if not one.valid)
    # Then nobody was there for ten minutes, and every replay is slow.
    for one in loft.hooks:
        loft.turn(one, valid=True)
    clock.advance(600)
    dog.step()
    pieces, looks = len(told(services).pieces), len(loft.looks)
    while clock() < NOW + 95 * MINUTE:
        clock.advance(5)
        loft.running = None
        dog.step()
    assert len(told(services).pieces) == pieces
    assert {webhook for webhook, *_ in loft.jobs.values()} == set(loft.hooks)
    assert max(b - a for a, b in pairwise(loft.looks[looks - 1 :])) < OUTAGE


def test_a_platform_that_does_not_answer_is_said_once(
    dog: Watchdog, loft: Loft, services: Services, pass_: Pass, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    loft.problem = ManagementError("", "It does not answer.", temporary=True)
    pass_(dog, 2)
    (watch,) = told(services).platforms
    assert (watch.problem, watch.told_at, watch.stepped_at) == ("It does not answer.", NOW, NOW + 2 * MINUTE)
    loft.problem = None
    pass_(dog, 1)
    assert told(services).platforms[0].problem == ""
    assert logged(caplog) == ["not watched", "watched again"]


def test_what_is_missing_for_it_is_said(
    services: Services, pigeon: WatchedPigeon, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    pigeon.token = ""
    dog = Watchdog(services)
    for _ in range(3):
        dog.step()
        clock.advance(90)
    assert [watch.problem for watch in told(services).platforms] == ["PIGEON_TOKEN is not set."]
    assert logged(caplog) == ["not watched"]


def test_a_platform_without_webhooks_is_not_watched(services: Services, pigeon: WatchedPigeon) -> None:
    pigeon.loft = None
    assert not Watchdog(services).step()
    assert told(services) == ([], [], [], {})


def test_only_the_holder_of_the_lease_looks(services: Services, loft: Loft) -> None:
    assert services.store.take_lease("watchdog", "somebody else", 60_000)
    dog = Watchdog(services, serving=True)
    assert not dog.step()
    assert (loft.looks, told(services)) == ([], ([], [], [], {}))


def test_a_clock_that_is_put_back_stops_nothing(
    dog: Watchdog, loft: Loft, services: Services, clock: Clock, pass_: Pass
) -> None:
    clock.advance(-3600)
    pass_(dog, 3)
    assert len(loft.looks) >= 4
    (webhook,) = told(services).webhooks
    assert webhook.good_at == webhook.seen_at < NOW


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_clock_that_wavers_asks_no_more_often(dog: Watchdog, loft: Loft, clock: Clock) -> None:
    loft.reachable = False
    loft.turn("1", valid=False)
    for second in range(600):
        clock.advance(1 if second % 5 else -0.001)
        dog.step()
    assert len(loft.looks) <= 11
    assert len(loft.validations) <= 4


def test_the_lease_is_left_to_others_at_the_end(services: Services) -> None:
    steps = iter([False, True])
    keep_watch(lambda: services, lambda _: next(steps), serving=True)
    assert services.store.take_lease("watchdog", "somebody else", 1000)


def test_whatever_fails_it_goes_on(services: Services, loft: Loft, caplog: pytest.LogCaptureFixture) -> None:
    loft.problem = ZeroDivisionError()
    waits: list[Any] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) > 2

    keep_watch(lambda: services, wait, serving=True)
    assert logged(caplog) == ["watchdog failed"]
