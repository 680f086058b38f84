"""Webhooks, subscriptions and replays of X, as `Management` wants them."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from xdk import schemas

from webhook_app.domain.webhook import Replayable, Subscription, Webhook
from webhook_app.errors import ManagementError
from webhook_app.platforms.twitter_refusals import REASONS, unexpected
from webhook_app.platforms.twitter_sdk import TIMEOUT, Sdk
from webhook_app.platforms.twitter_subscriptions import ACCOUNT_ACTIVITY, ACTIVITIES, Subscriptions

#: 2027-01-01T00:00:00Z.
ENDS = {ACCOUNT_ACTIVITY: 1_798_761_600_000}
MINUTE = 60_000  # milliseconds
#: docs.x.com, x-api/account-activity/quickstart.
REPLAYABLE = Replayable(24 * 60 * MINUTE, 31 * MINUTE, 10 * MINUTE, 120 * MINUTE, MINUTE)
ID = re.compile(r"[0-9]{1,19}", re.ASCII)


class TwitterManagement:
    """See `Management`. The app asks by its bearer token; to subscribe an account, that asks itself."""

    kinds: tuple[str, ...] = (ACCOUNT_ACTIVITY, *ACTIVITIES)
    ends: Mapping[str, int] = ENDS
    replayable = REPLAYABLE

    def __init__(
        self,
        base_url: str,
        bearer: str,
        app: tuple[str, str] | None,
        timeout: tuple[float, float] = TIMEOUT,
    ) -> None:
        self._sdk = Sdk(base_url, bearer, app, timeout)
        self._subscriptions = Subscriptions(self._sdk)

    def webhooks(self) -> list[Webhook]:
        """All webhooks of the app."""
        with self._sdk.by_app("the list of webhooks") as client:
            found = client.webhooks.get(webhook_config_fields=["created_at", "id", "url", "valid"])
            if found.data is None and not (found.meta and found.meta.result_count == 0):
                raise unexpected()
            return [_webhook(each) for each in found.data or []]

    def register(self, url: str) -> Webhook:
        """Register an address; X sends it a CRC first."""
        with self._sdk.by_app(url) as client:
            return _webhook(client.webhooks.create(schemas.CreateWebhooksRequest(url=url)).data)

    def validate(self, webhook: str) -> None:
        """Have X send a CRC to the webhook."""
        with self._sdk.by_app(_id(webhook)) as client:
            if not client.webhooks.validate(webhook).data.valid:
                raise ManagementError("", f"X still holds the webhook {webhook} for invalid.", temporary=True)

    def delete(self, webhook: str) -> None:
        """Delete the webhook; Account Activity's subscriptions go with it."""
        with self._sdk.by_app(_id(webhook)) as client:
            client.webhooks.delete(webhook)

    def subscriptions(self, webhook: str) -> list[Subscription]:
        """What is delivered to the webhook, by both products."""
        return self._subscriptions.of(_id(webhook))

    def subscribe(
        self, webhook: str, account: str, credentials: Mapping[str, str], kinds: Sequence[str]
    ) -> list[Subscription]:
        """Subscribe an account by its OAuth 1.0a. Raises NotConfigured without the app's key and secret."""
        return self._subscriptions.add(_id(webhook), account, credentials, kinds)

    def unsubscribe(self, webhook: str, account: str, kinds: Sequence[str]) -> list[Subscription]:
        """End subscriptions; the app may do that without the account."""
        return self._subscriptions.end(_id(webhook), account, kinds)

    def replay(self, webhook: str, since: int, until: int) -> str:
        """Begin a job; X sends a CRC first, and takes one job a webhook at a time."""
        asked = schemas.CreateWebhookReplayJobRequest(
            webhook_id=_id(webhook), from_date=_minute(since), to_date=_minute(until)
        )
        with self._sdk.by_app(webhook) as client:
            return str(client.webhooks.create_webhook_replay_job(asked).data.job_id)


def _id(webhook: str) -> str:
    """A webhook's id, which becomes part of an address. Raises ManagementError."""
    if not ID.fullmatch(webhook):
        text = REASONS["WebhookIdInvalid"].text.format(about=repr(webhook[:40]))
        raise ManagementError("WebhookIdInvalid", text)
    return webhook


def _webhook(found: Any) -> Webhook:
    return Webhook(str(found.id), str(found.url), bool(found.valid), _moment(found.created_at))


def _moment(text: str | None) -> int:
    """Milliseconds since 1970; 0 if X does not say, or what nobody can write."""
    try:
        return round(datetime.fromisoformat(text or "").astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0


def _minute(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y%m%d%H%M")
