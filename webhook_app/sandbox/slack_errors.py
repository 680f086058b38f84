"""Slack's refusals, and those on demand for whatever only Slack itself could know."""

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from math import ceil
from typing import Any

from webhook_app.sandbox.problems import Invalid

#: Seconds that a rate limit on demand lasts where none are given.
_RETRY_AFTER = 30.0


class SlackRefusal(Exception):
    """An answer with ``"ok": false``.

    The status is 200 but for the rate limit, as with Slack: platforms.md 5.2. ``retry_after`` is in seconds.
    """

    def __init__(
        self,
        error: str,
        *,
        messages: Iterable[str] = (),
        needed: tuple[Iterable[str], Iterable[str]] | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.messages = list(messages)
        #: Scopes of which one is needed, and those that the token has.
        self.needed = needed
        self.status = status or (429 if error == "ratelimited" else 200)
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        """The answer without its warnings."""
        body: dict[str, Any] = {"ok": False, "error": self.error}
        if self.needed is not None:
            body |= {"needed": ",".join(self.needed[0]), "provided": ",".join(self.needed[1])}
        if self.messages:
            body["response_metadata"] = {"messages": self.messages}
        return body

    def headers(self) -> dict[str, str]:
        """``Retry-After`` in whole seconds, where there is something to wait for."""
        return {} if self.retry_after is None else {"Retry-After": str(max(1, ceil(self.retry_after)))}


def retired(method: str) -> SlackRefusal:
    """What live Slack has answered to the methods before ``conversations.*`` since 2021-02-24.

    As in rosylilly/ruboty-slack_rtm#43.
    """
    successor = "conversations." + method.partition(".")[2]
    message = (
        f"[ERROR] This method is retired and can no longer be used. Please use {successor} instead. "
        "Learn more: https://api.slack.com/changelog/2020-01-deprecating-antecedents-to-the-conversations-api."
    )
    return SlackRefusal("method_deprecated", messages=[message])


@dataclass(frozen=True, slots=True)
class Switch:
    """An error on demand, for the calls that all the given conditions are true of."""

    error: str
    method: str | None = None
    team: str | None = None
    token: str | None = None
    channel: str | None = None
    #: How many calls it still concerns; None means all of them.
    count: int | None = None
    #: Slack's own, if None.
    status: int | None = None
    #: Seconds; only for a rate limit.
    retry_after: float | None = None
    #: The mark is made all the same: "some aspect of the operation succeeded", say both pages.
    applied: bool = False

    def concerns(self, call: Mapping[str, str]) -> bool:
        """Whether it is about this call."""
        return all(getattr(self, name) in (None, value) for name, value in call.items())

    def refusal(self, method: str) -> SlackRefusal:
        """What Slack answers."""
        if self.error == "method_deprecated":
            return retired(method)
        wait = (self.retry_after or _RETRY_AFTER) if self.error == "ratelimited" else None
        return SlackRefusal(self.error, status=self.status, retry_after=wait)

    def as_json(self) -> dict[str, Any]:
        """The switch as the control endpoints show it."""
        return asdict(self)


class Switches:
    """The errors in force; the newest that concerns a call befalls it."""

    def __init__(self) -> None:
        self._switches: list[Switch] = []
        self._lock = threading.Lock()

    def add(self, switch: Switch) -> None:
        """From now on Slack answers this."""
        with self._lock:
            self._switches.insert(0, switch)

    def clear(self) -> None:
        """All is well again."""
        with self._lock:
            self._switches.clear()

    def take(self, **call: str) -> Switch | None:
        """What befalls the call of this ``method``, ``team``, ``token`` and ``channel``; counts it."""
        with self._lock:
            for index, switch in enumerate(self._switches):
                if switch.concerns(call):
                    self._use(index, switch)
                    return switch
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """All switches, newest first."""
        with self._lock:
            return [switch.as_json() for switch in self._switches]

    def _use(self, index: int, switch: Switch) -> None:
        if switch.count == 1:
            del self._switches[index]
        elif switch.count is not None:
            self._switches[index] = replace(switch, count=switch.count - 1)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[a-z][a-z0-9_]*", value) is not None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


_RULES: Mapping[str, Callable[[object], bool]] = {
    "error": _is_word,
    "method": _is_text,
    "team": _is_text,
    "token": _is_text,
    "channel": _is_text,
    "count": lambda value: type(value) is int and value > 0,
    "status": lambda value: type(value) is int and 200 <= value <= 599,
    "retry_after": lambda value: type(value) in (int, float) and 0 < float(str(value)) <= 3600,
    "applied": lambda value: isinstance(value, bool),
}


def read_switch(asked: Mapping[str, Any]) -> Switch:
    """A switch as a control call describes it; names what it does not understand."""
    given = {name: value for name, value in asked.items() if value is not None}
    for name, value in {"error": None, **given}.items():
        understood = _RULES.get(name)
        if understood is None or not understood(value):
            raise Invalid("ErrorInvalid", f"{name} cannot be {value!r}")
    return Switch(**given)
