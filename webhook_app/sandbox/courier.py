"""Carries deliveries to consumers: a few at a time, again after a while where they were not acknowledged."""

import heapq
import itertools
import threading
import time

import urllib3

from webhook_app.sandbox.deliveries import DELIVERED, DROPPED, LOST, Attempt, Delivery
from webhook_app.sandbox.moments import milliseconds
from webhook_app.sandbox.state import State, Webhook
from webhook_app.sandbox.wire import SIGNATURE_HEADER


class Courier:
    """A pool of threads over one schedule; the number of threads bounds what is on its way at a time."""

    def __init__(self, state: State) -> None:
        config = state.config
        self._state = state
        self._http = urllib3.PoolManager(
            maxsize=2 * config.in_flight,
            retries=False,
            timeout=urllib3.Timeout(total=config.delivery_timeout),
        )
        self._schedule: list[tuple[float, int, Delivery]] = []
        # Deliveries due at the same time leave in the order in which they came.
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._carry, name=f"courier-{number}", daemon=True)
            for number in range(config.in_flight)
        ]

    def start(self) -> None:
        """Begins to carry."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Carries nothing more; what is on its way is finished, what waits is left."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._http.clear()

    def take(self, delivery: Delivery, delay: float = 0.0) -> None:
        """Accepts a delivery, to be tried first after so many seconds."""
        with self._state.lock:
            self._state.ledger.add(delivery)
        self._put(delivery, delay)

    def deliver_once(self, delivery: Delivery) -> bool:
        """Tries now and never again, as in a replay; whether it was acknowledged."""
        with self._state.lock:
            ledger = self._state.ledger
            ledger.add(delivery)
            webhook = self._depart(delivery)
            if webhook is None:
                return False
        attempt = self._post(webhook.url, delivery)
        with self._state.lock:
            ledger.attempt(delivery, attempt)
            ledger.settle(delivery, DELIVERED if attempt.status == 200 else LOST)
        return attempt.status == 200

    def _put(self, delivery: Delivery, delay: float) -> None:
        with self._changed:
            heapq.heappush(self._schedule, (time.monotonic() + delay, next(self._numbers), delivery))
            self._changed.notify()

    def _carry(self) -> None:
        while (delivery := self._next()) is not None:
            self._deliver(delivery)

    def _next(self) -> Delivery | None:
        """The next delivery as soon as it is due; None once the courier is stopped."""
        with self._changed:
            while not self._stopped:
                wait = self._schedule[0][0] - time.monotonic() if self._schedule else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._schedule)[2]
                self._changed.wait(wait)
        return None

    def _deliver(self, delivery: Delivery) -> None:
        """Tries once, and decides what follows from the answer."""
        with self._state.lock:
            webhook = self._depart(delivery)
            if webhook is None:
                return None
        attempt = self._post(webhook.url, delivery)
        with self._state.lock:
            ledger, delays = self._state.ledger, self._state.config.retry_delays
            ledger.attempt(delivery, attempt)
            # Exactly 200: X takes every other answer, 201 and 204 included, for a failure.
            if attempt.status == 200:
                return ledger.settle(delivery, DELIVERED)
            if len(delivery.attempts) > len(delays):
                return ledger.settle(delivery, LOST)
        return self._put(delivery, delays[len(delivery.attempts) - 1])

    def _depart(self, delivery: Delivery) -> Webhook | None:
        """The webhook to call; None where there is nobody to call any more, which settles the delivery."""
        webhook = self._state.webhooks.get(delivery.webhook_id)
        if webhook is None or not webhook.valid or self._stopped:
            self._state.ledger.settle(delivery, DROPPED)
            return None
        self._state.ledger.depart(delivery)
        return webhook

    def _post(self, url: str, delivery: Delivery) -> Attempt:
        headers = {"Content-Type": "application/json", "User-Agent": "sandbox"}
        if delivery.signature is not None:
            headers[SIGNATURE_HEADER] = delivery.signature
        at_ms, begun = milliseconds(self._state.clock), time.monotonic()
        status, error = None, None
        try:
            status = self._http.request(
                "POST", url, body=delivery.body, headers=headers, redirect=False
            ).status
        except urllib3.exceptions.HTTPError as exc:
            error = f"{type(exc).__name__}: {exc}"
        return Attempt(at_ms, round(time.monotonic() - begun, 6), status, error)
