"""Who has signed a request, by OAuth 1.0a (RFC 5849), as X checks it.

oauthlib's own ``RequestValidator`` is of no use here: by its defaults it refuses X's tokens for their hyphen,
and the nonces of most clients for their length or their characters.
"""

from collections.abc import Callable
from urllib.parse import unquote

from flask import Request
from oauthlib.common import Request as SignedRequest
from oauthlib.oauth1.rfc5849 import signature, utils

from webhook_app.sandbox import classic_problems as codes
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.state import State

#: The secret that belongs to a token; None where the token is unknown.
SecretOf = Callable[[str], str | None]
_FORM = "application/x-www-form-urlencoded"


class NotAuthenticated(Exception):
    """The request is nobody's; ``code`` is X's word for why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def named_user(asked: Request) -> str:
    """The user whose token the request names, not verified; empty where it names none."""
    return _claims(asked).get("oauth_token", "").partition("-")[0]


def signer(world: State, asked: Request, now: float) -> Account:
    """The account that has signed the request, by X's clock. Raises NotAuthenticated.

    Signed are the method, the URL, and the parameters of query, header and form; not a JSON body. A client
    that believes to talk to https, as tweepy always does, has signed that.
    """
    account = world.account(named_user(asked))

    def secret_of(token: str) -> str | None:
        known = account is not None and account.access_token == token
        return account.access_token_secret if account and known else None

    verify(asked, world.config, secret_of, now)
    if account is None:
        raise NotAuthenticated(codes.TOKEN_INVALID)
    return account


def verify(asked: Request, config: SandboxConfig, secret_of: SecretOf, now: float) -> dict[str, str]:
    """What the request's signed header claims. Raises NotAuthenticated.

    ``secret_of`` knows the secret of a token, that of no token included, or None if the token is no good.
    """
    claims = _claims(asked)
    if not claims:
        raise NotAuthenticated(codes.NO_CREDENTIALS)
    if (
        claims.get("oauth_consumer_key") != config.consumer_key
        or claims.get("oauth_signature_method") != "HMAC-SHA1"
        or claims.get("oauth_version", "1.0") != "1.0"
    ):
        raise NotAuthenticated(codes.NOT_AUTHENTICATED)
    secret = secret_of(claims.get("oauth_token", ""))
    if secret is None:
        raise NotAuthenticated(codes.TOKEN_INVALID)
    if not _is_recent(claims.get("oauth_timestamp", ""), now, config.signature_skew):
        raise NotAuthenticated(codes.TIMESTAMP_OUT_OF_BOUNDS)
    if not _is_signed(asked, claims, config.consumer_secret, secret):
        raise NotAuthenticated(codes.NOT_AUTHENTICATED)
    return claims


def _claims(asked: Request) -> dict[str, str]:
    """What the Authorization header says; nothing where there is none, or none of OAuth 1.0a."""
    header = asked.headers.get("Authorization", "")
    try:
        return {name: unquote(value) for name, value in utils.parse_authorization_header(header)}
    except ValueError:
        return {}


def _is_signed(asked: Request, claims: dict[str, str], consumer_secret: str, token_secret: str) -> bool:
    """Whether the signature is right for the request, as sent over https or over http."""
    try:
        params = signature.collect_parameters(
            uri_query=asked.query_string.decode("latin-1"),
            body=asked.get_data(as_text=True) if asked.mimetype == _FORM else None,
            headers={"Authorization": asked.headers["Authorization"]},
        )
        for scheme in ("https", "http"):
            signed = SignedRequest(f"{scheme}://{asked.base_url.partition('://')[2]}", asked.method)
            signed.params, signed.signature = params, claims.get("oauth_signature", "")
            if signature.verify_hmac_sha1(signed, consumer_secret, token_secret):
                return True
    except ValueError:
        # A query, or a host, that is none.
        return False
    return False


def _is_recent(timestamp: str, now: float, skew: float) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(int(timestamp) - now) <= skew
