"""Authorising the app with a PIN: by tweepy, by a browser's forms, and every refusal."""

import re
from typing import Any

import pytest
import requests
import tweepy

from tests.sandbox.callers import call, error, tweepy_api
from tests.sandbox.conftest import ALICE, CHARLIE, CONFIG, Driver
from webhook_app.sandbox.config import Account

EVENT = 1247310121283321862


def tweepy_handler(driver: Driver, secret: str = CONFIG.consumer_secret, callback: str = "oob") -> Any:
    """Tweepy's handler, which has X's address written into this one method."""
    handler = tweepy.OAuth1UserHandler(CONFIG.consumer_key, secret, callback=callback)
    handler._get_oauth_url = f"{driver.sandbox.url}/oauth/{{}}".format
    return handler


def refused(caught: pytest.ExceptionInfo[tweepy.TweepyException]) -> str:
    """What the sandbox has answered, as tweepy passes it on."""
    return str(caught.value)


def pin(driver: Driver, handler: Any, **asked: str) -> str:
    """The PIN that somebody is shown who approves."""
    token = handler.request_token["oauth_token"]
    shown: str = driver.do("/pin", oauth_token=token, expect=200, **asked)["pin"]
    return shown


def test_tweepy_gets_the_tokens_of_whoever_approves_in_the_browser(driver: Driver) -> None:
    handler = tweepy_handler(driver)
    page = requests.get(handler.get_authorization_url(), timeout=60)
    assert page.status_code == 200
    assert CONFIG.app_name in page.text
    assert "read, write and direct messages" in page.text
    token = re.findall('name="oauth_token" value="([^"]+)"', page.text)
    assert token == [handler.request_token["oauth_token"]]
    approved = requests.post(page.url, data={"oauth_token": token[0], "user": "42"}, timeout=60)
    (shown,) = re.findall("<code>([0-9]{7})</code>", approved.text)
    assert handler.get_access_token(shown) == ("42-bob", "bob-secret")


def test_who_has_not_used_the_app_before_gets_tokens_that_work(driver: Driver) -> None:
    handler = tweepy_handler(driver)
    handler.get_authorization_url()
    account = Account(*handler.get_access_token(pin(driver, handler, user=CHARLIE)))
    assert account.user_id == CHARLIE
    assert account.access_token_secret
    tweepy_api(driver, account).mark_direct_message_read(EVENT, ALICE.user_id)


def test_the_answers_are_forms(driver: Driver) -> None:
    # As X's own SDK and older clients do it, with callback and PIN in the query.
    answer = call(driver, "POST", "/oauth/request_token", account=Account("", ""),
                  query={"oauth_callback": "oob"}, resource_owner_key=None,
                  resource_owner_secret=None)  # fmt: skip
    asked = dict(pair.split("=") for pair in answer.text.split("&"))
    assert asked.keys() == {"oauth_token", "oauth_token_secret", "oauth_callback_confirmed"}
    shown = driver.do("/pin", oauth_token=asked["oauth_token"], expect=200)["pin"]
    requester = Account(asked["oauth_token"], asked["oauth_token_secret"])
    answer = call(driver, "POST", "/oauth/access_token", account=requester, query={"oauth_verifier": shown})
    assert answer.text == (
        f"oauth_token={ALICE.access_token}&oauth_token_secret={ALICE.access_token_secret}"
        f"&user_id={ALICE.user_id}&screen_name={ALICE.handle}"
    )


@pytest.mark.parametrize("given", ["123", "12345678", " "])
def test_it_refuses_a_wrong_pin_and_then_takes_the_right_one(driver: Driver, given: str) -> None:
    handler = tweepy_handler(driver)
    handler.get_authorization_url()
    right = pin(driver, handler)
    with pytest.raises(tweepy.TweepyException) as caught:
        handler.get_access_token(given)
    assert "401" in refused(caught)
    assert "Invalid oauth_verifier parameter" in refused(caught)
    assert handler.get_access_token(right)[0] == ALICE.access_token


def test_it_refuses_a_pin_that_nobody_was_shown_yet(driver: Driver) -> None:
    handler = tweepy_handler(driver)
    handler.get_authorization_url()
    with pytest.raises(tweepy.TweepyException) as caught:
        handler.get_access_token("0000000")
    assert "Invalid oauth_verifier parameter" in refused(caught)


def test_a_pin_is_good_once(driver: Driver) -> None:
    handler = tweepy_handler(driver)
    handler.get_authorization_url()
    shown = pin(driver, handler)
    handler.get_access_token(shown)
    with pytest.raises(tweepy.TweepyException) as caught:
        handler.get_access_token(shown)
    assert "401" in refused(caught)
    assert "Invalid or expired token." in refused(caught)
    driver.do("/pin", oauth_token=handler.request_token["oauth_token"], expect=400)


def test_it_refuses_callbacks_that_the_app_does_not_have(driver: Driver) -> None:
    for callback in ("https://readmark.example/callback", "OOB"):
        with pytest.raises(tweepy.TweepyException) as caught:
            tweepy_handler(driver, callback=callback).get_authorization_url()
        assert "403" in refused(caught)
        assert '"code":415' in refused(caught)
        assert "Callback URL not approved" in refused(caught)


def test_it_refuses_signatures_of_another_app(driver: Driver) -> None:
    with pytest.raises(tweepy.TweepyException) as caught:
        tweepy_handler(driver, "another").get_authorization_url()
    assert '"code":32' in refused(caught)
    assert error(driver.call("POST", "/oauth/request_token")) == (401, 215)
    assert error(driver.call("POST", "/oauth/access_token")) == (401, 215)
    # Signed, but by no request token.
    assert error(call(driver, "POST", "/oauth/access_token")) == (401, 89)
    assert error(call(driver, "POST", "/oauth/request_token")) == (401, 89)


def test_the_page_is_of_no_use_without_its_token_or_once_the_user_has_said_no(driver: Driver) -> None:
    handler = tweepy_handler(driver)
    url = handler.get_authorization_url()
    token = {"oauth_token": handler.request_token["oauth_token"]}
    # Nobody who uses the app.
    assert requests.post(url, data={**token, "user": "7"}, timeout=60).status_code == 403
    denied = requests.post(url, data={**token, "user": "42", "cancel": "1"}, timeout=60)
    assert "has not been granted access" in denied.text
    for wrong in (url, driver.sandbox.url + "/oauth/authorize"):
        page = requests.get(wrong, timeout=60)
        assert page.status_code == 403
        assert "Whoa there!" in page.text


def test_who_comes_back_after_a_revocation_gets_new_tokens(driver: Driver) -> None:
    driver.do("/revoke", user=ALICE.user_id)
    handler = tweepy_handler(driver)
    handler.get_authorization_url()
    token: Any = handler.get_access_token(pin(driver, handler))
    assert token[0].startswith(ALICE.user_id + "-")
    with pytest.raises(tweepy.Unauthorized) as caught:
        tweepy_api(driver).mark_direct_message_read(EVENT, CHARLIE)
    assert caught.value.api_codes == [89]
    tweepy_api(driver, Account(*token)).mark_direct_message_read(EVENT, CHARLIE)
