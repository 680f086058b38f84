"""What the owner of an app has paid for, and what its users have allowed it."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
import tweepy

from tests.sandbox.callers import MARK_READ, call, error, mark, tweepy_api
from tests.sandbox.conftest import ALICE, BOB, CHARLIE, CONFIG, Driver, refusal, xdk_body
from tests.sandbox.consumer import Consumer
from tests.sandbox.test_activity import request
from tests.sandbox.test_pin import pin, tweepy_handler
from webhook_app.sandbox.config import Account

EVENT = 1247310121283321862
VERIFY = "/1.1/account/verify_credentials.json"


def allow(driver: Driver, *, expect: int = 200, **asked: Any) -> Any:
    """Changes the tier, the permissions or both."""
    return driver.call("PUT", "/_sandbox/access", json=asked, expect=expect).json()


def forbidden(call: Callable[[], object]) -> Any:
    """The body of the 403 that X's SDK raises."""
    with pytest.raises(requests.HTTPError) as caught:
        call()
    assert caught.value.response is not None
    assert caught.value.response.status_code == 403
    return caught.value.response.json()


def test_without_access_every_call_is_refused_but_those_to_authorise(driver: Driver) -> None:
    allow(driver, tier="none")
    calls: tuple[Callable[[], object], ...] = (
        driver.app.webhooks.get,
        lambda: driver.app.webhooks.validate("77"),
        lambda: driver.alice.account_activity.validate_subscription("77"),
        driver.app.account_activity.get_subscription_count,
        lambda: list(driver.app.activity.get_subscriptions()),
    )
    for refused in calls:
        (only,) = forbidden(refused)["errors"]
        assert only["code"] == 453
        assert only["message"].startswith("You currently have access to a subset of X API V2 endpoints and")
    api = tweepy_api(driver)
    by_tweepy: tuple[Callable[[], object], ...] = (
        lambda: api.mark_direct_message_read(EVENT, CHARLIE),
        api.verify_credentials,
        api.rate_limit_status,
    )
    for refused in by_tweepy:
        with pytest.raises(tweepy.Forbidden) as caught:
            refused()
        assert caught.value.api_codes == [453]
    handler = tweepy_handler(driver)
    handler.get_authorization_url()
    assert handler.get_access_token(pin(driver, handler))[0] == ALICE.access_token


def test_credentials_that_are_wrong_are_so_without_access_too(driver: Driver) -> None:
    allow(driver, tier="none")
    driver.call("GET", "/2/webhooks", headers={"Authorization": "Bearer wrong"}, expect=401)
    assert error(call(driver, "GET", VERIFY, client_secret="another")) == (401, 32)


def test_an_enterprise_has_room_for_more(driver: Driver, consumer: Consumer) -> None:
    webhook_id = driver.register(consumer)
    with Consumer(CONFIG.consumer_secret) as second:
        with pytest.raises(requests.HTTPError) as caught:
            driver.register(second)
        assert refusal(caught)[1].startswith("WebhookLimitExceeded: ")
        assert allow(driver, tier="enterprise")["tier"] == "enterprise"
        driver.register(second)
    count = driver.app.account_activity.get_subscription_count().data
    assert count is not None
    assert count.provisioned_count == "5000"
    # What is there stays when the owner pays for less.
    driver.alice.account_activity.create_subscription(webhook_id, xdk_body())
    allow(driver, tier="pay-per-use")
    assert len(driver.app.webhooks.get().data or []) == 2


@pytest.mark.parametrize(
    ("level", "told"),
    [("read", "read"), ("read-write", "read-write"), ("read-write-dm", "read-write-directmessages")],
)
def test_a_token_is_introduced_with_what_it_allows(driver: Driver, level: str, told: str) -> None:
    allow(driver, permissions=level)
    api = tweepy_api(driver)
    me = api.verify_credentials()
    assert (me.id, me.id_str) == (int(ALICE.user_id), ALICE.user_id)
    assert (me.name, me.screen_name) == (ALICE.name, ALICE.handle)
    assert api.last_response.headers["x-access-level"] == told
    assert api.last_response.headers["x-rate-limit-limit"] == "75"


def test_nobody_is_introduced_with_another_token(driver: Driver) -> None:
    assert error(driver.call("GET", VERIFY)) == (401, 215)
    refused = call(driver, "GET", VERIFY, account=Account(ALICE.access_token, "another"))
    assert error(refused) == (401, 32)
    assert "x-access-level" not in refused.headers


@pytest.mark.parametrize("level", ["read", "read-write"])
def test_without_direct_messages_nothing_is_marked_and_nobody_subscribed(
    driver: Driver, consumer: Consumer, level: str
) -> None:
    webhook_id = driver.register(consumer)
    allow(driver, permissions=level)
    answer = call(driver, "POST", MARK_READ, query=mark(EVENT, CHARLIE))
    assert error(answer) == (403, 93)
    assert answer.headers["x-access-level"] == level
    assert driver.get("/marks")["accepted"] == 0
    calls: tuple[Callable[[], object], ...] = (
        lambda: driver.alice.account_activity.create_subscription(webhook_id, xdk_body()),
        lambda: driver.alice.activity.create_subscription(request(webhook_id=webhook_id)),
    )
    for refused in calls:
        assert forbidden(refused)["type"].endswith("/oauth1-permissions")
    allow(driver, permissions="read-write-dm")
    for accepted in calls:
        accepted()


def test_who_has_allowed_less_must_authorise_anew(driver: Driver) -> None:
    def authorise() -> Account:
        handler = tweepy_handler(driver)
        handler.get_authorization_url()
        return Account(*handler.get_access_token(pin(driver, handler, user=BOB.user_id)))

    allow(driver, permissions="read")
    old = authorise()
    # The app is granted more, the token is not.
    shown = allow(driver, permissions="read-write-dm")
    assert shown["granted"] == {ALICE.user_id: "read-write-dm", BOB.user_id: "read"}
    with pytest.raises(tweepy.Forbidden) as caught:
        tweepy_api(driver, old).mark_direct_message_read(EVENT, CHARLIE)
    assert caught.value.api_codes == [93]
    new = authorise()
    tweepy_api(driver, new).mark_direct_message_read(EVENT, CHARLIE)
    with pytest.raises(tweepy.Unauthorized):
        tweepy_api(driver, old).mark_direct_message_read(EVENT, CHARLIE)


@pytest.mark.parametrize("asked", [{"tier": "gold"}, {"permissions": "all"}, {"permission": "read"}])
def test_it_says_what_it_does_not_understand(driver: Driver, asked: dict[str, str]) -> None:
    allow(driver, expect=400, **{"tier": "none", **asked})
    assert driver.get("/access")["tier"] == "pay-per-use"
