"""``/2/account_activity`` with X's SDK as its client."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import ALICE, BOB, CHARLIE, CONFIG, Clock, Drive, Driver, refusal, xdk_body
from tests.sandbox.consumer import Consumer


def test_a_user_subscribes_and_the_app_sees_and_ends_it(driver: Driver, consumer: Consumer) -> None:
    webhook_id = driver.register(consumer)
    subscribed = driver.alice.account_activity.create_subscription(webhook_id, xdk_body()).data
    assert subscribed is not None
    assert subscribed.subscribed
    assert _is_subscribed(driver.alice, webhook_id)
    assert not _is_subscribed(driver.bob, webhook_id)

    listed = driver.app.account_activity.get_subscriptions(webhook_id).data
    assert listed is not None
    assert (listed.webhook_id, listed.webhook_url) == (webhook_id, consumer.url)
    assert listed.application_id == CONFIG.app_id
    assert [subscription.user_id for subscription in listed.subscriptions or []] == [ALICE.user_id]

    ended = driver.app.account_activity.delete_subscription(webhook_id, ALICE.user_id).data
    assert ended is not None
    assert not ended.subscribed
    assert not _is_subscribed(driver.alice, webhook_id)


def test_oauth2_of_the_user_will_do(driver: Driver, consumer: Consumer) -> None:
    webhook_id = driver.register(consumer)
    driver.alice_oauth2.account_activity.create_subscription(webhook_id, xdk_body())
    assert _is_subscribed(driver.alice, webhook_id)


def test_its_counts_are_strings(driver: Driver, consumer: Consumer) -> None:
    driver.subscribe(consumer)
    count = driver.app.account_activity.get_subscription_count().data
    assert count is not None
    assert count.model_dump() == {
        "account_name": CONFIG.app_name,
        "provisioned_count": "3",
        "subscriptions_count_all": "1",
        "subscriptions_count_direct_messages": "0",
    }


def test_it_refuses_the_same_user_twice(driver: Driver, consumer: Consumer) -> None:
    webhook_id = driver.subscribe(consumer)
    with pytest.raises(requests.HTTPError) as error:
        driver.alice.account_activity.create_subscription(webhook_id, xdk_body())
    assert refusal(error)[0] == 400
    assert refusal(error)[1].startswith("DuplicateSubscriptionFailed: ")


def test_it_refuses_one_subscription_too_many(drive: Drive, consumer: Consumer) -> None:
    driver = drive(subscription_limit=1)
    webhook_id = driver.subscribe(consumer)
    with pytest.raises(requests.HTTPError) as error:
        driver.bob.account_activity.create_subscription(webhook_id, xdk_body())
    assert refusal(error)[1].startswith("SubscriptionLimitExceeded: ")


def test_it_refuses_to_end_what_does_not_exist(driver: Driver, consumer: Consumer) -> None:
    webhook_id = driver.register(consumer)
    with pytest.raises(requests.HTTPError) as error:
        driver.app.account_activity.delete_subscription(webhook_id, CHARLIE)
    assert refusal(error)[1].startswith("SubscriptionNotFound: ")


def test_it_refuses_webhooks_it_does_not_know(driver: Driver) -> None:
    calls: tuple[Callable[[], object], ...] = (
        lambda: driver.alice.account_activity.create_subscription("77", xdk_body()),
        lambda: driver.alice.account_activity.validate_subscription("77"),
        lambda: driver.app.account_activity.get_subscriptions("77"),
        lambda: driver.app.account_activity.delete_subscription("77", ALICE.user_id),
    )
    for call in calls:
        with pytest.raises(requests.HTTPError) as error:
            call()
        assert refusal(error)[1].startswith("WebhookIdInvalid: ")


def test_the_app_cannot_subscribe_a_user(driver: Driver, consumer: Consumer) -> None:
    path = f"/2/account_activity/webhooks/{driver.register(consumer)}/subscriptions/all"
    driver.call("POST", path, headers={"Authorization": f"Bearer {CONFIG.bearer_token}"}, expect=403)


def test_subscriptions_go_with_their_webhook(driver: Driver, consumer: Consumer) -> None:
    driver.app.webhooks.delete(driver.subscribe(consumer))
    assert not _is_subscribed(driver.alice, driver.register(consumer))


def test_a_signature_of_another_time_is_refused(drive: Drive, consumer: Consumer) -> None:
    # The SDK signs with the machine's clock, the sandbox stands in another year.
    driver = drive(clock=Clock(1_700_000_000.0))
    with pytest.raises(requests.HTTPError) as error:
        driver.alice.account_activity.create_subscription("77", xdk_body())
    assert refusal(error) == (401, "Unauthorized")


@pytest.mark.parametrize("part", ["api_key", "api_secret"])
def test_a_signature_of_another_app_is_refused(driver: Driver, part: str) -> None:
    setattr(driver.alice.auth, part, "of another app")
    with pytest.raises(requests.HTTPError) as error:
        driver.alice.account_activity.validate_subscription("77")
    assert refusal(error) == (401, "Unauthorized")


@pytest.mark.parametrize(
    "token",
    [(ALICE.access_token, BOB.access_token_secret), ("1245855954975051776-old", ALICE.access_token_secret)],
)
def test_a_signature_with_another_token_is_refused(driver: Driver, token: tuple[str, str]) -> None:
    auth: Any = driver.alice.auth
    auth.access_token.access_token, auth.access_token.access_token_secret = token
    with pytest.raises(requests.HTTPError) as error:
        driver.alice.account_activity.validate_subscription("77")
    assert refusal(error) == (401, "Unauthorized")


def _is_subscribed(user: Any, webhook_id: str) -> bool:
    return bool(user.account_activity.validate_subscription(webhook_id).data.subscribed)
