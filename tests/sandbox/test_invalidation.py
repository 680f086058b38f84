"""How X gives up a webhook: at once or after 28 hours, and by challenges that it repeats by itself."""

import time
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import ALICE, CHARLIE, CONFIG, Clock, Drive, Driver, refusal
from tests.sandbox.consumer import Consumer, Reply, eventually
from webhook_app.sandbox import webhooks
from webhook_app.sandbox.world import World

HOUR = 3600


@pytest.fixture
def clock() -> Clock:
    """A clock that stands: the SDK signs with the machine's."""
    return Clock(time.time())


def is_valid(driver: Driver) -> bool:
    """Whether X says of the one webhook that it is valid."""
    (webhook,) = driver.app.webhooks.get().data or []
    return bool(webhook.valid)


@pytest.mark.parametrize(
    "reply", [Reply(body=b'{"response_token":"sha256=wrong"}'), Reply(204), Reply(301), Reply(307)]
)
def test_it_gives_up_at_once(driver: Driver, consumer: Consumer, reply: Reply) -> None:
    webhook_id = driver.register(consumer)
    consumer.crc_reply = reply
    (checked,) = driver.do("/check", expect=200)["items"]
    assert (checked["id"], checked["valid"]) == (webhook_id, False)
    assert checked["problem"].startswith("CrcValidationFailed: ")
    assert not is_valid(driver)
    # And does not ask again.
    assert driver.do("/check", expect=200)["items"] == []


def test_it_gives_up_at_once_where_tls_fails(driver: Driver, consumer: Consumer) -> None:
    webhook = driver.sandbox.world.state.webhooks[driver.register(consumer)]
    # What listens there speaks plain http.
    webhook.url = consumer.url.replace("http:", "https:")
    (checked,) = driver.do("/check", expect=200)["items"]
    assert "TLS error" in checked["problem"]
    assert not is_valid(driver)


@pytest.mark.parametrize("status", [404, 503, None])
def test_it_forgives_for_28_hours_since_the_last_success(
    drive: Drive, clock: Clock, status: int | None
) -> None:
    driver = drive(clock)
    with Consumer(CONFIG.consumer_secret) as consumer:
        driver.register(consumer)
        clock.now += 10 * HOUR
        assert driver.do("/check", expect=200)["items"][0]["problem"] is None
        if status is not None:
            consumer.crc_reply = Reply(status)
            assert _valid_after(driver, clock, 28 * HOUR - 1)
            assert not _valid_after(driver, clock, 1)
    if status is None:
        # Nobody listens there any more.
        assert _valid_after(driver, clock, 28 * HOUR - 1)
        assert not _valid_after(driver, clock, 1)


def _valid_after(driver: Driver, clock: Clock, seconds: float) -> bool:
    clock.now += seconds
    driver.do("/check", expect=200)
    return is_valid(driver)


def test_a_failed_put_after_28_hours_is_the_end_too(drive: Drive, clock: Clock, consumer: Consumer) -> None:
    driver = drive(clock)
    webhook_id = driver.register(consumer)
    consumer.crc_reply = Reply(503)
    clock.now += 28 * HOUR
    with pytest.raises(requests.HTTPError) as error:
        driver.app.webhooks.validate(webhook_id)
    assert refusal(error)[1].startswith("CrcValidationFailed: ")
    assert not is_valid(driver)


def test_it_challenges_every_half_hour_once_a_day_has_passed_since_a_success(
    clock: Clock, consumer: Consumer
) -> None:
    # Not started, so that nobody else looks at the clock.
    world = World(CONFIG, clock)
    webhooks.register(world.state, consumer.url)
    consumer.crc_reply = Reply(503)

    def challenged(seconds: float) -> bool:
        clock.now += seconds
        return bool(world.inspector.step())

    assert not challenged(24 * HOUR - 1)
    assert challenged(1)
    assert not challenged(HOUR / 2 - 1)
    assert challenged(1)
    consumer.crc_reply = None
    assert challenged(HOUR / 2)
    assert not challenged(24 * HOUR - 1)
    assert challenged(1)


def test_it_challenges_by_itself(drive: Drive, clock: Clock, consumer: Consumer) -> None:
    driver = drive(clock)
    driver.register(consumer)
    consumer.crc_reply = Reply(302)
    clock.now += 24 * HOUR
    eventually(lambda: not is_valid(driver))


def test_an_invalid_webhook_gets_nothing_until_a_put_and_keeps_its_subscriptions(
    driver: Driver, consumer: Consumer
) -> None:
    webhook_id = driver.subscribe(consumer)
    driver.do("/invalidate", webhook_id=webhook_id, expect=200)
    read: dict[str, Any] = {"reader": CHARLIE, "peer": ALICE.user_id, "last_read_event_id": "7"}
    assert driver.do("/reads", **read)["deliveries"] == []
    assert driver.do("/emit", event={})["deliveries"] == []
    driver.app.webhooks.validate(webhook_id)
    driver.do("/reads", **read)
    assert driver.settled()["counts"] == {"waiting": 0, "delivered": 1, "lost": 0, "dropped": 0}
    driver.do("/invalidate", webhook_id="77", expect=400)
