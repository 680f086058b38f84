"""Who has signed a request, by OAuth 1.0a."""

from typing import Any

import pytest
from oauthlib.oauth1 import (
    SIGNATURE_HMAC_SHA256,
    SIGNATURE_PLAINTEXT,
    SIGNATURE_TYPE_BODY,
    SIGNATURE_TYPE_QUERY,
    Client,
)

from tests.conftest import NOW
from webhook_app.platforms.native import Request
from webhook_app.platforms.twitter_oauth import signer

HOST, PATH = "readmark.example", "/1.1/direct_messages/mark_read.json"
FORM = "application/x-www-form-urlencoded"
APP, TOKEN, SECRET = ("consumer-key", "consumer-secret"), "1245-abc", "token secret&+é"
PAIRS = "last_read_event_id=1247310121283321862&recipient_id=1693649419"


def request(
    *,
    scheme: str = "https",
    host: str = HOST,
    query: str = "",
    body: str = "",
    kind: str = FORM,
    app: tuple[str, str] = APP,
    token: tuple[str, str] = (TOKEN, SECRET),
    **signing: Any,
) -> Request:
    """A request as a client signs it, seen from behind a proxy that takes TLS away."""
    client = Client(*app, *token, **{"timestamp": str(NOW // 1000), **signing})
    url = f"{scheme}://{host}{PATH}" + (f"?{query}" if query else "")
    # Only a form is signed with its body.
    form = body if kind.startswith(FORM) else ""
    url, headers, signed = client.sign(url, "POST", form or None, {"Content-Type": FORM} if form else {})
    headers = {**headers, "Content-Type": kind} if body else headers
    sent = (signed if form else body) or ""
    return Request("POST", f"http://{host}{PATH}", PATH, url.partition("?")[2], headers, sent.encode())


def who(request: Request, now: int = NOW, app: tuple[str, str] = APP) -> str | None:
    """Whose token it is rightly signed with."""
    return signer(request, app, {TOKEN: SECRET}.get, now)


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("host", [HOST, "127.0.0.1:8000", "ReadMark.Example", "localhost:443", "[::1]:8000"])
@pytest.mark.parametrize(
    "sent",
    [
        {"query": PAIRS},  # tweepy
        {"body": PAIRS},  # twurl, node-twitter-api-v2
        {"body": PAIRS, "kind": f"{FORM}; charset=utf-8"},
        {"body": "recipient_id=1693649419", "query": "last_read_event_id=1247310121283321862"},
        {"body": '{"last_read_event_id":"1247310121283321862"}', "kind": "application/json"},
        {"query": PAIRS, "realm": "anything"},
        {"query": "a=b%20c&a=&d=%C3%A9"},
        {},
    ],
)
def test_it_believes_what_is_rightly_signed(scheme: str, host: str, sent: Any) -> None:
    assert who(request(scheme=scheme, host=host, **sent)) == TOKEN


@pytest.mark.parametrize(
    "nonce", ["1", "short", "n" * 200, "a-b_c.d~e", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg=="]
)
def test_any_nonce_will_do(nonce: str) -> None:
    assert who(request(query=PAIRS, nonce=nonce)) == TOKEN


@pytest.mark.parametrize("kind", [SIGNATURE_TYPE_QUERY, SIGNATURE_TYPE_BODY])
def test_the_parameters_may_be_elsewhere(kind: str) -> None:
    assert who(request(body=PAIRS, signature_type=kind)) == TOKEN


@pytest.mark.parametrize(
    ("seconds", "right"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)]
)
def test_clocks_may_differ_by_five_minutes(seconds: int, right: bool) -> None:
    signed = request(query=PAIRS, timestamp=str(NOW // 1000 + seconds))
    assert (who(signed) == TOKEN) is right


WRONG: list[Any] = [
    {"token": (TOKEN, "other")},
    {"token": (TOKEN, "")},
    {"token": ("1245-def", SECRET)},
    {"token": ("", "")},
    {"app": ("consumer-key", "other")},
    {"app": ("other", "consumer-secret")},
    {"timestamp": "soon"},
    {"timestamp": "1" * 30},
    {"timestamp": "-179521920"},
    {"signature_method": SIGNATURE_PLAINTEXT},
    {"signature_method": SIGNATURE_HMAC_SHA256},
]


@pytest.mark.parametrize("changes", WRONG, ids=str)
def test_it_refuses_what_is_wrongly_signed(changes: Any) -> None:
    assert who(request(query=PAIRS, **changes)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"query": PAIRS.replace("419", "418")},
        {"query": PAIRS + "&more=1"},
        {"query": "\ud800"},
        {"query": "%zz"},
        {"query": "a b"},
        {"url": f"https://elsewhere.example{PATH}"},
        {"url": f"https://{HOST}/1.1/direct_messages/destroy.json"},
        {"url": "http://"},
        {"url": ""},
        {"url": f"https://{HOST}:99999{PATH}"},
        {"method": "GET"},
        {"body": b"more=1"},
        # oauthlib would leave these out of what is signed.
        {"body": b"\xff"},
        {"body": b"recipient_id=1693649418&more= "},
    ],
)
def test_it_refuses_what_was_changed_on_the_way(changes: dict[str, Any]) -> None:
    signed = request(query=PAIRS)
    signed = signed._replace(headers={**signed.headers, "Content-Type": FORM}, **changes)
    assert who(signed) is None


@pytest.mark.parametrize(
    "header",
    ["", "OAuth", "OAuth x", 'OAuth oauth_token="1245-abc"', "Basic YTpi", 'OAuth oauth_token="%zz"', "\xff",
     'OAuth oauth_consumer_key="consumer-key", oauth_token="1245-abc", oauth_signature_method="HMAC-SHA1", '
     f'oauth_timestamp="{NOW // 1000}", oauth_nonce="1", oauth_version="1.0", oauth_signature=""'],
)  # fmt: skip
def test_it_refuses_any_other_header(header: str) -> None:
    assert who(request(query=PAIRS)._replace(headers={"Authorization": header})) is None


def test_an_unknown_token_is_no_secret_of_its_own() -> None:
    # What oauthlib verifies with instead of an unknown token's secret opens no door.
    assert who(request(query=PAIRS, token=("nobody", "nobody"))) is None
