"""Turns an event for a webhook into signed deliveries, faults included."""

import itertools
import threading

from webhook_app.sandbox.courier import Courier
from webhook_app.sandbox.deliveries import Delivery
from webhook_app.sandbox.faults import Fault, body_under, signature_under
from webhook_app.sandbox.memory import Remembered
from webhook_app.sandbox.positions import marks_in
from webhook_app.sandbox.state import State, Webhook
from webhook_app.sandbox.wire import encode, sign

#: The kind of the event that tells a webhook that a replay has ended.
REPLAY_STATUS = "replay_job_status"


class Sender:
    """Signs and hands over to the courier; holds back what a fault wants reordered."""

    def __init__(self, state: State, courier: Courier) -> None:
        self._state = state
        self._courier = courier
        self._numbers = itertools.count(1)
        self._held: list[Delivery] = []
        self._lock = threading.Lock()

    @property
    def held(self) -> int:
        """How many deliveries wait to be reordered; no count or record has them yet."""
        return len(self._held)

    def send(self, webhook: Webhook, kind: str, event: object, fault: Fault | None = None) -> list[str]:
        """Sends the event under the given fault, or the standing one; returns the ids of its deliveries.

        An invalid webhook gets nothing; what it would have got is remembered all the same.
        """
        remembered = self._remember(webhook, kind, event)
        if not webhook.valid:
            return []
        under = fault or self._state.take_fault()
        body, marks = remembered.body, remembered.marks
        if under.corrupt is not None:
            with self._state.lock:
                body = body_under(under, event, self._state.random, self._state.clock)
        ids = self._dispatch(
            Delivery("", webhook.id, kind, body, None, () if under.tampers else marks), under
        )
        if fault is None and under.reorder and not self._state.fault.reorder:
            # Whoever has cleared the fault just now may have let go of the others before this one came.
            self.release()
        return ids

    def again(self, webhook: Webhook, event: Remembered) -> Delivery:
        """The delivery by which a remembered event is replayed: the same bytes, signed as of today."""
        signature = sign(self._state.config.consumer_secret, event.body)
        return Delivery(str(next(self._numbers)), webhook.id, event.kind, event.body, signature, event.marks)

    def send_bytes(self, webhook: Webhook, body: bytes, fault: Fault | None = None) -> list[str]:
        """Sends bytes that need be no event, or no JSON at all, signed as the fault says."""
        return self._dispatch(
            Delivery("", webhook.id, "bytes", body, None), fault or self._state.take_fault()
        )

    def release(self) -> None:
        """Lets go of what waits for others to be reordered with."""
        with self._lock:
            held, self._held = self._held, []
        for delivery in reversed(held):
            self._courier.take(delivery)

    def _remember(self, webhook: Webhook, kind: str, event: object) -> Remembered:
        """Keeps the event as it is before any fault; but for the ends of replays, which are no events."""
        state = self._state
        with state.lock:
            remembered = Remembered(state.clock(), kind, encode(event), marks_in(event))
            if kind != REPLAY_STATUS:
                state.memory.add(webhook.id, remembered)
        return remembered

    def _dispatch(self, model: Delivery, fault: Fault) -> list[str]:
        signature = signature_under(fault, self._state.config.consumer_secret, model.body)
        copies = [
            Delivery(
                str(next(self._numbers)), model.webhook_id, model.kind, model.body, signature, model.marks
            )
            for _ in range(1 + fault.repeat)
        ]
        for delivery in copies:
            self._pass_on(delivery, fault)
        return [delivery.id for delivery in copies]

    def _pass_on(self, delivery: Delivery, fault: Fault) -> None:
        if not fault.reorder:
            return self._courier.take(delivery, fault.delay)
        with self._lock:
            self._held.append(delivery)
            full = len(self._held) >= fault.reorder
        return self.release() if full else None
