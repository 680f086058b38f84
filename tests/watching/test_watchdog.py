"""The watchdog looks, validates, and finds out what was missed."""

import logging
from typing import Any

import pytest

from tests.conftest import NOW, Clock
from tests.watching.conftest import Pass
from tests.watching.loft import MINUTE, Loft, WatchedPigeon
from webhook_app.domain.webhook import Webhook
from webhook_app.errors import ManagementError
from webhook_app.services import Services
from webhook_app.storage.watching import Watches, read_watches
from webhook_app.watchdog import Watchdog, is_ours, keep_watch


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
    ("url", "ours"),
    [
        ("https://a.example/webhooks/pigeon", True),
        ("https://b.example/webhooks/pigeon?a=/b", True),
        ("https://a.example/webhooks/pigeons", False),
        ("https://a.example/x/webhooks/pigeon", False),
        ("https://a.example", False),
        ("https://a.example/?u=https://a.example/webhooks/pigeon", False),
    ],
)
def test_ours_are_known_by_their_path(url: str, ours: bool) -> None:
    assert is_ours(Webhook("1", url, True, NOW), "pigeon") is ours


def test_a_webhook_that_is_gone_is_forgotten(
    dog: Watchdog, loft: Loft, services: Services, pass_: Pass
) -> None:
    loft.hooks.clear()
    pass_(dog, 1)
    assert told(services).webhooks == []


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


def test_a_clock_that_is_put_back_stops_nothing(dog: Watchdog, loft: Loft, clock: Clock, pass_: Pass) -> None:
    clock.advance(-3600)
    pass_(dog, 3)
    assert len(loft.looks) >= 4


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
