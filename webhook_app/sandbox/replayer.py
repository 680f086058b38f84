"""Sends once more what a webhook was to get, and tells the webhook when that is over."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from webhook_app.sandbox.courier import Courier
from webhook_app.sandbox.memory import Remembered
from webhook_app.sandbox.problems import Conflict
from webhook_app.sandbox.publisher import Publisher
from webhook_app.sandbox.sender import Sender
from webhook_app.sandbox.state import State, Webhook

RUNNING, COMPLETE, INCOMPLETE = "Running", "Complete", "Incomplete"


@dataclass(slots=True)
class Job:
    """One replay; times are seconds since 1970."""

    id: str
    webhook_id: str
    #: From here on, and before that.
    since: float
    until: float
    created_at: float
    state: str = RUNNING
    events: int = 0
    delivered: int = 0

    def as_json(self) -> dict[str, Any]:
        """The job as the control endpoints show it."""
        return asdict(self)


class Replayer:
    """All jobs there have been, each a thread of its own while it runs, at most one a webhook."""

    def __init__(self, state: State, sender: Sender, courier: Courier, publisher: Publisher) -> None:
        self._state = state
        self._sender = sender
        self._courier = courier
        self._publisher = publisher
        self._jobs: list[Job] = []
        self._threads: list[threading.Thread] = []

    def begin(self, webhook: Webhook, since: float, until: float) -> Job:
        """Starts to send the webhook's events of this time. Raises Conflict while a job of it runs."""
        with self._state.lock:
            self.refuse_second(webhook)
            now, job_id = self._state.clock(), str(self._state.snowflakes.next())
            events, all_known = self._state.memory.between(webhook.id, since, until)
            job = Job(job_id, webhook.id, since, until, now, events=len(events))
            self._jobs.append(job)
            work = (job, webhook, events, all_known)
            thread = threading.Thread(target=self._run, args=work, name=f"replay-{job_id}", daemon=True)
            self._threads.append(thread)
            thread.start()
        return job

    def refuse_second(self, webhook: Webhook) -> None:
        """Raises Conflict while a job of this webhook runs."""
        with self._state.lock:
            if any((job.webhook_id, job.state) == (webhook.id, RUNNING) for job in self._jobs):
                details = "A replay job is already in progress for the specified webhook."
                raise Conflict("ReplayConflictError", details)

    def stop(self) -> None:
        """Waits for the jobs to end, which they do soon once the courier has stopped."""
        for thread in self._threads:
            thread.join()

    def as_json(self) -> list[dict[str, Any]]:
        """All jobs, oldest first."""
        with self._state.lock:
            return [job.as_json() for job in self._jobs]

    def _run(self, job: Job, webhook: Webhook, events: list[Remembered], all_known: bool) -> None:
        with ThreadPoolExecutor(self._state.config.in_flight, f"replay-{job.id}") as couriers:
            for delivered in couriers.map(lambda event: self._deliver(webhook, event), events):
                job.delivered += delivered
        complete = all_known and job.delivered == job.events
        with self._state.lock:
            # Before the webhook hears of it: from then on it may ask for the next one.
            job.state = COMPLETE if complete else INCOMPLETE
        self._publisher.end_replay(webhook, job.id, complete=complete)

    def _deliver(self, webhook: Webhook, event: Remembered) -> bool:
        return self._courier.deliver_once(self._sender.again(webhook, event))
