"""X: answers the CRC, verifies deliveries and hands their bodies to the translation; passes marks on."""

import base64
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Protocol

from webhook_app.domain.account import Account, Identity
from webhook_app.domain.finding import Finding, Patient
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.outbox import Coalescing, Policy, Verdict
from webhook_app.domain.rate import RateLimit, Word
from webhook_app.errors import (
    BadChallenge,
    BadDelivery,
    BadSignature,
    DeliveryError,
    InvalidValue,
    NotConfigured,
)
from webhook_app.platforms import twitter_calls
from webhook_app.platforms.management import Management
from webhook_app.platforms.native import Call, Known, Reply, Request, Window, check_names
from webhook_app.platforms.twitter_events import read
from webhook_app.platforms.twitter_ids import SENT_AT, moment
from webhook_app.settings import Settings

#: What a crc_token may be made of. The answer to a CRC and the signature of a delivery are the same
#: computation under the same key, so signing free text would let a stranger forge deliveries.
TOKEN = re.compile(rb"[A-Za-z0-9+/=_.-]{1,256}")
#: base64 of 32 bytes.
SIGNATURE = re.compile(r"sha256=[A-Za-z0-9+/]{43}=")
#: X writes the user's id before the hyphen.
ACCESS_TOKEN = re.compile(r"([0-9]{1,19})-[!-~]{1,200}", re.ASCII)
BEARER_TOKEN = re.compile(r"[!-~]{1,1000}", re.ASCII)
ACCESS_TOKEN_SECRET = re.compile(r"[!-~]{1,200}", re.ASCII)


def sign(secret: bytes, message: bytes) -> str:
    """Return `sha256=<base64 HMAC-SHA256>` (docs.x.com, x-api/webhooks/quickstart)."""
    return "sha256=" + base64.b64encode(hmac.digest(secret, message, "sha256")).decode()


class Door(Protocol):
    """What X is called through."""

    def mark(self, keys: tuple[str, str, str, str], recipient_id: str, last_read_event_id: str) -> Word:
        """Mark as read; `keys` are the consumer's and the access token's, with secrets.

        Raises DeliveryError.
        """


class Twitter:
    """X's words. The consumer secret comes from the settings."""

    name = "twitter"
    credential_names: tuple[str, ...] = ("access_token", "access_token_secret")
    paths: tuple[str, ...] = (twitter_calls.PREFIX,)
    #: Every answer of X tells how much of the window is left.
    tells_window = True
    sent_at = SENT_AT

    def __init__(self, settings: Settings) -> None:
        self._secret = (settings.twitter_consumer_secret or "").encode()
        previous = [secret.encode() for secret in settings.twitter_consumer_secrets_previous]
        #: Believed for signatures; only the first answers the CRC.
        self._secrets = [self._secret, *previous]
        app = (settings.twitter_consumer_key, settings.twitter_consumer_secret)
        self._app = (app[0], app[1]) if app[0] and app[1] else None
        self._token = (settings.twitter_access_token, settings.twitter_access_token_secret)
        self._bearer = settings.twitter_bearer_token
        self._url = settings.twitter_api_url
        limit = settings.twitter_mark_read_limit
        #: A window is of an app and a user: each account's own.
        self.policy = Policy(
            "direct_messages/mark_read",
            RateLimit(limit.calls, limit.seconds * 1000),
            Coalescing(round(settings.coalesce_seconds * 1000), first_at_once=True),
        )

    def challenge(self, params: list[tuple[str, str]]) -> dict[str, str]:
        """Return the CRC's answer. Raises BadChallenge, NotConfigured."""
        tokens = [value for name, value in params if name == "crc_token"]
        if len(tokens) != 1 or not TOKEN.fullmatch(tokens[0].encode("utf-8", "surrogatepass")):
            raise BadChallenge
        if not self._secret:
            raise NotConfigured
        return {"response_token": sign(self._secret, tokens[0].encode())}

    def receive(self, headers: Mapping[str, str], body: bytes, now: int) -> Inbound:
        """Verify a delivery over its raw bytes, then translate it. `now` in milliseconds.

        Raises BadSignature, BadDelivery (signed by our own CRC answer), NotConfigured.
        """
        self._verify(self._signature(headers), body)
        if TOKEN.fullmatch(body):
            raise BadDelivery
        return read(body, now)

    def expect(self, headers: Mapping[str, str]) -> None:
        """Raise BadSignature if there is none that could be right, NotConfigured without a secret."""
        self._signature(headers)

    def _signature(self, headers: Mapping[str, str]) -> str:
        if not self._secret:
            raise NotConfigured
        signature = headers.get("X-Twitter-Webhooks-Signature")
        if signature is None:
            raise BadSignature("missing")
        if not SIGNATURE.fullmatch(signature):
            raise BadSignature("malformed")
        return signature

    def _verify(self, signature: str, body: bytes) -> None:
        # Every secret is tried, so that the time taken does not tell which one matched.
        matches = [hmac.compare_digest(signature, sign(secret, body)) for secret in self._secrets]
        if not any(matches):
            raise BadSignature("wrong")

    def read(self, body: bytes, now: int) -> Inbound:
        """Translate a delivery verified before."""
        return read(body, now)

    def reader(self, text: str) -> str:
        """Return a user id without leading zeros. Raises InvalidValue."""
        return str(_number("id", text))

    def cursor(self, text: str) -> int:
        """Return an event id as an integer. Raises InvalidValue."""
        return _number("cursor", text)

    def show(self, cursor: int) -> str:
        """Return an event id as X writes it."""
        return str(cursor)

    def moment(self, cursor: int) -> int | None:
        """Return when the message was sent; its id tells."""
        return moment(cursor)

    def peer(self, text: str) -> str:
        """Return a user id without leading zeros. Raises InvalidValue."""
        return str(_number("peer", text))

    def configured(self) -> dict[str, str] | None:
        """Return the environment's access token with its secret, if both are there."""
        token, secret = self._token
        return {"access_token": token, "access_token_secret": secret} if token and secret else None

    def digest(self, credentials: Mapping[str, str]) -> str:
        """Return the digest of the access token, which signed requests name."""
        return twitter_calls.digest(credentials["access_token"])

    def introduce(self, credentials: Mapping[str, str]) -> Identity:
        """Return the user whose access token it is; its id is before the hyphen. Raises InvalidValue."""
        check_names(credentials, self.credential_names)
        match = ACCESS_TOKEN.fullmatch(credentials["access_token"])
        if not match:
            raise InvalidValue(
                "access_token", "Not an access token, which begins with a user id and a hyphen."
            )
        if not ACCESS_TOKEN_SECRET.fullmatch(credentials["access_token_secret"]):
            raise InvalidValue("access_token_secret", "Not the secret of an access token.")
        user = str(_number("access_token", match[1]))
        return Identity(user, user, "", None)

    def deliver(self, account: str, credentials: Mapping[str, str], peer: str, cursor: int) -> Word:
        """Mark the peer's messages as read by the account. Raises DeliveryError."""
        if self._app is None:
            raise DeliveryError(
                Verdict.RETRY, "TWITTER_CONSUMER_KEY and TWITTER_CONSUMER_SECRET are not both set"
            )
        token, secret = credentials["access_token"], credentials["access_token_secret"]
        return self._door.mark((*self._app, token, secret), peer, self.show(cursor))

    @cached_property
    def _door(self) -> Door:
        # tweepy takes longer to import than all the rest, and X gives a waking dyno three seconds for a CRC.
        from webhook_app.platforms.twitter_delivery import Delivery

        return Delivery(self._url)

    def open(self, request: Request) -> Call:
        """Read a call of API 1.1. Raises CallRefused."""
        return twitter_calls.open_call(request)

    def identify(self, call: Call, known: Known, now: int) -> Account:
        """Return the account that has signed the call, or that our token in it is of. Raises CallRefused."""
        return twitter_calls.identify(call, known, now, self._app)

    def want(self, call: Call, account: Account, now: int) -> tuple[str, int]:
        """Return recipient and cursor. Raises CallRefused."""
        return twitter_calls.want(call, now)

    def answer(
        self, call: Call | None, account: Account | None, problem: Exception | None, window: Window
    ) -> Reply:
        """Return X's answer."""
        return twitter_calls.answer(account, problem, window)

    def management(self) -> Management | None:
        """Return what `/2/webhooks` and its neighbours offer. Raises NotConfigured."""
        if not self._bearer:
            words = "TWITTER_BEARER_TOKEN is not set: copy the app's bearer token from X's developer console."
            raise NotConfigured(words)
        if not BEARER_TOKEN.fullmatch(self._bearer):
            raise NotConfigured("TWITTER_BEARER_TOKEN is not a bearer token: copy it anew, without spaces.")
        return self._management

    @cached_property
    def _management(self) -> Management:
        # X's SDK takes longer to import than all the rest.
        from webhook_app.platforms.twitter_management import TwitterManagement

        return TwitterManagement(self._url, self._bearer or "", self._app)

    def examine(
        self, patients: Sequence[Patient], addresses: Sequence[str], clock: Callable[[], int]
    ) -> Iterable[Finding]:
        """Ask X about the accounts, and addresses of ours as X would."""
        # With tweepy, as the door.
        from webhook_app.platforms.twitter_examine import App, examine

        secret = self._secret
        app = App(self._url, self._app, (lambda token: sign(secret, token.encode())) if secret else None)
        return examine(app, patients, addresses, clock)


def _number(field: str, text: str) -> int:
    """An id: 1 to 19 digits below 2^63."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) < 1 << 63):
        raise InvalidValue(field, "Not a string of 1 to 19 digits below 2^63.")
    return int(text)
