"""Clients of X that mark messages as read: tweepy itself, and calls signed by hand."""

from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
import tweepy
from oauthlib.oauth1 import Client
from requests.adapters import HTTPAdapter

from tests.sandbox.conftest import ALICE, CONFIG, Driver
from webhook_app.sandbox.config import Account

MARK_READ = "/1.1/direct_messages/mark_read.json"
STATUS = "/1.1/application/rate_limit_status.json"
FORM = "application/x-www-form-urlencoded"


class _Plain(HTTPAdapter):
    """Sends over http what a client that knows only https has signed for https."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        assert request.url is not None
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **kwargs)


def tweepy_api(driver: Driver, account: Account = ALICE, **options: Any) -> tweepy.API:
    """Tweepy's client of the account, whose host is the sandbox."""
    auth = tweepy.OAuth1UserHandler(
        CONFIG.consumer_key, CONFIG.consumer_secret, account.access_token, account.access_token_secret
    )
    api = tweepy.API(auth, host=urlsplit(driver.sandbox.url).netloc, **options)
    api.session.mount("https://", _Plain())
    return api


def call(
    driver: Driver,
    method: str = "POST",
    path: str = MARK_READ,
    *,
    account: Account = ALICE,
    scheme: str = "http",
    query: dict[str, str] | None = None,
    form: dict[str, str] | None = None,
    json: object = None,
    timeout: float | None = None,
    **oauth: Any,
) -> requests.Response:
    """A call signed as RFC 5849 says, with whatever of the signature's ingredients a test wants otherwise."""
    ingredients: dict[str, Any] = {
        "client_key": CONFIG.consumer_key,
        "client_secret": CONFIG.consumer_secret,
        "resource_owner_key": account.access_token,
        "resource_owner_secret": account.access_token_secret,
        **oauth,
    }
    url = driver.sandbox.url + path + (f"?{urlencode(query)}" if query else "")
    body = urlencode(form) if form else None
    headers = {"Content-Type": FORM} if form else {}
    claimed = url.replace("http", scheme, 1)
    _, headers, body = Client(**ingredients).sign(claimed, method, body, headers)
    return driver.call(method, url.removeprefix(driver.sandbox.url), data=body, json=json, headers=headers,
                       timeout=timeout)  # fmt: skip


def mark(up_to: object, recipient: object) -> dict[str, str]:
    """The parameters of a mark."""
    return {"last_read_event_id": str(up_to), "recipient_id": str(recipient)}


def error(answer: requests.Response) -> tuple[int, int]:
    """Status and code of a refusal, which must have X's shape."""
    (only,) = answer.json()["errors"]
    assert set(answer.json()) == {"errors"}
    assert set(only) == {"code", "message"}
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, only["code"]
