"""Tells every subscriber what has happened, in the shape of the product it has subscribed to."""

from webhook_app.sandbox import envelopes
from webhook_app.sandbox.faults import Fault
from webhook_app.sandbox.happenings import Happening
from webhook_app.sandbox.sender import REPLAY_STATUS, Sender
from webhook_app.sandbox.state import State, Webhook
from webhook_app.sandbox.wire import Event

#: In which direction an activity goes, seen from the user its filter names; the others have none.
_DIRECTIONS = {"dm.sent": "outbound", "dm.received": "inbound"}


class Publisher:
    """Knows who hears of what; whether a webhook is valid is the sender's affair."""

    def __init__(self, state: State, sender: Sender) -> None:
        self._state = state
        self._sender = sender

    def publish(self, happening: Happening, fault: Fault | None = None) -> list[str]:
        """Sends a happening to all who have subscribed to it; returns the ids of the deliveries."""
        with self._state.lock:
            told = [*self._by_account_activity(happening), *self._by_activity(happening)]
        return self._send(told, fault)

    def revoke(self, user_id: str, fault: Fault | None = None) -> list[str]:
        """The user takes the app's authorisation away: tokens die, subscriptions go, webhooks hear of it."""
        state = self._state
        with state.lock:
            told = self._revocations(user_id)
            state.revoked.add(user_id)
            for key in [key for key in state.subscriptions if key[1] == user_id]:
                del state.subscriptions[key]
            for id_, activity in list(state.activities.items()):
                if activity.filter.get("user_id") == user_id:
                    del state.activities[id_]
        return self._send(told, fault)

    def end_replay(
        self, webhook: Webhook, job_id: str, *, complete: bool, fault: Fault | None = None
    ) -> list[str]:
        """A replay job of this webhook has ended."""
        event = envelopes.replay_job_status(webhook.id, job_id, complete=complete)
        return self._send([(webhook, REPLAY_STATUS, event)], fault)

    def _send(self, told: list[tuple[Webhook, str, Event]], fault: Fault | None) -> list[str]:
        ids = []
        for webhook, kind, event in told:
            ids += self._sender.send(webhook, kind, event, fault)
        return ids

    def _by_account_activity(self, happening: Happening) -> list[tuple[Webhook, str, Event]]:
        audience, webhooks = happening.audience(), self._state.webhooks
        return [
            (webhooks[webhook_id], happening.array, envelopes.account_activity(happening, user_id))
            for webhook_id, user_id in self._state.subscriptions
            if user_id in audience
        ]

    def _by_activity(self, happening: Happening) -> list[tuple[Webhook, str, Event]]:
        told, random = [], self._state.random
        for subscription in self._state.activities.values():
            user_id, type_ = subscription.filter.get("user_id", ""), subscription.event_type
            direction = subscription.filter.get("direction")
            if subscription.webhook_id is None or (type_, user_id) not in happening.activities():
                continue
            if direction not in (None, _DIRECTIONS.get(type_, direction)):
                continue
            webhook = self._state.webhooks[subscription.webhook_id]
            event = envelopes.activity(happening, type_, user_id, subscription.tag, random)
            told.append((webhook, type_, event))
        return told

    def _revocations(self, user_id: str) -> list[tuple[Webhook, str, Event]]:
        """One event a webhook and product in which the user was subscribed."""
        state, now = self._state, self._state.clock()
        classic = {id_ for id_, subscribed in state.subscriptions if subscribed == user_id}
        modern = {
            activity.webhook_id
            for activity in state.activities.values()
            if activity.webhook_id and activity.filter.get("user_id") == user_id
        }
        app_id, random = state.config.app_id, state.random
        return [
            (state.webhooks[id_], "user_event", envelopes.user_event_revoke(user_id, app_id, now))
            for id_ in sorted(classic)
        ] + [
            (state.webhooks[id_], "oauth.revoke", envelopes.oauth_revoke(user_id, app_id, now, random))
            for id_ in sorted(modern)
        ]
