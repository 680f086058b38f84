"""What goes wrong on demand."""

import base64
import copy
import json
from random import Random
from typing import Any

import pytest

from tests.sandbox.conftest import ALICE, CHARLIE, CONFIG, Clock, Drive, Driver
from tests.sandbox.consumer import Consumer, eventually, signature
from webhook_app.sandbox.faults import damaged

READ: dict[str, Any] = {
    "reader": CHARLIE,
    "peer": ALICE.user_id,
    "last_read_event_id": "7",
    "created_timestamp": "7",
}
EVENT = {
    "direct_message_mark_read_events": [
        {
            "created_timestamp": "1586216882004",
            "sender_id": CHARLIE,
            "target": {"recipient_id": ALICE.user_id},
            "last_read_event_id": "1247310121283321862",
        }
    ]
}


@pytest.fixture
def subscribed(drive: Drive, consumer: Consumer) -> Driver:
    """A sandbox that delivers to the consumer one at a time, so that order can be seen."""
    driver = drive(in_flight=1, retry_delays=())
    driver.subscribe(consumer)
    return driver


def test_it_repeats(subscribed: Driver, consumer: Consumer) -> None:
    assert len(subscribed.do("/reads", **READ, fault={"repeat": 4})["deliveries"]) == 5
    subscribed.settled()
    assert len(consumer.deliveries) == 5
    assert len({delivery.body for delivery in consumer.deliveries}) == 1


def test_it_reorders(subscribed: Driver, consumer: Consumer) -> None:
    for id_ in ("1", "2", "3"):
        assert consumer.deliveries == []
        subscribed.do("/reads", **{**READ, "last_read_event_id": id_}, fault={"reorder": 3})
    subscribed.settled()
    assert [_cursor(delivery.json) for delivery in consumer.deliveries] == ["3", "2", "1"]


def test_what_waits_to_be_reordered_leaves_when_the_fault_is_cleared(
    subscribed: Driver, consumer: Consumer
) -> None:
    subscribed.call("PUT", "/_sandbox/fault", json={"reorder": 100}, expect=200)
    for id_ in ("1", "2"):
        subscribed.do("/reads", **{**READ, "last_read_event_id": id_})
    assert subscribed.get("/deliveries")["held"] == 2
    subscribed.call("DELETE", "/_sandbox/fault", expect=200)
    subscribed.settled()
    assert [_cursor(delivery.json) for delivery in consumer.deliveries] == ["2", "1"]


def test_it_delays(subscribed: Driver, consumer: Consumer) -> None:
    subscribed.do("/reads", **{**READ, "last_read_event_id": "1"}, fault={"delay": 0.1})
    subscribed.do("/reads", **{**READ, "last_read_event_id": "2"})
    subscribed.settled()
    assert [_cursor(delivery.json) for delivery in consumer.deliveries] == ["2", "1"]


def test_broken_json_is_signed_all_the_same(subscribed: Driver, consumer: Consumer) -> None:
    subscribed.do("/reads", **READ, fault={"corrupt": "json"})
    subscribed.settled()
    (delivery,) = consumer.deliveries
    assert delivery.signature == signature(CONFIG.consumer_secret, delivery.body)
    with pytest.raises(json.JSONDecodeError):
        assert delivery.json


def test_a_damaged_event_is_signed_json(subscribed: Driver, consumer: Consumer) -> None:
    subscribed.do("/reads", **READ, fault={"corrupt": "event"})
    subscribed.settled()
    (delivery,) = consumer.deliveries
    assert delivery.signature == signature(CONFIG.consumer_secret, delivery.body)
    (leaf,) = delivery.json["direct_message_mark_read_events"]
    assert leaf != {"created_timestamp": "7", "sender_id": CHARLIE, "target": {"recipient_id": ALICE.user_id}}


def test_no_two_wounds_are_alike_and_the_event_itself_stays_whole() -> None:
    whole = copy.deepcopy(EVENT)
    wounded = {json.dumps(damaged(EVENT, Random(seed), Clock())) for seed in range(400)}
    # Four leaves, ten wounds.
    assert len(wounded) == 40
    assert whole == EVENT
    assert json.dumps(whole) not in wounded
    assert damaged({"data": []}, Random(1), Clock()) == {}


@pytest.mark.parametrize(
    ("how", "check"),
    [
        ("wrong", lambda delivery: delivery.signature.startswith("sha256=")),
        ("missing", lambda delivery: delivery.signature is None),
        ("malformed", lambda delivery: " " in delivery.signature),
    ],
)
def test_it_signs_wrongly(subscribed: Driver, consumer: Consumer, how: str, check: Any) -> None:
    subscribed.do("/reads", **READ, fault={"sign": how})
    subscribed.settled()
    (delivery,) = consumer.deliveries
    assert check(delivery)
    assert delivery.signature != signature(CONFIG.consumer_secret, delivery.body)


@pytest.mark.parametrize("fault", [{"sign": "wrong"}, {"corrupt": "event"}, {"corrupt": "json"}])
def test_nothing_is_owed_for_a_spoilt_delivery(subscribed: Driver, fault: dict[str, Any]) -> None:
    subscribed.do("/reads", **READ, fault=fault)
    subscribed.settled()
    assert subscribed.get("/positions")["items"] == []


def test_a_standing_fault_concerns_so_many_events(subscribed: Driver, consumer: Consumer) -> None:
    subscribed.call("PUT", "/_sandbox/fault", json={"sign": "missing", "count": 2}, expect=200)
    for _ in range(3):
        subscribed.do("/reads", **READ)
    subscribed.settled()
    assert [delivery.signature is None for delivery in consumer.deliveries] == [True, True, False]


def test_it_emits_exactly_one_given_event(subscribed: Driver, consumer: Consumer) -> None:
    subscribed.do("/emit", event=EVENT)
    subscribed.settled()
    (delivery,) = consumer.deliveries
    assert delivery.json == EVENT
    assert delivery.signature == signature(CONFIG.consumer_secret, delivery.body)
    (position,) = subscribed.get("/positions")["items"]
    assert position["acknowledged"]["last_read_event_id"] == "1247310121283321862"


@pytest.mark.parametrize("event", [{}, [], 12, None, "x", {"data": []}, {"data": {"payload": None}}])
def test_it_emits_what_is_no_event_at_all(subscribed: Driver, consumer: Consumer, event: object) -> None:
    subscribed.do("/emit", event=event)
    subscribed.settled()
    assert consumer.deliveries[0].json == event


@pytest.mark.parametrize("body", [b"12", b'{"a":NaN}', b"\xff\xfe", b"[" * 10_000])
def test_it_emits_any_bytes_properly_signed(subscribed: Driver, consumer: Consumer, body: bytes) -> None:
    subscribed.do("/emit", body_base64=base64.b64encode(body).decode())
    subscribed.settled()
    (delivery,) = consumer.deliveries
    assert delivery.body == body
    assert delivery.signature == signature(CONFIG.consumer_secret, body)


def test_it_floods(drive: Drive, consumer: Consumer) -> None:
    driver = drive(people=50)
    driver.subscribe(consumer)
    driver.do("/flood", count=300)
    eventually(lambda: driver.get("/deliveries?limit=0")["counts"]["delivered"] == 300)
    positions = driver.get("/positions")["items"]
    assert len(positions) > 40
    assert all(position["acknowledged"] == position["sent"] for position in positions)


def test_it_floods_at_a_rate_and_stops_with_the_sandbox(drive: Drive, consumer: Consumer) -> None:
    driver = drive()
    driver.subscribe(consumer)
    driver.do("/flood", count=1_000_000, rate=50)
    eventually(lambda: len(consumer.deliveries) >= 3)
    assert len(consumer.deliveries) < 1000


@pytest.mark.parametrize(
    ("method", "path", "asked"),
    [
        ("PUT", "/fault", {"explode": 1}),
        ("PUT", "/fault", {"repeat": -1}),
        ("PUT", "/fault", {"repeat": True}),
        ("PUT", "/fault", {"count": 0}),
        ("PUT", "/fault", {"delay": "1"}),
        ("PUT", "/fault", {"corrupt": "yes"}),
        ("PUT", "/fault", {"sign": []}),
        ("POST", "/reads", {**READ, "fault": 7}),
        ("POST", "/reads", {**READ, "reader": "alice"}),
        ("POST", "/reads", {**READ, "last_read_event_id": "x"}),
        ("POST", "/emit", {}),
        ("POST", "/emit", {"body_base64": "?"}),
        ("POST", "/emit", {"event": {}, "webhook_id": "77"}),
        ("POST", "/flood", {"count": 0}),
        ("POST", "/flood", {"count": 1, "rate": 0}),
        ("POST", "/life", {"visits_per_second": -1}),
    ],
)
def test_it_says_what_it_does_not_understand(
    subscribed: Driver, method: str, path: str, asked: dict[str, Any]
) -> None:
    subscribed.call(method, "/_sandbox" + path, json=asked, expect=400)


def _cursor(event: dict[str, Any]) -> str:
    (leaf,) = event["direct_message_mark_read_events"]
    return str(leaf["last_read_event_id"])
