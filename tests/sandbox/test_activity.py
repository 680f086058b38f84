"""``/2/activity/subscriptions`` with X's SDK as its client."""

from typing import Any

import pytest
import requests
from xdk.activity.models import CreateSubscriptionRequest, UpdateSubscriptionRequest

from tests.sandbox.conftest import ALICE, BOB, CONFIG, Drive, Driver, refusal
from tests.sandbox.consumer import Consumer


def request(
    user_id: str = ALICE.user_id, event_type: str = "dm.read", **more: Any
) -> CreateSubscriptionRequest:
    """What the SDK sends to subscribe."""
    asked = {"event_type": event_type, "filter": {"user_id": user_id}, **more}
    return CreateSubscriptionRequest.model_validate(asked)


def test_it_creates_lists_changes_and_deletes(driver: Driver, consumer: Consumer) -> None:
    webhook_id = driver.register(consumer)
    created = driver.alice.activity.create_subscription(request(tag="reads", webhook_id=webhook_id)).data
    assert created is not None
    subscription = created.subscription
    assert subscription is not None
    assert (subscription.event_type, subscription.tag, subscription.webhook_id) == (
        "dm.read",
        "reads",
        webhook_id,
    )
    assert subscription.filter is not None
    assert subscription.filter.user_id == ALICE.user_id

    (page,) = driver.app.activity.get_subscriptions()
    assert [listed.subscription_id for listed in page.data or []] == [subscription.subscription_id]

    change = UpdateSubscriptionRequest(tag="receipts")
    updated = driver.app.activity.update_subscription(str(subscription.subscription_id), change).data
    assert updated is not None
    assert updated.total_subscriptions == 1
    assert updated.subscription is not None
    assert (updated.subscription.tag, updated.subscription.webhook_id) == ("receipts", webhook_id)

    deleted = driver.app.activity.delete_subscription(str(subscription.subscription_id)).data
    assert deleted is not None
    assert deleted.deleted
    assert [page.data for page in driver.app.activity.get_subscriptions()] == [[]]


def test_oauth2_of_the_user_will_do(driver: Driver) -> None:
    assert driver.alice_oauth2.activity.create_subscription(request()).data is not None


def test_public_events_need_no_user(driver: Driver) -> None:
    asked = request(event_type="profile.update.bio")
    assert driver.app.activity.create_subscription(asked).data is not None


def test_private_events_need_their_user(driver: Driver) -> None:
    with pytest.raises(requests.HTTPError) as error:
        driver.app.activity.create_subscription(request())
    assert refusal(error) == (403, "Unsupported Authentication")
    with pytest.raises(requests.HTTPError) as error:
        driver.alice.activity.create_subscription(request(BOB.user_id))
    assert refusal(error) == (403, "Forbidden")


def test_it_pages(driver: Driver) -> None:
    for event_type in ("dm.read", "dm.sent", "dm.received"):
        driver.alice.activity.create_subscription(request(event_type=event_type))
    pages = list(driver.app.activity.get_subscriptions(max_results=2))
    listed = [[subscription.event_type for subscription in page.data or []] for page in pages]
    assert listed == [["dm.read", "dm.sent"], ["dm.received"]]


def test_it_deletes_several_and_names_those_it_does_not_know(driver: Driver) -> None:
    created = driver.alice.activity.create_subscription(request()).data
    assert created is not None
    assert created.subscription is not None
    known = str(created.subscription.subscription_id)
    answer = driver.app.activity.delete_subscriptions_by_ids([known, "77"])
    assert [item.subscription_id for item in answer.data or []] == [known]
    assert [(item.subscription_id, item.reason) for item in answer.errors or []] == [
        ("77", "SubscriptionNotFound")
    ]
    assert answer.meta is not None
    assert answer.meta.total_subscriptions == 0


def test_it_refuses_the_same_subscription_twice(driver: Driver) -> None:
    driver.alice.activity.create_subscription(request())
    with pytest.raises(requests.HTTPError) as error:
        driver.alice.activity.create_subscription(request())
    assert refusal(error)[1].startswith("DuplicateSubscriptionFailed: ")


def test_it_refuses_one_subscription_too_many(drive: Drive) -> None:
    driver = drive(activity_limit=1)
    driver.alice.activity.create_subscription(request())
    with pytest.raises(requests.HTTPError) as error:
        driver.alice.activity.create_subscription(request(event_type="dm.sent"))
    assert refusal(error)[1].startswith("SubscriptionLimitExceeded: ")


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"event_type": "dm.seen", "filter": {"user_id": "1"}}, "EventTypeInvalid"),
        ({"event_type": ["dm.read"], "filter": {"user_id": "1"}}, "EventTypeInvalid"),
        # X documents oauth.revoke but does not let anybody ask for it.
        ({"event_type": "oauth.revoke", "filter": {}}, "EventTypeInvalid"),
        ({"event_type": "dm.read"}, "FilterInvalid"),
        ({"event_type": "dm.read", "filter": {}}, "FilterInvalid"),
        ({"event_type": "dm.read", "filter": {"user_id": 1}}, "FilterInvalid"),
        ({"event_type": "dm.read", "filter": {"user_id": "1", "colour": "red"}}, "FilterInvalid"),
        ({"event_type": "dm.read", "filter": {"user_id": "1", "direction": "up"}}, "FilterInvalid"),
        ({"event_type": "post.create", "filter": {"user_id": "1"}, "tag": ""}, "TagInvalid"),
        ({"event_type": "post.create", "filter": {"user_id": "1"}, "webhook_id": "77"}, "WebhookIdInvalid"),
    ],
)
def test_it_refuses_what_it_does_not_understand(driver: Driver, asked: dict[str, Any], reason: str) -> None:
    headers = {"Authorization": f"Bearer {CONFIG.bearer_token}"}
    answer = driver.call("POST", "/2/activity/subscriptions", json=asked, headers=headers, expect=400)
    assert answer.json()["errors"][0]["message"].startswith(f"{reason}: ")


@pytest.mark.parametrize(
    "query", ["max_results=0", "max_results=1001", "pagination_token=%C3%A4", "pagination_token=7"]
)
def test_it_refuses_pages_that_do_not_exist(driver: Driver, query: str) -> None:
    headers = {"Authorization": f"Bearer {CONFIG.bearer_token}"}
    driver.call("GET", f"/2/activity/subscriptions?{query}", headers=headers, expect=400)


def test_it_does_not_know_subscriptions_of_others(driver: Driver) -> None:
    with pytest.raises(requests.HTTPError) as error:
        driver.app.activity.delete_subscription("77")
    assert refusal(error) == (404, "Not Found Error")


def test_a_subscription_outlives_its_webhook_but_is_not_delivered(driver: Driver, consumer: Consumer) -> None:
    webhook_id = driver.register(consumer)
    driver.alice.activity.create_subscription(request(webhook_id=webhook_id))
    driver.app.webhooks.delete(webhook_id)
    (page,) = driver.app.activity.get_subscriptions()
    assert [listed.webhook_id for listed in page.data or []] == [None]
    assert driver.do("/reads", reader=BOB.user_id, peer=ALICE.user_id)["deliveries"] == []
