"""Where calls in a platform's own words come in: each platform's paths, answered as the platform would.

Plain WSGI and not Flask views, as the webhooks: Flask takes longer to route a call than we to accept it.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Protocol, cast

from webhook_app.domain.account import Account
from webhook_app.domain.outbox import Outgoing
from webhook_app.errors import CallRefused, DatabaseUnavailable, NotFound, OutboxFull, ReadmarkError
from webhook_app.platforms import Platform
from webhook_app.platforms.native import MOST_BYTES, Call, Known, Reply, Request, Window
from webhook_app.web.body import BadBody, read_body
from webhook_app.web.front import API, Environ, Front, Headers, StartResponse, request_id

#: Statuses as WSGI wants them.
LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
#: What may be counted and logged of a platform's word for a refusal: its first part, a name or a number.
WORD = re.compile(r"[A-Za-z0-9_]{1,40}", re.ASCII)
#: What is no fault of ours, by what is counted.
REASONS: dict[type[ReadmarkError], str] = {
    NotFound: "not found",
    OutboxFull: "outbox full",
    DatabaseUnavailable: "database unavailable",
}
FAULT = "fault"
log = logging.getLogger(__name__)


class Accepting(Protocol):
    """What calls need of `outbound.Outbound`."""

    def accept(self, outgoing: Sequence[Outgoing]) -> None:
        """Keep marks to be passed on; returns once they are durable."""

    def window(self, account: Account) -> Window:
        """The limit, what remains of it, and the second since 1970 at which it begins anew."""


class Services(Protocol):
    """What calls need of `services.Services`."""

    known: Known
    outbound: Accepting


class Native:
    """The WSGI application under every platform's own paths."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._places = [(path, there) for there in front.platforms.values() for path in there.paths]
        self._paths = tuple(path for path, _ in self._places)

    def takes(self, path: str) -> bool:
        """Whether a path is a platform's. Those of our own API are ours, whatever a platform calls its."""
        return path.startswith(self._paths) and not f"{path}/".startswith(f"{API}/")

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the platform would, whatever happens."""
        path = environ["PATH_INFO"]
        platform = next(there for start, there in self._places if path.startswith(start))
        status, headers, body = self._answer(platform, environ)
        if status != HTTPStatus.NO_CONTENT:
            headers = [*headers, ("Content-Length", str(len(body)))]
        start_response(LINES[status], headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answer(self, platform: Platform, environ: Environ) -> Reply:
        """Accept a call or refuse it; what it asks for is durable when this returns."""
        call: Call | None = None
        account: Account | None = None
        problem: ReadmarkError | None = None
        now = self._front.clock()
        try:
            call = platform.open(read_request(environ))
            services = self._services()
            account = platform.identify(call, services.known, now)
            wanted = platform.want(call, account, now)
            if wanted is not None:
                services.outbound.accept([Outgoing(platform.name, account.id, *wanted, now)])
        except ReadmarkError as error:
            problem = error
        except Exception as error:  # nothing is outside of this but the server
            problem = ReadmarkError()
            problem.__cause__ = error
        if problem is not None:
            self._note(platform, environ, problem, now)
        return platform.answer(call, account, problem, self._window(platform, account, now))

    def _services(self) -> Services:
        return cast(Services, self._front.services())

    def _window(self, platform: Platform, account: Account | None, now: int) -> Window:
        """The account's rate window; of nobody, or while the database is away, one that is not yet used."""
        if account is not None and platform.tells_window:
            with suppress(ReadmarkError):
                return self._services().outbound.window(account)
        limit = platform.policy.limit
        return limit.calls, limit.calls, (now + limit.window) // 1000

    def _note(self, platform: Platform, environ: Environ, problem: ReadmarkError, now: int) -> None:
        """Count a refusal and log it in one line; never what was sent, for it holds tokens."""
        reason = _reason(problem)
        self._front.counts.add(f"marks refused|{platform.name}|{reason}", now)
        told = {
            "platform": platform.name,
            "method": environ["REQUEST_METHOD"][:10],
            "reason": reason,
            "request_id": request_id(environ),
        }
        if reason == FAULT:
            log.error("call failed", extra=told, exc_info=problem.__cause__ or problem)
        else:
            log.warning("call refused", extra=told)


def _reason(problem: ReadmarkError) -> str:
    """A problem in one word out of a few."""
    if isinstance(problem, CallRefused):
        word = problem.code.partition(" ")[0]
        return word if WORD.fullmatch(word) else "other"
    return next((REASONS[kind] for kind in type(problem).__mro__ if kind in REASONS), FAULT)


def read_request(environ: Environ) -> Request:
    """The request with its body; one that is too long, too late or broken off is not whole."""
    body, whole = b"", True
    if environ.get("CONTENT_LENGTH") or environ.get("HTTP_TRANSFER_ENCODING"):
        try:
            body = read_body(environ, MOST_BYTES)
        except BadBody:
            whole = False
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    path = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
    return Request(
        method=environ["REQUEST_METHOD"],
        url=f"{environ['wsgi.url_scheme']}://{host}{path}",
        path=environ["PATH_INFO"],
        query=environ.get("QUERY_STRING", ""),
        headers=Headers(environ),
        body=body,
        whole=whole,
    )
