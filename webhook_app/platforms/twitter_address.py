"""Whether a webhook's address would pass X's check, tried as X does it, and a little harder.

X gives a webhook up at once for a 2xx with a wrong answer, any redirect, and an error of TLS; it takes no
port (docs.x.com, x-api/webhooks/introduction), and waits three seconds (the enterprise page of before v2).
"""

import hmac
import json
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from secrets import token_urlsafe
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import requests

from webhook_app.domain.finding import Finding, doubt, ok, skipped, unknown, wrong
from webhook_app.platforms.json_body import parse
from webhook_app.platforms.twitter_connections import Connections

ADDRESS = "twitter address"
Sign = Callable[[str], str]


class Patience(NamedTuple):
    """How long to wait for an answer, and what is too long; in seconds."""

    #: To connect, and then to answer: longer than X waits, so that it can be said how slow it is.
    connect: float = 3.0
    read: float = 6.0
    #: What X waits, and what leaves nothing for a bad day.
    late: float = 3.0
    slow: float = 1.0


PATIENCE = Patience()


class Answer(NamedTuple):
    """What an address said, or why it did not."""

    status: int = 0
    location: str = ""
    kind: str = ""
    body: bytes = b""
    seconds: float = 0.0
    #: Why there is no answer, and what to do; empty if there is one.
    trouble: str = ""
    remedy: str = ""

    @property
    def redirects(self) -> bool:
        """Whether it sends us elsewhere; 304 does not."""
        return 300 <= self.status < 400 and self.status != 304 and bool(self.location)


def examine_address(address: str, sign: Sign | None, patience: Patience = PATIENCE) -> Iterator[Finding]:
    """Findings about an address; `sign` makes the right answer to a token, if the secret is known."""
    fault = _fault(address)
    if fault:
        yield wrong(ADDRESS, f"{address} {fault}", "register https://your.host/webhooks/twitter")
        return
    if sign is None:
        yield skipped(ADDRESS, "without TWITTER_CONSUMER_SECRET nobody knows the right answer")
        return
    ask = _Asking(patience)
    token = token_urlsafe(24)
    answer = ask(address, token)
    yield _judge(address, answer, sign(token), patience)
    if not answer.trouble:
        yield _judge_slash(ask, address)
        yield _judge_forgery(ask, address, sign)


def _fault(address: str) -> str:
    """What X does not take about an address; of one on this machine a sandbox takes everything."""
    try:
        parts = urlsplit(address)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return "is not an address"
    if host == "localhost" or _loopback(host):
        return ""
    if parts.scheme != "https":
        return "is not https, which X requires"
    return "" if port is None else "names a port, which X does not take"


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class _Session(requests.Session):
    """Does not even look where a redirect leads: what is no address there would be an error here."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere."""


class _Asking:
    """Asks as X does, and follows no redirect."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._session = _Session()
        Connections(plain=False).open(self._session)

    def __call__(self, address: str, token: str) -> Answer:
        """What the address says to this token."""
        connect, read, late, _ = self._patience
        began = time.monotonic()
        try:
            got = self._session.get(
                address, params={"crc_token": token}, timeout=(connect, read), allow_redirects=False
            )
        except requests.exceptions.SSLError:
            remedy = "the certificate must be valid for this host, with its whole chain"
            return Answer(trouble="does not convince by TLS", remedy=remedy)
        except requests.exceptions.Timeout:
            remedy = "look at proxies, sleeping dynos and cold starts"
            return Answer(trouble=f"does not answer in time; X waits {late:g} s", remedy=remedy)
        except (requests.exceptions.RequestException, ValueError) as error:
            trouble = f"cannot be reached ({type(error).__name__})"
            return Answer(trouble=trouble, remedy="see that the service runs, and that the name leads to it")
        seconds = time.monotonic() - began
        location, kind = got.headers.get("Location", ""), got.headers.get("Content-Type", "")
        return Answer(got.status_code, location, kind, got.content, seconds)


def _judge(address: str, answer: Answer, right: str, patience: Patience) -> Finding:
    """The answer to a check, judged as strictly as X does."""
    trouble, remedy = _trouble(answer, right, patience)
    if trouble:
        return wrong(ADDRESS, f"{address} {trouble}", remedy)
    words = f"{address} answers the check rightly in {answer.seconds * 1000:.0f} ms"
    if answer.seconds < patience.slow:
        return ok(ADDRESS, words)
    return doubt(ADDRESS, words, f"make it faster; X waits {patience.late:g} s")


def _trouble(answer: Answer, right: str, patience: Patience) -> tuple[str, str]:
    """What is wrong with an answer, and what to do; empty if nothing is."""
    kind = answer.kind.partition(";")[0].strip().lower()
    if answer.trouble:
        return answer.trouble, answer.remedy
    if answer.redirects:
        return f"redirects to {answer.location}", "register where it leads to, or stop redirecting"
    if answer.status == 503:
        return "answers 503", "set TWITTER_CONSUMER_SECRET there"
    if answer.status != 200:
        return f"answers {answer.status}", "let GET and POST of this path through to the service"
    if kind != "application/json":
        return f"answers in {kind or 'no type'}, not JSON", "something else answers in its place"
    if not _is_right(answer.body, right):
        remedy = "set the same TWITTER_CONSUMER_SECRET there and here, that of the app that has the webhook"
        return "answers with a wrong token", remedy
    if answer.seconds > patience.late:
        return f"takes {answer.seconds:.1f} s; X waits {patience.late:g} s", "look at what stands before it"
    return "", ""


def _is_right(body: bytes, right: str) -> bool:
    try:
        said = parse(body)
    except ValueError:
        return False
    token = said.get("response_token") if isinstance(said, dict) else None
    return isinstance(token, str) and hmac.compare_digest(token.encode("utf-8", "replace"), right.encode())


def _judge_slash(ask: _Asking, address: str) -> Finding:
    """Frameworks redirect from one spelling to the other."""
    subject, parts = "twitter slash", urlsplit(address)
    slash = parts.path.endswith("/")
    path = parts.path.removesuffix("/") if slash else f"{parts.path}/"
    spelling = f"{'without' if slash else 'with'} a slash at the end it"
    other = ask(urlunsplit(parts._replace(path=path)), token_urlsafe(24))
    if other.trouble:
        return unknown(subject, f"{spelling} {other.trouble}", other.remedy)
    if other.redirects:
        words = f"{spelling} redirects to {other.location}"
        return doubt(subject, words, "take the redirect away; X gives a webhook up for one")
    return ok(subject, f"{spelling} does not redirect")


def _judge_forgery(ask: _Asking, address: str, sign: Sign) -> Finding:
    """What answers any text for a token signs deliveries for whoever asks."""
    subject, forged = "twitter forgery", json.dumps({"asked by": f"readmark doctor {token_urlsafe(24)}"})
    answer = ask(address, forged)
    if answer.trouble:
        return unknown(subject, f"to a text that is no token it {answer.trouble}", answer.remedy)
    if answer.status == 200 and _is_right(answer.body, sign(forged)):
        words = "it signs any text for any stranger, who can forge deliveries so"
        return wrong(subject, words, "let only this release of readmark answer there, and change the secret")
    return ok(subject, "it does not sign what could be a delivery")
