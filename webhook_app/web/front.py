"""What a request needs at once, and what is loaded when one first needs it.

SQLAlchemy and the API's libraries take a second to import, and X gives a sleeping dyno three to wake up and
answer a CRC. So this module, the webhooks and the platforms load neither; `services` and the desk (API,
pages, metrics) come with the first request that wants them, or a moment after the start.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from threading import Event, RLock, Thread
from typing import Any, Protocol, cast
from uuid import uuid4

from flask import current_app

from webhook_app.domain.counts import Counts
from webhook_app.domain.inbound import Inbound
from webhook_app.errors import DatabaseUnavailable
from webhook_app.platforms import Platforms
from webhook_app.settings import Settings

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
WSGI = Callable[[Environ, StartResponse], Iterable[bytes]]
#: Where our own API is.
API = "/api/v1"
#: The headers that a WSGI environment names without HTTP_.
OF_THE_BODY = ("CONTENT_TYPE", "CONTENT_LENGTH")
#: How long after its start a process loads what it has not yet needed.
WARM_UP = 1.0  # seconds


class Headers(Mapping[str, str]):
    """A request's headers, out of its WSGI environment, by name in any case."""

    def __init__(self, environ: Environ) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        key = name.upper().replace("-", "_")
        value: str = self._environ[key if key in OF_THE_BODY else "HTTP_" + key]
        return value

    def __iter__(self) -> Iterator[str]:
        names = [key[5:] for key in self._environ if key.startswith("HTTP_")]
        names += [key for key in OF_THE_BODY if key in self._environ]
        return (name.replace("_", "-").title() for name in names)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Shutdown(Protocol):
    """How a serving process learns of its end."""

    def is_set(self) -> bool:
        """Whether the process is ending."""

    def wait(self, seconds: float) -> bool:
        """Wait; True if the process is ending."""

    def call(self, callback: Callable[[], object]) -> None:
        """Call this when the end begins; the process waits for it."""


class Receiving(Protocol):
    """The part of `services.Services` that the webhooks need."""

    def receive(self, platform: str, headers: Mapping[str, str], body: bytes) -> Inbound:
        """Verify, translate and store a delivery."""


@dataclass
class Front:
    """The parts of the application, each made at its first use, which is after the fork."""

    settings: Settings
    platforms: Platforms
    clock: Callable[[], int]
    counts: Counts = field(default_factory=Counts)
    #: Called at the end, while the services are still there.
    closing: list[Callable[[], object]] = field(default_factory=list)
    _services: Receiving | None = None
    _desk: WSGI | None = None
    _loading: Any = field(default_factory=RLock)

    def services(self) -> Receiving:
        """The services. Raises DatabaseUnavailable if SQLite's key file cannot be made."""
        if self._services is None:
            with self._loading:
                if self._services is None:
                    make = import_module("webhook_app.services").Services
                    self._services = make(
                        self.settings, clock=self.clock, platforms=self.platforms, counts=self.counts
                    )
        return cast(Receiving, self._services)

    def desk(self) -> WSGI:
        """The application behind the webhooks."""
        if self._desk is None:
            with self._loading:
                if self._desk is None:
                    self._desk = import_module("webhook_app.web.desk").create_desk(self)
        return cast(WSGI, self._desk)

    def start(self, shutdown: Shutdown) -> None:
        """Begin what a serving process does besides: called in each gunicorn worker, after the fork."""
        Thread(target=self._keep_house, args=(shutdown,), daemon=True).start()
        Thread(target=self._keep_watch, args=(shutdown,), daemon=True).start()
        if self.settings.dispatch:
            Thread(target=self._dispatch, args=(shutdown,), daemon=True).start()

    def _keep_house(self, shutdown: Shutdown) -> None:
        # The CRC that may have woken this process goes first.
        shutdown.wait(WARM_UP)
        import_module("webhook_app.housekeeping").keep_house(self.services, shutdown.wait)

    def _keep_watch(self, shutdown: Shutdown) -> None:
        shutdown.wait(WARM_UP)
        import_module("webhook_app.watchdog").keep_watch(self.services, shutdown.wait, serving=True)

    def _dispatch(self, shutdown: Shutdown) -> None:
        """Pass marks on until the process ends, which then waits for the last calls."""
        dispatcher = None
        while dispatcher is None and not shutdown.wait(WARM_UP):
            with suppress(DatabaseUnavailable):  # SQLite's key file cannot be made just now
                dispatcher = import_module("webhook_app.dispatcher").Dispatcher(self.services())
        if dispatcher is None:
            return
        ended = Event()

        def finish() -> None:
            dispatcher.wake()
            ended.wait()

        shutdown.call(finish)
        try:
            dispatcher.run(shutdown.is_set)
        finally:
            ended.set()

    def close(self) -> None:
        """Flush and close what was made."""
        for end in self.closing:
            end()
        if self._services is not None:
            cast(Any, self._services).close()


def request_id(environ: Environ) -> str:
    """The id that the host's router gave the request, or one of our own."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    return given if REQUEST_ID.fullmatch(given) else uuid4().hex


def front() -> Front:
    """The front of the application that serves this request."""
    return cast(Front, current_app.extensions["webhook_app"])
