"""X: answers the CRC, verifies deliveries, and hands their bodies to the translation."""

import base64
import hmac
import re
from collections.abc import Mapping

from webhook_app.domain.inbound import Inbound
from webhook_app.errors import BadChallenge, BadDelivery, BadSignature, InvalidValue, NotConfigured
from webhook_app.platforms.twitter_events import read
from webhook_app.platforms.twitter_ids import moment
from webhook_app.settings import Settings

#: What a crc_token may be made of. The answer to a CRC and the signature of a delivery are the same
#: computation under the same key, so signing free text would let a stranger forge deliveries.
TOKEN = re.compile(rb"[A-Za-z0-9+/=_.-]{1,256}")
#: base64 of 32 bytes.
SIGNATURE = re.compile(r"sha256=[A-Za-z0-9+/]{43}=")


def sign(secret: bytes, message: bytes) -> str:
    """Return `sha256=<base64 HMAC-SHA256>` (docs.x.com, x-api/webhooks/quickstart)."""
    return "sha256=" + base64.b64encode(hmac.digest(secret, message, "sha256")).decode()


class Twitter:
    """X's words. The consumer secret comes from the settings."""

    name = "twitter"

    def __init__(self, settings: Settings) -> None:
        self._secret = (settings.twitter_consumer_secret or "").encode()
        previous = [secret.encode() for secret in settings.twitter_consumer_secrets_previous]
        #: Believed for signatures; only the first answers the CRC.
        self._secrets = [self._secret, *previous]

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


def _number(field: str, text: str) -> int:
    """An id: 1 to 19 digits below 2^63."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) < 1 << 63):
        raise InvalidValue(field, "Not a string of 1 to 19 digits below 2^63.")
    return int(text)
