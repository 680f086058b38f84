"""Who has signed a request, by OAuth 1.0a (RFC 5849) as X has it."""

import math
from collections.abc import Callable
from typing import Any

from oauthlib.common import urldecode
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, ResourceEndpoint

from webhook_app.platforms.native import Request

#: How far a signature's clock may be from ours.
SKEW = 300  # seconds
FORM = "application/x-www-form-urlencoded"


def signer(
    request: Request, app: tuple[str, str], secret_of: Callable[[str], str | None], now: int
) -> str | None:
    """Return the access token that the request is rightly signed with; None if it is not.

    `app` is the consumer key and its secret, `secret_of` knows the secrets of access tokens, `now` is in
    milliseconds. Behind a proxy the scheme that the caller used may not be known, so the signature may be
    for https or for http.
    """
    endpoint = ResourceEndpoint(_Validator(app, secret_of, now))
    headers, body = _signed_parts(request)
    for scheme in ("https", "http"):
        url = f"{scheme}://{request.url.partition('://')[2]}"
        url = f"{url}?{request.query}" if request.query else url
        try:
            # oauthlib leaves out a form that it cannot read; then others could change it.
            urldecode(body)
            valid, signed = endpoint.validate_protected_resource_request(url, request.method, body, headers)
        except ValueError:
            # A form, a query, a header or a host that is none.
            return None
        if valid:
            token: str = signed.resource_owner_key
            return token
    return None


def _signed_parts(request: Request) -> tuple[dict[str, str], str]:
    """The headers that matter, and the body if it is a form: nothing else of it is signed."""
    header, kind = request.headers.get("Authorization"), request.headers.get("Content-Type") or ""
    headers = {"Authorization": header} if header else {}
    if FORM not in kind.lower():
        return headers, ""
    return {**headers, "Content-Type": FORM}, request.body.decode("latin-1")


class _Validator:
    """X's rules, which oauthlib asks for.

    Not those of its `RequestValidator`, which refuse X's tokens for their hyphen, and most clients' nonces
    for their length or their characters.
    """

    allowed_signature_methods = (SIGNATURE_HMAC_SHA1,)
    enforce_ssl = False
    #: oauthlib compares by a clock of its own; `validate_timestamp_and_nonce` does by ours.
    timestamp_lifetime = math.inf
    dummy_client = dummy_access_token = "nobody"

    def __init__(self, app: tuple[str, str], secret_of: Callable[[str], str | None], now: int) -> None:
        self._key, self._secret = app
        self._secret_of = secret_of
        self._now = now // 1000

    def check_client_key(self, client_key: str) -> bool:
        return True

    def check_access_token(self, request_token: str) -> bool:
        return True

    def check_nonce(self, nonce: str) -> bool:
        return True

    def validate_timestamp_and_nonce(
        self, client_key: str, timestamp: str, nonce: str, request: Any, **tokens: Any
    ) -> bool:
        # Nonces are not kept: a mark that is repeated changes nothing.
        return abs(self._now - int(timestamp)) <= SKEW

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return client_key == self._key

    def validate_access_token(self, client_key: str, token: str, request: Any) -> bool:
        return self._secret_of(token) is not None

    def validate_realms(self, client_key: str, token: str, request: Any, **where: Any) -> bool:
        return True

    def get_client_secret(self, client_key: str, request: Any) -> str:
        return self._secret

    def get_access_token_secret(self, client_key: str, token: str, request: Any) -> str:
        return self._secret_of(token) or self.dummy_access_token
