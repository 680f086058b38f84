"""The challenge that X repeats by itself, and the end of webhooks that do not pass it.

https://docs.x.com/x-api/webhooks/introduction: "every 30 minutes, but only if the webhook has not been
successfully validated in the past 24 hours". (Other pages say hourly, or about once a day.)
"""

import threading

from webhook_app.sandbox.problems import Invalid
from webhook_app.sandbox.state import State, Webhook
from webhook_app.sandbox.webhooks import pass_challenge

#: Seconds since the last success after which a webhook is challenged, and between two challenges then.
GOOD_FOR, AGAIN_AFTER = 24 * 3600, 30 * 60
#: Seconds between two looks at the sandbox's clock, which may have been moved.
_TICK = 1.0


class Inspector:
    """Challenges what is due. ``step`` does so now, so that tests need neither the thread nor its tick."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._working = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._inspect, name="inspector", daemon=True)

    def start(self) -> None:
        """Begins to look at the clock."""
        self._thread.start()

    def stop(self) -> None:
        """Challenges nobody any more; the challenge on its way is finished."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def step(self, *, all_at_once: bool = False) -> dict[str, str | None]:
        """Challenges the valid webhooks that are due, or all valid ones; why they failed, by their ids."""
        with self._working:
            with self._state.lock:
                webhooks = [webhook for webhook in self._state.webhooks.values() if webhook.valid]
                due = [webhook for webhook in webhooks if all_at_once or self._is_due(webhook)]
            return {webhook.id: self._challenge(webhook) for webhook in due}

    def _is_due(self, webhook: Webhook) -> bool:
        now = self._state.clock()
        return now - webhook.passed_at >= GOOD_FOR and now - webhook.tried_at >= AGAIN_AFTER

    def _challenge(self, webhook: Webhook) -> str | None:
        webhook.tried_at = self._state.clock()
        try:
            pass_challenge(self._state, webhook)
        except Invalid as failed:
            return str(failed)
        return None

    def _inspect(self) -> None:
        while not self._stopped.wait(_TICK):
            self.step()
