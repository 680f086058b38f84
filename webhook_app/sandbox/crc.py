"""The challenge by which X finds out whether a webhook is its owner's: sent for real, judged strictly."""

import base64
import hmac
import json
import time
from random import Random
from urllib.parse import urlencode
from uuid import UUID

import urllib3

from webhook_app.sandbox.moments import Clock, milliseconds
from webhook_app.sandbox.wire import SIGNATURE_HEADER, sign

#: Enough for any right answer.
_LONGEST_ANSWER = 64 * 1024


class CrcFailed(Exception):
    """The webhook did not pass; ``fatal`` where X gives it up at once instead of trying again for 28 hours.

    Fatal are a 2xx with a wrong answer, any 3xx and a TLS error; 4xx, 5xx and time-outs are forgiven:
    https://docs.x.com/x-api/webhooks/introduction#webhook-validation
    """

    def __init__(self, details: str, *, fatal: bool) -> None:
        super().__init__(details)
        self.fatal = fatal


def make_query(random: Random, clock: Clock) -> tuple[str, str]:
    """A token and the query that carries it, in the shape of captured ones.

    The token is a UUID's text in base64, the nonce beside it the time's.
    """
    token = _unpadded(str(UUID(int=random.getrandbits(128), version=4)))
    nonce = _unpadded(str(milliseconds(clock)))
    return token, urlencode({"crc_token": token, "nonce": nonce})


def challenge(url: str, secret: str, random: Random, clock: Clock, timeout: float) -> None:
    """Sends a GET to the webhook and returns if the answer is right in every respect, in time."""
    token, query = make_query(random, clock)
    address = f"{url}{'&' if '?' in url else '?'}{query}"
    status, content_type, body = _get(address, sign(secret, query.encode()), timeout)
    if 300 <= status < 400:
        raise CrcFailed(f"Redirect ({status}) on CRC GET request.", fatal=True)
    if status != 200:
        fatal = 200 <= status < 300
        raise CrcFailed(f"Non-200 response code during CRC GET request ({status}).", fatal=fatal)
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise CrcFailed(f"Content type is not JSON but {content_type!r}.", fatal=True)
    if not _is_right(body, sign(secret, token.encode())):
        raise CrcFailed("Invalid CRC token or json response format.", fatal=True)


def _get(url: str, signature: str, timeout: float) -> tuple[int, str, bytes]:
    """Status, content type and body; no redirect is followed, and every byte must be there in time."""
    deadline = time.monotonic() + timeout
    late = CrcFailed(f"High latency on CRC GET request: no answer within {timeout:g} seconds.", fatal=False)
    try:
        with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=timeout)) as http:
            headers = {"User-Agent": "sandbox", SIGNATURE_HEADER: signature}
            response = http.request("GET", url, headers=headers, redirect=False, preload_content=False)
            body = b""
            for piece in response.stream(4096):
                body += piece
                if time.monotonic() > deadline or len(body) > _LONGEST_ANSWER:
                    response.close()
                    break
    except urllib3.exceptions.SSLError as exc:
        raise CrcFailed(f"TLS error on CRC GET request: {exc}", fatal=True) from exc
    except urllib3.exceptions.DecodeError as exc:
        raise CrcFailed("Content-Encoding of the CRC answer is not what it claims.", fatal=True) from exc
    except urllib3.exceptions.NewConnectionError as exc:
        # Before time-outs, of which urllib3 takes a refused connection to be one.
        raise CrcFailed(f"Connection failed on CRC GET request: {exc}", fatal=False) from exc
    except urllib3.exceptions.TimeoutError as exc:
        raise late from exc
    except urllib3.exceptions.HTTPError as exc:
        raise CrcFailed(f"Connection failed on CRC GET request: {exc}", fatal=False) from exc
    if time.monotonic() > deadline:
        raise late
    return response.status, response.headers.get("Content-Type", ""), body


def _is_right(body: bytes, expected: str) -> bool:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return False
    token = answer.get("response_token") if isinstance(answer, dict) else None
    return isinstance(token, str) and hmac.compare_digest(token.encode(), expected.encode())


def _unpadded(text: str) -> str:
    return base64.b64encode(text.encode()).decode().rstrip("=")
