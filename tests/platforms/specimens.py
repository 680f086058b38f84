"""One of each platform, with whatever it takes to call it and to be called by it."""

import json
from collections.abc import Callable
from typing import NamedTuple

import pytest
from oauthlib.oauth1 import Client

from tests.platforms.callers import Book, account
from tests.platforms.far_end import Answer
from tests.platforms.pigeon import Pigeon
from webhook_app.domain.account import Account
from webhook_app.platforms import REGISTRY, Platform, Registry, open_platforms
from webhook_app.platforms.native import Request
from webhook_app.platforms.slack import Slack
from webhook_app.platforms.twitter import Twitter
from webhook_app.settings import Settings

#: The line that a third platform needs.
WITH_A_THIRD: Registry = {**REGISTRY, "pigeon": Pigeon}
FORM = "application/x-www-form-urlencoded"
CONSUMER = ("consumer-key", "consumer-secret")


class Specimen(NamedTuple):
    """A platform and its surroundings."""

    #: The platform that calls this base URL.
    at: Callable[[str], Platform]
    credentials: dict[str, str]
    other_credentials: dict[str, str]
    #: What its far end says to whoever asks whose credentials these are, and to a mark.
    introduction: Answer
    thanks: Answer
    account: str
    peer: str
    #: A call that marks the peer up to a cursor, by whom the credentials are of, at a time.
    call: Callable[[str, str, int], Request]

    @property
    def platform(self) -> Platform:
        """The platform, far from everything."""
        return self.at("http://127.0.0.1:9")

    def book(self, **changes: object) -> Book:
        """A book with its account in it."""
        whose = self.whose(**changes)
        return Book([(whose, self.credentials)])

    def whose(self, **changes: object) -> Account:
        """The account."""
        digest = self.platform.digest(self.credentials)
        return account(self.platform.name, self.account, **{"digest": digest, **changes})


def _slack_call(peer: str, cursor: str, now: int) -> Request:
    headers = {"Content-Type": FORM, "Authorization": "Bearer xoxb-1"}
    path = "/api/conversations.mark"
    body = f"channel={peer}&ts={cursor}".encode()
    return Request("POST", f"http://readmark.example{path}", path, "", headers, body)


def _twitter_call(peer: str, cursor: str, now: int) -> Request:
    path = "/1.1/direct_messages/mark_read.json"
    url, body = f"http://readmark.example{path}", f"last_read_event_id={cursor}&recipient_id={peer}"
    signing = Client(*CONSUMER, "1245-abc", "secret", timestamp=str(now // 1000))
    _, headers, _ = signing.sign(url, "POST", body, {"Content-Type": FORM})
    return Request("POST", url, path, "", headers, body.encode())


def _pigeon_call(peer: str, cursor: str, now: int) -> Request:
    body = json.dumps({"loft": peer, "upto": cursor}).encode()
    return Request(
        "POST", "http://readmark.example/pigeon/seen", "/pigeon/seen", "", {"Secret": "ann-1"}, body
    )


SPECIMENS = {
    "slack": Specimen(
        at=lambda url: Slack(Settings(slack_api_url=url + "/api/")),
        credentials={"token": "xoxb-1"},
        other_credentials={"token": "xoxb-2"},
        introduction=Answer(body=b'{"ok":true,"team_id":"T1","user_id":"U1","team":"Team","user":"bot"}'),
        thanks=Answer(body=b'{"ok":true}'),
        account="T1.U1",
        peer="C012345678",
        call=_slack_call,
    ),
    "twitter": Specimen(
        at=lambda url: Twitter(
            Settings(
                twitter_consumer_key=CONSUMER[0], twitter_consumer_secret=CONSUMER[1], twitter_api_url=url
            )
        ),
        credentials={"access_token": "1245-abc", "access_token_secret": "secret"},
        other_credentials={"access_token": "1245-def", "access_token_secret": "secret"},
        introduction=Answer(),
        thanks=Answer(204),
        account="1245",
        peer="1693649419",
        call=_twitter_call,
    ),
    "pigeon": Specimen(
        at=lambda url: Pigeon(Settings(), url),
        credentials={"secret": "ann-1"},
        other_credentials={"secret": "ann-2"},
        introduction=Answer(),
        thanks=Answer(),
        account="ann",
        peer="bob",
        call=_pigeon_call,
    ),
}

PLATFORMS = open_platforms(Settings(), WITH_A_THIRD)
each = pytest.mark.parametrize("name", sorted(PLATFORMS))


def cursor_at(name: str, moment: int) -> str:
    """The text of the first cursor of a moment, as the platform writes it."""
    low, high = 0, 1 << 63
    while low < high:
        middle = (low + high) // 2
        if (PLATFORMS[name].moment(middle) or 0) < moment:
            low = middle + 1
        else:
            high = middle
    return PLATFORMS[name].show(low)
