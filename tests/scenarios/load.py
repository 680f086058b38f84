"""Many clients at once, which deliver as X does: again and again until the answer is 200."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Self

from tests.host.hosting import until
from tests.scenarios.deliveries import Delivery
from tests.scenarios.wire import Answer, Wire

CLIENTS = 20
#: Seconds from a failure to the next attempt; X takes longer, but has more time.
PAUSE = 0.03
#: Seconds after which the service gives up waiting for a lock, a connection or an answer of its database.
GIVEN_UP = 2.0


class Load:
    """Delivers until there is nothing left, or until the `with` block ends."""

    def __init__(self, port: int, deliveries: Iterable[Delivery], *, kept: bool = True) -> None:
        self._port = port
        #: Whether connections are kept. If not, one that breaks is a delivery refused.
        self._kept = kept
        self._deliveries = iter(deliveries)
        self._taking = threading.Lock()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._deliver_all, daemon=True) for _ in range(CLIENTS)]
        #: Deliveries that have left at least once, and those answered with 200.
        self.sent: list[Delivery] = []
        self.acknowledged: list[Delivery] = []
        #: How often each status came; 0 stands for a connection that broke or was refused.
        self.statuses: Counter[int] = Counter()
        #: Answers that nobody should get here.
        self.strange: list[Answer] = []
        #: How many were refused after so long that the database had given up: by a machine that stood still.
        self.overdue = 0
        #: The longest time until an answer, in seconds.
        self.slowest = 0.0

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    @property
    def running(self) -> bool:
        """Whether something is left to deliver."""
        return any(thread.is_alive() for thread in self._threads)

    def acknowledge(self, many: int) -> None:
        """Return when so many more deliveries are acknowledged."""
        wanted = len(self.acknowledged) + many
        until(lambda: len(self.acknowledged) >= wanted)

    def refuse(self, many: int) -> None:
        """Return when so many more are answered with 503."""
        wanted = self.statuses[503] + many
        until(lambda: self.statuses[503] >= wanted)

    def wait(self, seconds: float) -> None:
        """Return after so many seconds, or as soon as everything is delivered."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))

    def _deliver_all(self) -> None:
        delivery = self._take()
        while delivery is not None and not self._stopped.is_set():
            try:
                with Wire(self._port) as wire:
                    delivery = self._deliver(wire, delivery)
                    while self._kept and delivery is not None and not self._stopped.is_set():
                        delivery = self._deliver(wire, delivery)
            except OSError:
                self.statuses[0] += 1
                self._stopped.wait(PAUSE)

    def _deliver(self, wire: Wire, delivery: Delivery) -> Delivery | None:
        """Try once; returns what is to be delivered next, which may be the same again."""
        began = time.monotonic()
        answer = wire.exchange(delivery.request)
        took = time.monotonic() - began
        self.slowest = max(self.slowest, took)
        if answer.status == 503 and took > GIVEN_UP:
            self.overdue += 1
        if self._settled(delivery, answer):
            return self._take()
        self._stopped.wait(PAUSE)
        return delivery

    def _take(self) -> Delivery | None:
        with self._taking:
            if self._stopped.is_set():
                return None
            delivery = next(self._deliveries, None)
            if delivery is not None:
                self.sent.append(delivery)
            return delivery

    def _settled(self, delivery: Delivery, answer: Answer) -> bool:
        self.statuses[answer.status] += 1
        many = len(delivery.marks)
        if answer.status == 200:
            counters = {"received": many, "accepted": many, "quarantined": 0, "ignored": 0}
            if json.loads(answer.body) != counters:
                self.strange.append(answer)
            self.acknowledged.append(delivery)
            return True
        if answer.status != 503 or b"\r\nRetry-After: " not in answer.head:
            self.strange.append(answer)
        return False
