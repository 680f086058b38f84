"""What is on its way to consumers, and the record of how it went."""

from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from webhook_app.sandbox.positions import Mark, Positions

#: Finished deliveries kept to look at; the counts and positions know all of them.
RECORDS = 20_000

WAITING = "waiting"
DELIVERED = "delivered"
#: Every attempt failed.
LOST = "lost"
#: The webhook was deleted or became invalid before the delivery was acknowledged.
DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One POST, and the consumer's status or why there is none."""

    at_ms: int
    seconds: float
    status: int | None
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The attempt as the control endpoints show it."""
        return {"at": self.at_ms, "seconds": self.seconds, "status": self.status, "error": self.error}


@dataclass(slots=True)
class Delivery:
    """One signed body for one webhook."""

    id: str
    webhook_id: str
    kind: str
    body: bytes
    #: The value of the signature's header; None sends none.
    signature: str | None
    #: What the consumer owes us once it has answered 200; nothing where a fault has spoilt the delivery.
    marks: tuple[Mark, ...] = ()
    state: str = WAITING
    attempts: list[Attempt] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The delivery as the control endpoints show it."""
        return {
            "id": self.id,
            "webhook_id": self.webhook_id,
            "kind": self.kind,
            "state": self.state,
            "attempts": [attempt.as_json() for attempt in self.attempts],
            "body": self.body.decode("utf-8", "replace"),
        }


class Ledger:
    """Counts and positions of all deliveries, records of the latest ones; the state's lock guards it."""

    def __init__(self) -> None:
        self.positions = Positions()
        self.attempts = 0
        self._counts: Counter[str] = Counter()
        self._records: deque[Delivery] = deque(maxlen=RECORDS)

    def add(self, delivery: Delivery) -> None:
        """The delivery will be tried from now on."""
        self._records.append(delivery)
        self._counts[WAITING] += 1

    def depart(self, delivery: Delivery) -> None:
        """The delivery's bytes may have reached the consumer from here on, whatever becomes of the answer."""
        self.positions.send(delivery.marks)

    def attempt(self, delivery: Delivery, attempt: Attempt) -> None:
        """The delivery was tried."""
        self.attempts += 1
        delivery.attempts.append(attempt)

    def settle(self, delivery: Delivery, state: str) -> None:
        """The delivery will not be tried again."""
        self._counts[delivery.state] -= 1
        self._counts[state] += 1
        delivery.state = state
        if state == DELIVERED:
            self.positions.acknowledge(delivery.marks)

    def counts(self) -> dict[str, int]:
        """How many deliveries are in which state."""
        return {state: self._counts[state] for state in (WAITING, DELIVERED, LOST, DROPPED)}

    def latest(self, limit: int, state: str | None = None) -> list[Delivery]:
        """The newest records first."""
        wanted = (delivery for delivery in reversed(self._records) if state in (None, delivery.state))
        return list(islice(wanted, limit))
