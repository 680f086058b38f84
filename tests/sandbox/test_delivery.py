"""Events as they arrive: to whom, in which shape, with which signature."""

from typing import Any

import pytest

from tests.sandbox.conftest import ALICE, BOB, CHARLIE, CONFIG, Driver, xdk_body
from tests.sandbox.consumer import Consumer, signature
from tests.sandbox.test_activity import request

READ: dict[str, Any] = {"reader": CHARLIE, "peer": ALICE.user_id, "last_read_event_id": "1247310121283321862"}
LEAF = {
    "created_timestamp": "1586216882004",
    "sender_id": CHARLIE,
    "target": {"recipient_id": ALICE.user_id},
    "last_read_event_id": "1247310121283321862",
}


def subscribe_activity(driver: Driver, consumer: Consumer, *event_types: str, **more: Any) -> None:
    """Registers the consumer and subscribes Alice by X Activity."""
    webhook_id = driver.register(consumer)
    for event_type in event_types:
        driver.alice.activity.create_subscription(
            request(event_type=event_type, webhook_id=webhook_id, **more)
        )


def test_a_read_event_arrives_as_account_activity_writes_it(driver: Driver, consumer: Consumer) -> None:
    driver.subscribe(consumer)
    driver.do("/reads", **READ, created_timestamp="1586216882004")
    assert driver.settled()["counts"]["delivered"] == 1
    (received,) = consumer.deliveries
    event = received.json
    assert list(event) == ["for_user_id", "direct_message_mark_read_events", "users"]
    assert event["for_user_id"] == ALICE.user_id
    assert event["direct_message_mark_read_events"] == [LEAF]
    assert set(event["users"]) == {CHARLIE, ALICE.user_id}
    assert event["users"][CHARLIE].keys() >= {"id", "name", "screen_name", "created_timestamp"}


def test_a_read_event_arrives_as_x_activity_writes_it(driver: Driver, consumer: Consumer) -> None:
    subscribe_activity(driver, consumer, "dm.read", tag="reads")
    driver.do("/reads", **READ, created_timestamp="1586216882004")
    driver.settled()
    (received,) = consumer.deliveries
    data = received.json["data"]
    assert list(data) == ["event_uuid", "filter", "event_type", "tag", "payload"]
    assert -(2**63) <= int(data["event_uuid"]) < 2**63
    assert data["filter"] == {"user_id": ALICE.user_id}
    assert (data["event_type"], data["tag"]) == ("dm.read", "reads")
    assert data["payload"]["direct_message_mark_read_events"] == [LEAF]
    assert data["payload"]["users"][CHARLIE]["data"].keys() >= {"id", "name", "username", "created_at"}


def test_every_delivery_is_signed_over_its_bytes_as_x_writes_them(driver: Driver, consumer: Consumer) -> None:
    driver.subscribe(consumer)
    driver.do("/messages", sender=CHARLIE, recipient=ALICE.user_id, text="ä/🌻")
    driver.settled()
    (received,) = consumer.deliveries
    assert rb"\u00e4\/\ud83c\udf3b" in received.body
    assert b"https:\\/\\/pbs.twimg.com" in received.body
    assert received.body.isascii()
    assert received.signature == signature(CONFIG.consumer_secret, received.body)
    assert received.headers["content-type"] == "application/json"


def test_a_message_is_told_to_both_sides_and_in_both_products(driver: Driver, consumer: Consumer) -> None:
    webhook_id = driver.subscribe(consumer)
    for event_type in ("dm.sent", "dm.received"):
        driver.alice.activity.create_subscription(request(event_type=event_type, webhook_id=webhook_id))
    sent = driver.do("/messages", sender=ALICE.user_id, recipient=CHARLIE)["id"]
    received = driver.do("/messages", sender=CHARLIE, recipient=ALICE.user_id)["id"]
    driver.settled()
    told = [_told(delivery.json) for delivery in consumer.deliveries]
    assert sorted(told) == sorted(
        [
            (ALICE.user_id, sent, ALICE.user_id),
            ("dm.sent", sent, ALICE.user_id),
            (ALICE.user_id, received, CHARLIE),
            ("dm.received", received, CHARLIE),
        ]
    )


def test_two_subscribed_sides_of_a_conversation_are_two_events(driver: Driver, consumer: Consumer) -> None:
    webhook_id = driver.subscribe(consumer)
    driver.bob.account_activity.create_subscription(webhook_id, xdk_body())
    driver.do("/messages", sender=ALICE.user_id, recipient=BOB.user_id)
    driver.settled()
    assert {delivery.json["for_user_id"] for delivery in consumer.deliveries} == {ALICE.user_id, BOB.user_id}


def test_nobody_hears_of_what_was_not_subscribed(driver: Driver, consumer: Consumer) -> None:
    subscribe_activity(driver, consumer, "dm.sent")
    assert driver.do("/reads", **READ)["deliveries"] == []
    assert driver.do("/messages", sender=CHARLIE, recipient=ALICE.user_id)["deliveries"] == []
    # Whoever reads Charlie is nobody's business but Charlie's.
    assert driver.do("/reads", reader=ALICE.user_id, peer=CHARLIE, last_read_event_id="7")["deliveries"] == []


def test_typing_arrives_in_both_shapes(driver: Driver, consumer: Consumer) -> None:
    webhook_id = driver.subscribe(consumer)
    driver.alice.activity.create_subscription(request(event_type="dm.indicate_typing", webhook_id=webhook_id))
    driver.do("/typing", sender=CHARLIE, recipient=ALICE.user_id)
    driver.settled()
    for delivery in consumer.deliveries:
        (leaf,) = _payload(delivery.json)["direct_message_indicate_typing_events"]
        assert (leaf["sender_id"], leaf["target"]) == (CHARLIE, {"recipient_id": ALICE.user_id})
    assert len(consumer.deliveries) == 2


def test_a_revocation_is_told_once_a_product_and_ends_everything(driver: Driver, consumer: Consumer) -> None:
    webhook_id = driver.subscribe(consumer)
    driver.alice.activity.create_subscription(request(webhook_id=webhook_id))
    driver.alice.activity.create_subscription(request(event_type="dm.sent", webhook_id=webhook_id))
    driver.do("/revoke", user=ALICE.user_id)
    driver.settled()
    events = sorted((delivery.json for delivery in consumer.deliveries), key=lambda event: "data" in event)
    revoke = events[0]["user_event"]["revoke"]
    assert revoke["source"] == {"user_id": ALICE.user_id}
    assert revoke["target"] == {"app_id": CONFIG.app_id}
    assert revoke["date_time"].endswith("+00:00")
    assert events[1]["data"]["event_type"] == "oauth.revoke"
    assert events[1]["data"]["filter"] == {}
    assert events[1]["data"]["payload"].keys() == {"date_time", "user_id", "app_id"}

    assert driver.do("/reads", **READ)["deliveries"] == []
    path = f"/2/account_activity/webhooks/{webhook_id}/subscriptions/all"
    oauth2 = {"Authorization": f"Bearer {ALICE.oauth2_token}"}
    driver.call("POST", path, headers=oauth2, expect=401)
    driver.do("/authorize", user=ALICE.user_id, expect=200)
    driver.call("POST", path, headers=oauth2, expect=200)


@pytest.mark.parametrize(("complete", "state"), [(True, "Complete"), (False, "Incomplete")])
def test_the_end_of_a_replay_is_told(driver: Driver, consumer: Consumer, complete: bool, state: str) -> None:
    webhook_id = driver.register(consumer)
    driver.do("/replay-status", webhook_id=webhook_id, complete=complete)
    driver.settled()
    (delivery,) = consumer.deliveries
    assert list(delivery.json) == ["replay_job_status"]
    assert delivery.json["replay_job_status"]["webhook_id"] == webhook_id
    assert delivery.json["replay_job_status"]["job_state"] == state


def _payload(event: dict[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = event["data"]["payload"] if "data" in event else event
    return payload


def _told(event: dict[str, Any]) -> tuple[str, str, str]:
    """To whom or as what, which message, from whom."""
    (leaf,) = _payload(event)["direct_message_events"]
    heading = event["data"]["event_type"] if "data" in event else event["for_user_id"]
    return heading, leaf["id"], leaf["message_create"]["sender_id"]
