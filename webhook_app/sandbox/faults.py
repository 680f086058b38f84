"""Things that go wrong between X and a consumer, on demand."""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from webhook_app.sandbox.moments import Clock, milliseconds, snowflake
from webhook_app.sandbox.problems import Invalid
from webhook_app.sandbox.wire import Event, encode, sign

#: The values a consumer's rules are about.
_LEAVES = frozenset({"id", "created_timestamp", "sender_id", "recipient_id", "last_read_event_id"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to a delivery; the default is nothing."""

    #: Copies sent besides the one.
    repeat: int = 0
    #: Deliveries held back until there are so many, which then leave in reverse.
    reorder: int = 0
    #: Seconds to wait before the first attempt.
    delay: float = 0.0
    #: ``json``: cut short, so that it does not parse; ``event``: one value is missing or absurd.
    corrupt: str | None = None
    #: ``wrong``: by another secret; ``missing``: no header; ``malformed``: a header that is no signature.
    sign: str | None = None
    #: How many deliveries it still concerns; None means all of them.
    count: int | None = None

    @property
    def tampers(self) -> bool:
        """Whether the consumer owes nothing for such a delivery."""
        return self.corrupt is not None or self.sign is not None

    def used(self) -> "Fault | None":
        """What is left of the fault after one more delivery."""
        if self.count is None:
            return self
        return replace(self, count=self.count - 1) if self.count > 1 else None


NO_FAULT = Fault()


def _is_number_of_deliveries(value: object) -> bool:
    return type(value) is int and 0 < value <= 100_000


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 3600


_RULES: Mapping[str, Callable[[object], bool]] = {
    "repeat": _is_number_of_deliveries,
    "reorder": _is_number_of_deliveries,
    "count": _is_number_of_deliveries,
    "delay": _is_seconds,
    "corrupt": ("json", "event").__contains__,
    "sign": ("wrong", "missing", "malformed").__contains__,
}


def read_fault(asked: Mapping[str, Any]) -> Fault:
    """A fault as a control call describes it; names what it does not understand."""
    given = {name: value for name, value in asked.items() if value is not None}
    for name, value in given.items():
        understood = _RULES.get(name)
        if understood is None or not understood(value):
            raise Invalid("FaultInvalid", f"{name} cannot be {value!r}")
    return Fault(**given)


def body_under(fault: Fault, event: object, random: Random, clock: Clock) -> bytes:
    """The bytes to send for the event."""
    if fault.corrupt == "event":
        return encode(damaged(event, random, clock))
    body = encode(event)
    # A body cut short is still signed: it is what a consumer that trusts a signature stumbles over.
    return body[: len(body) * 2 // 3] if fault.corrupt == "json" else body


def signature_under(fault: Fault, secret: str, body: bytes) -> str | None:
    """The signature to send with the bytes."""
    if fault.sign == "missing":
        return None
    if fault.sign == "malformed":
        return "sha256=this is no signature"
    return sign("not " + secret if fault.sign == "wrong" else secret, body)


def damaged(event: object, random: Random, clock: Clock) -> object:
    """A copy of the event with one value missing, of another type, or absurd."""
    wounded = copy.deepcopy(event)
    places = list(_places(wounded))
    if not places:
        return {}
    holder, key = random.choice(places)
    future = str(snowflake(milliseconds(clock) + 86_400_000 * 365))
    wound: object = random.choice((None, 12, "-5", "9" * 30, "", "0x1f", [], {}, future, "missing"))
    if wound == "missing":
        del holder[key]
    else:
        holder[key] = wound
    return wounded


def _places(value: Any) -> Iterator[tuple[Event, str]]:
    """Every leaf inside the arrays of events, as the object that holds it and its key."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _LEAVES and isinstance(inner, str):
                yield value, key
            elif key != "users":
                yield from _places(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _places(inner)
