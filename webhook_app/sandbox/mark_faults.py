"""Things that go wrong when a bot marks messages as read, on demand, for every platform pretended here.

A view calls ``suffer`` with its platform and whom it takes the caller for, and answers by what it is given:
``page`` where the front door fails, ``code`` where the platform refuses in its own words. What happens to the
connection and to the clock follows by itself, after the view.
"""

import functools
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g

from webhook_app.sandbox.moments import Clock
from webhook_app.sandbox.problems import Invalid

PLATFORMS = ("twitter", "slack")
#: Where the platforms' front doors answer for themselves, they do so in HTML.
_PAGE = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"


@dataclass(frozen=True, slots=True)
class MarkFault:
    """What is done to calls; the default is nothing."""

    #: None means every platform.
    platform: str | None = None
    #: Seconds on the way there: the call has not arrived, and is not counted, before they are over.
    latency: float = 0.0
    #: Seconds on the way back: by then the call has been counted, and the mark is made.
    hang: float = 0.0
    #: The answer gets lost: the connection is reset. The mark is made, unless ``status`` or ``code`` forbid.
    reset: bool = False
    #: The front door answers this, and no mark is made; beside a ``code``, the status it comes with.
    status: int | None = None
    #: The front door's answer is a page; otherwise it is empty.
    html: bool = False
    #: The platform refuses in its own words: a number at X, a word at Slack.
    code: int | str | None = None
    #: A rate-limited answer says nothing about the window.
    without_headers: bool = False
    #: Answers that are not about the rate limit tell the window, too.
    rate_headers: bool = False
    #: Seconds by which the platform's clock is fast.
    clock_skew: float = 0.0
    #: Only this user's calls, and only those about this peer; None means everybody's, and about anybody.
    user: str | None = None
    peer: str | None = None
    #: How many calls it still concerns; None means all of them.
    count: int | None = None

    @property
    def refuses(self) -> bool:
        """Whether no mark is made."""
        return self.status is not None or self.code is not None

    def concerns(self, platform: str, user: str, peer: str) -> bool:
        """Whether it is about this user's calls on this platform, about this peer."""
        return self.platform in (None, platform) and self.user in (None, user) and self.peer in (None, peer)

    def used(self) -> "MarkFault | None":
        """What is left of the fault after one more call."""
        if self.count is None:
            return self
        return replace(self, count=self.count - 1) if self.count > 1 else None

    def over(self, other: "MarkFault") -> "MarkFault":
        """Both at a time; where they contradict each other, this one."""
        said = {name: value for name, value in asdict(self).items() if value != _DEFAULTS[name]}
        return replace(other, **said)

    def page(self) -> Response | None:
        """The front door's answer, if it does not let the call in."""
        if self.status is None or self.code is not None:
            return None
        body = _PAGE.format(f"{self.status} Sorry, something is technically wrong") if self.html else ""
        return Response(body, self.status, content_type="text/html; charset=utf-8")


NO_FAULT = MarkFault()
_DEFAULTS = asdict(NO_FAULT)


class MarkFaults:
    """The faults in force, oldest first; where several concern one call, the newest has the last word."""

    def __init__(self) -> None:
        self._faults: list[MarkFault] = []
        self._lock = threading.Lock()
        self._leaving = threading.Event()

    def add(self, fault: MarkFault) -> None:
        """From now on this goes wrong, too."""
        with self._lock:
            self._faults.append(fault)

    def clear(self, platform: str | None = None) -> None:
        """All is well again, on this platform or on all."""
        with self._lock:
            self._faults = [fault for fault in self._faults if platform and fault.platform != platform]

    def take(self, platform: str, user: str, peer: str = "") -> MarkFault | None:
        """What goes wrong with the call at hand; counts it."""
        with self._lock:
            taken = [fault for fault in self._faults if fault.concerns(platform, user, peer)]
            left = (fault.used() if fault in taken else fault for fault in self._faults)
            self._faults = [fault for fault in left if fault is not None]
        return functools.reduce(lambda older, newer: newer.over(older), taken) if taken else None

    def wait(self, seconds: float) -> None:
        """Lets time pass, unless the sandbox is about to end."""
        if seconds > 0:
            self._leaving.wait(seconds)

    def stop(self) -> None:
        """Nobody waits any longer."""
        self._leaving.set()


def suffer(faults: MarkFaults, platform: str, user: str, peer: str = "") -> MarkFault:
    """Takes what goes wrong with the request at hand, and returns when the call has arrived.

    The rest befalls the answer, whichever it is, when the view has made it.
    """
    fault = g.mark_fault = faults.take(platform, user, peer) or NO_FAULT
    faults.wait(fault.latency)
    return fault


def apply(faults: MarkFaults, fault: MarkFault, answer: Response) -> Response:
    """Lets happen to an answer what happens on its way back."""
    faults.wait(fault.hang)
    return Response(map(_lose, (b"",))) if fault.reset else answer


def init_app(app: Flask, faults: MarkFaults, clock: Clock) -> None:
    """Makes every answer suffer what its request has taken, and dates it by the sandbox's clock."""

    @app.after_request
    def befall(answer: Response) -> Response:
        fault: MarkFault = g.get("mark_fault", NO_FAULT)
        answer = apply(faults, fault, answer)
        answer.date = datetime.fromtimestamp(clock() + fault.clock_skew, UTC)
        return answer


def _lose(_: bytes) -> bytes:
    """What the server takes for the order to reset the connection instead of answering."""
    raise ConnectionResetError("by a fault")


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 3600


def _is_skew(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 10**8


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


_RULES: Mapping[str, Callable[[object], bool]] = {
    "platform": PLATFORMS.__contains__,
    "latency": _is_seconds,
    "hang": _is_seconds,
    "reset": _is_flag,
    "status": lambda value: type(value) is int and 200 <= value <= 599,
    "html": _is_flag,
    "code": lambda value: type(value) is int or _is_text(value),
    "without_headers": _is_flag,
    "rate_headers": _is_flag,
    "clock_skew": _is_skew,
    "user": _is_text,
    "peer": _is_text,
    "count": lambda value: type(value) is int and value > 0,
}


def read_mark_fault(asked: Mapping[str, Any]) -> MarkFault:
    """A fault as a control call describes it; names what it does not understand."""
    given = {name: value for name, value in asked.items() if value is not None}
    for name, value in given.items():
        understood = _RULES.get(name)
        if understood is None or not understood(value):
            raise Invalid("MarkFaultInvalid", f"{name} cannot be {value!r}")
    return MarkFault(**given)
