"""Where platforms deliver: the webhook check, and deliveries.

Plain WSGI and not a Flask view: a delivery would spend as long in Flask's routing, contexts and signals as in
being verified, parsed and validated.
"""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import orjson

from webhook_app.errors import (
    BadChallenge,
    BadDelivery,
    BadSignature,
    DatabaseUnavailable,
    NotConfigured,
    NotFound,
    ReadmarkError,
)  # fmt: skip
from webhook_app.web.body import BadBody, check_length, read_body
from webhook_app.web.front import Environ, Front, Headers, StartResponse, request_id

PREFIX = "/webhooks/"
#: Said to a platform whose delivery could not be stored.
RETRY_AFTER = ("Retry-After", "5")  # seconds
STATUS: dict[type[ReadmarkError], int] = {
    BadChallenge: 400,
    BadDelivery: 400,
    BadSignature: 403,
    NotFound: 404,
    NotConfigured: 503,
    DatabaseUnavailable: 503,
}
log = logging.getLogger(__name__)
Answer = tuple[int, dict[str, Any]]


class Webhooks:
    """The WSGI application under `/webhooks/`: GET answers the check, POST takes a delivery."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer in JSON, whatever happens; never redirect, which would make X give the webhook up."""
        # With and without a slash at the end.
        platform = environ["PATH_INFO"].removeprefix(PREFIX).removesuffix("/")
        method = environ["REQUEST_METHOD"]
        try:
            if method == "POST":
                status, said = self._deliver(platform, environ)
            elif method in ("GET", "HEAD"):
                status, said = self._challenge(platform, environ.get("QUERY_STRING", ""))
            else:
                status, said = 405, {"error": "A webhook takes GET and POST."}
        except BadBody as refusal:
            self._count(platform, refusal.reason)
            status, said = refusal.status, {"error": str(refusal)}
        except ReadmarkError as refusal:
            if isinstance(refusal, BadSignature):
                self._count(platform, f"{refusal.reason} signature")
            elif isinstance(refusal, BadDelivery):
                self._count(platform, "challenge token as body")
            status = next((STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS), 500)
            said = {"error": str(refusal)}
        except Exception:  # nothing is outside of this but the server
            log.exception("webhook failed")
            status, said = 500, {"error": "Something went wrong here."}
        body = orjson.dumps(said)
        if status >= 400:
            _log(environ, platform, status, said)
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        if status == 503:
            headers.append(RETRY_AFTER)
        if status == 405:
            headers.append(("Allow", "GET, HEAD, POST"))
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [] if method == "HEAD" else [body]

    def _challenge(self, platform: str, query: str) -> Answer:
        """Answer a webhook check, without database and network."""
        front = self._front
        params = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
        try:
            answer = front.platforms.named(platform).challenge(params)
        except ReadmarkError:
            front.counts.add("challenges refused", front.clock())
            raise
        front.counts.add(f"challenges|{platform}", front.clock())
        return 200, answer

    def _deliver(self, platform: str, environ: Environ) -> Answer:
        """Store a delivery; the answer says that it is durable."""
        headers = Headers(environ)
        check_length(environ)
        self._front.platforms.named(platform).expect(headers)
        inbound = self._front.services().receive(platform, headers, read_body(environ))
        if inbound.errors is None:
            return 200, inbound.counters
        return 400, {"errors": inbound.errors, **inbound.counters}

    def _count(self, platform: str, reason: str) -> None:
        # Not under a name that a stranger has made up.
        if platform in self._front.platforms:
            self._front.counts.add(f"refused|{platform}|{reason}", self._front.clock())


def _log(environ: Environ, platform: str, status: int, said: dict[str, Any]) -> None:
    """One line a refusal. Of a body that was kept in quarantine only that: errors may quote it."""
    log.warning(
        "webhook refused",
        extra={
            "platform": platform[:20],
            "method": environ["REQUEST_METHOD"],
            "status": status,
            "reason": said.get("error", "quarantined"),
            "request_id": request_id(environ),
        },
    )
