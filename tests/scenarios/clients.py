"""Clients that mark by way of the service, the vendors' SDKs and our own, and what reaches a sandbox then."""

import time
from typing import Any

import requests
import tweepy
from requests.adapters import HTTPAdapter
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from urllib3 import Retry

from tests.conftest import API_TOKEN, CONSUMER_SECRET
from tests.host.hosting import LONGEST
from tests.scenarios.service import Service
from webhook_app.sandbox.config import Account
from webhook_app.sandbox.server import Sandbox

CONSUMER = ("consumer-key", CONSUMER_SECRET)
#: The accounts that the service has in its environment.
BOT, SLACK_TOKEN = Account("2244994945-bot", "bot-secret"), "xoxb-sandbox-bot"
#: What is answered with 503, as on a machine that stood still for a while, is asked again.
AGAIN = Retry(total=5, status_forcelist=[503], allowed_methods=None, raise_on_status=False)


def bot_before(sandbox: Sandbox) -> dict[str, str]:
    """The settings of a service that marks for the bot, at the sandbox."""
    return {
        "TWITTER_CONSUMER_KEY": CONSUMER[0],
        "TWITTER_CONSUMER_SECRET": CONSUMER[1],
        "TWITTER_ACCESS_TOKEN": BOT.access_token,
        "TWITTER_ACCESS_TOKEN_SECRET": BOT.access_token_secret,
        "TWITTER_API_URL": sandbox.url,
    }


class Proxy(HTTPAdapter):
    """Terminates TLS: what a client has meant for https arrives over http, and says so."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Pass a request on."""
        assert request.url is not None
        request.url = request.url.replace("https://", "http://", 1)
        request.headers["X-Forwarded-Proto"] = "https"
        request.headers["X-Forwarded-For"] = "192.0.2.1"
        return super().send(request, *args, **kwargs)


def tweepy_at(service: Service, account: Account = BOT, secret: str | None = None) -> tweepy.API:
    """A second client of tweepy, for marking."""
    secrets = (account.access_token, secret or account.access_token_secret)
    api = tweepy.API(tweepy.OAuth1UserHandler(*CONSUMER, *secrets), host=f"127.0.0.1:{service.port}")
    api.session.mount("https://", Proxy(max_retries=AGAIN))
    return api


def slack_at(service: Service, token: str = SLACK_TOKEN) -> WebClient:
    """A second client of slack_sdk, for marking."""
    return WebClient(token=token, base_url=f"http://127.0.0.1:{service.port}/api/")


def call(service: Service, method: str, path: str, **kwargs: Any) -> requests.Response:
    """A call of our API."""
    headers = {"Authorization": f"Bearer {API_TOKEN}", **kwargs.pop("headers", {})}
    url = f"http://127.0.0.1:{service.port}{path}"
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=AGAIN))
        return session.request(method, url, headers=headers, timeout=LONGEST, **kwargs)


def event(seconds_ago: int) -> str:
    """The id of a message on X."""
    return str((int(time.time() * 1000) - seconds_ago * 1000 - 1288834974657) << 22)


def ts(seconds_ago: int) -> str:
    """The id of a message on Slack."""
    return f"{int(time.time()) - seconds_ago}.000100"


def knows(service: Service, token: str) -> bool:
    """Whether the worker that answers knows whose the token is."""
    try:
        return bool(slack_at(service, token).auth_test()["ok"])
    except SlackApiError:
        return False


def said(sandbox: Sandbox, what: str) -> Any:
    """What the sandbox has seen."""
    return requests.get(f"{sandbox.url}/_sandbox/{what}", timeout=60).json()


def on_x(sandbox: Sandbox) -> set[tuple[str, str, str]]:
    """(user, recipient, event) of the marks that X has taken."""
    names = ("user", "recipient_id", "last_read_event_id")
    return {tuple(mark[name] for name in names) for mark in said(sandbox, "marks")["items"]}


def on_slack(sandbox: Sandbox) -> set[tuple[str, str, str]]:
    """(user, channel, ts) of the marks that Slack has taken."""
    return {(mark["user"], mark["channel"], mark["ts"]) for mark in said(sandbox, "slack/marks")["items"]}
