"""Which accounts' events X delivers to a webhook, by both of its products.

X Activity has one subscription a kind of event; Account Activity has one of everything, and ends on
2027-01-01 (docs.x.com, x-api/account-activity/introduction). Having both counts nothing twice: a position is
the greatest mark.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from xdk import schemas
from xdk.account_activity.models import CreateSubscriptionRequest

from webhook_app.domain.webhook import Subscription
from webhook_app.errors import ManagementError
from webhook_app.platforms.twitter_refusals import GONE, unexpected
from webhook_app.platforms.twitter_sdk import Sdk

#: Everything that Account Activity delivers of an account.
ACCOUNT_ACTIVITY = "account_activity"
#: X Activity's; `oauth.revoke` is not among what can be subscribed to, and comes without.
ACTIVITIES = ("dm.read", "dm.received", "dm.sent")
#: Subscriptions a page, and pages: more than X sells.
PAGE, MOST_PAGES = 1000, 200


class Subscriptions:
    """The verbs; see `Management`. Everything raises ManagementError."""

    def __init__(self, sdk: Sdk) -> None:
        self._sdk = sdk

    def of(self, webhook: str) -> list[Subscription]:
        """What is delivered to the webhook."""
        return self._classic(webhook) + [each for each in self._activities() if each.webhook == webhook]

    def _classic(self, webhook: str) -> list[Subscription]:
        """Account Activity's; none, once X has taken it away."""
        found: list[Subscription] = []
        with _unless(GONE), self._sdk.by_app(webhook) as client:
            listed = client.account_activity.get_subscriptions(webhook).data.subscriptions or []
            found += [Subscription("", str(each.user_id), ACCOUNT_ACTIVITY, webhook) for each in listed]
        return found

    def _activities(self) -> list[Subscription]:
        """All of X Activity's that are about a user, also those whose webhook has been deleted."""
        found = []
        with self._sdk.by_app("the list of subscriptions") as client:
            for number, page in enumerate(client.activity.get_subscriptions(max_results=PAGE)):
                if number >= MOST_PAGES:
                    raise unexpected()
                found += [_activity(each) for each in page.data or [] if each.filter and each.filter.user_id]
        return found

    def add(
        self, webhook: str, account: str, credentials: Mapping[str, str], kinds: Sequence[str]
    ) -> list[Subscription]:
        """Subscribe to what is not subscribed to yet; returns that."""
        found: list[Subscription] = []
        if ACCOUNT_ACTIVITY in kinds:
            with _unless("DuplicateSubscriptionFailed"), self._sdk.by_account(credentials, webhook) as client:
                # The SDK wants an object around the empty body.
                client.account_activity.create_subscription(webhook, CreateSubscriptionRequest({}))
                found.append(Subscription("", account, ACCOUNT_ACTIVITY, webhook))
        activities = [kind for kind in kinds if kind != ACCOUNT_ACTIVITY]
        there = [each for each in self._activities() if each.account == account] if activities else []
        for kind in activities:
            same = {each.webhook: each for each in there if each.kind == kind}
            if webhook not in same:
                found += self._add(Subscription("", account, kind, webhook), same.get(""), credentials)
        return found

    def _add(
        self, wanted: Subscription, orphan: Subscription | None, credentials: Mapping[str, str]
    ) -> list[Subscription]:
        """Subscribe to a kind of X Activity; a subscription whose webhook was deleted is given the new one.

        X's page wants OAuth 2.0 for it; that OAuth 1.0a does is what vercel/chat's adapter-x has found.
        """
        found: list[Subscription] = []
        if orphan is not None:
            with self._sdk.by_app(wanted.webhook) as client:
                moved = schemas.UpdateActivitySubscriptionRequest(webhook_id=wanted.webhook)
                client.activity.update_subscription(orphan.id, moved)
            return [wanted._replace(id=orphan.id)]
        asked = {
            "event_type": wanted.kind,
            "filter": {"user_id": wanted.account},
            "webhook_id": wanted.webhook,
        }
        about = wanted.webhook
        with _unless("DuplicateSubscriptionFailed"), self._sdk.by_account(credentials, about) as client:
            body = schemas.CreateActivitySubscriptionRequest.model_validate(asked)
            made = client.activity.create_subscription(body).data.subscription
            found.append(wanted._replace(id=str(made.subscription_id)))
        return found

    def end(self, webhook: str, account: str, kinds: Sequence[str]) -> list[Subscription]:
        """End subscriptions, which the app may do without the account; returns those that were there."""
        found: list[Subscription] = []
        wanted = set(kinds) - {ACCOUNT_ACTIVITY}
        there = self._activities() if wanted else []
        if ACCOUNT_ACTIVITY in kinds:
            with _unless("SubscriptionNotFound", GONE), self._sdk.by_app(webhook) as client:
                client.account_activity.delete_subscription(webhook, account)
                found.append(Subscription("", account, ACCOUNT_ACTIVITY, webhook))
        for each in there:
            if (each.webhook, each.account) == (webhook, account) and each.kind in wanted:
                # Gone: somebody else was faster.
                with _unless(GONE), self._sdk.by_app(webhook) as client:
                    client.activity.delete_subscription(each.id)
                    found.append(each)
        return found


def _activity(found: Any) -> Subscription:
    return Subscription(
        str(found.subscription_id), found.filter.user_id, str(found.event_type), found.webhook_id or ""
    )


@contextmanager
def _unless(*reasons: str) -> Iterator[None]:
    """Pass over what X refuses for these reasons."""
    try:
        yield
    except ManagementError as error:
        if error.reason not in reasons:
            raise
