"""What follows from a consumer's answers: retries, losses, and the truth about what was acknowledged."""

import threading
from typing import Any

from tests.sandbox.conftest import ALICE, CHARLIE, CONFIG, Drive, Driver
from tests.sandbox.consumer import Consumer, Reply, eventually

READ: dict[str, Any] = {"reader": CHARLIE, "peer": ALICE.user_id, "last_read_event_id": "1247310121283321862"}


def test_it_tries_again_until_the_answer_is_200(driver: Driver, consumer: Consumer) -> None:
    driver.subscribe(consumer)
    # 204 and a redirect are failures like any other.
    consumer.replies = [Reply(503), Reply(204, body=b""), Reply(302, headers=(("Location", "/"),))]
    driver.do("/reads", **READ)
    settled = driver.settled()
    (delivery,) = settled["items"]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [503, 204, 302, 200]
    assert settled["counts"] == {"waiting": 0, "delivered": 1, "lost": 0, "dropped": 0}
    assert len({(received.body, received.signature) for received in consumer.deliveries}) == 1


def test_after_three_retries_the_event_is_lost(driver: Driver, consumer: Consumer) -> None:
    driver.subscribe(consumer)
    consumer.reply = Reply(500)
    driver.do("/reads", **READ)
    settled = driver.settled()
    assert [attempt["status"] for attempt in settled["items"][0]["attempts"]] == [500] * 4
    assert settled["counts"]["lost"] == 1
    (position,) = driver.get("/positions")["items"]
    assert position["sent"]["last_read_event_id"] == READ["last_read_event_id"]
    assert position["acknowledged"] is None


def test_it_waits_as_long_as_documented_before_it_tries_again() -> None:
    documented = type(CONFIG)("", "", "", (ALICE,))
    assert documented.retry_delays == (3.0, 27.0, 242.0)
    assert documented.delivery_timeout == 10.0
    assert documented.crc_timeout == 3.0


def test_an_answer_that_takes_too_long_is_a_failure(drive: Drive, consumer: Consumer) -> None:
    driver = drive(delivery_timeout=0.5)
    driver.subscribe(consumer)
    too_late = threading.Event()
    consumer.replies = [Reply(after=too_late)]
    driver.do("/reads", **READ)
    (delivery,) = driver.settled()["items"]
    too_late.set()
    first, *_, last = delivery["attempts"]
    assert first["status"] is None
    assert first["error"].startswith("ReadTimeoutError")
    assert last["status"] == 200


def test_a_consumer_that_is_away_gets_the_event_when_it_is_back(drive: Drive) -> None:
    driver = drive(retry_delays=(0.05,) * 100)
    consumer = Consumer(CONFIG.consumer_secret)
    with consumer:
        driver.subscribe(consumer)
    driver.do("/reads", **READ)
    eventually(lambda: driver.get("/deliveries")["attempts"] > 0)
    with consumer:
        assert driver.settled()["counts"]["delivered"] == 1


def test_an_invalid_webhook_gets_nothing(driver: Driver, consumer: Consumer) -> None:
    webhook_id = driver.subscribe(consumer)
    driver.sandbox.world.state.webhooks[webhook_id].valid = False
    assert driver.do("/reads", **READ)["deliveries"] == []


def test_what_waits_for_a_deleted_webhook_is_dropped(drive: Drive, consumer: Consumer) -> None:
    driver = drive(retry_delays=(0.05,) * 100)
    webhook_id = driver.subscribe(consumer)
    consumer.reply = Reply(503)
    driver.do("/reads", **READ)
    eventually(lambda: consumer.deliveries)
    driver.app.webhooks.delete(webhook_id)
    assert driver.settled()["counts"]["dropped"] == 1


def test_no_more_is_on_its_way_than_allowed(drive: Drive, consumer: Consumer) -> None:
    driver = drive(in_flight=2)
    driver.subscribe(consumer)
    gate = threading.Event()
    consumer.reply = Reply(after=gate)
    driver.do("/reads", **READ, fault={"repeat": 9})
    eventually(lambda: len(consumer.deliveries) == 2)
    assert driver.get("/deliveries")["counts"]["waiting"] == 10
    assert len(consumer.deliveries) == 2
    gate.set()
    assert driver.settled()["counts"]["delivered"] == 10


def test_the_truth_is_the_furthest_acknowledged_and_the_furthest_sent(
    driver: Driver, consumer: Consumer
) -> None:
    driver.subscribe(consumer)
    # The 19-digit id is the greater one, though not by its letters.
    for id_ in ("963085315333238788", "1247310121283321862", "877260925346103299"):
        driver.do("/reads", **{**READ, "last_read_event_id": id_}, created_timestamp="7")
    driver.settled()
    consumer.reply = Reply(503)
    driver.do("/reads", **{**READ, "last_read_event_id": "2080765901528535096"}, created_timestamp="8")
    driver.settled()
    assert driver.get("/positions") == {
        "items": [
            {
                "reader": CHARLIE,
                "peer": ALICE.user_id,
                "acknowledged": {"last_read_event_id": "1247310121283321862", "created_timestamp": "7"},
                "sent": {"last_read_event_id": "2080765901528535096", "created_timestamp": "8"},
            }
        ],
        "waiting": 0,
    }


def test_of_equal_marks_the_truth_is_the_earliest(driver: Driver, consumer: Consumer) -> None:
    driver.subscribe(consumer)
    for at in ("9", "7", "8"):
        driver.do("/reads", **READ, created_timestamp=at)
    driver.settled()
    (position,) = driver.get("/positions")["items"]
    assert position["acknowledged"]["created_timestamp"] == "7"
