"""``/2/account_activity``: which users' events go to which webhook (the older product, until 2027-01-01)."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from webhook_app.sandbox.auth import (
    APP,
    USER_OAUTH1,
    USER_OAUTH2,
    guarded,
    refuse_without_direct_messages,
    state,
    user,
)
from webhook_app.sandbox.problems import Invalid
from webhook_app.sandbox.state import State
from webhook_app.sandbox.webhooks import find

#: Not published for v2; the number its v1.1 predecessor had, calls in 15 minutes.
LIMIT = 500

blueprint = Blueprint("account_activity", __name__, url_prefix="/2/account_activity")


@blueprint.post("/webhooks/<webhook_id>/subscriptions/all")
@guarded(USER_OAUTH1, USER_OAUTH2, limit=LIMIT)
def subscribe_user(webhook_id: str) -> ResponseReturnValue:
    """Subscribes the calling user; direct messages are part of it, so their permission is asked for."""
    refuse_without_direct_messages(user())
    subscribe(state(), webhook_id, user().user_id)
    return {"data": {"subscribed": True}}


@blueprint.get("/webhooks/<webhook_id>/subscriptions/all")
@guarded(USER_OAUTH1, USER_OAUTH2, limit=LIMIT)
def check_subscription(webhook_id: str) -> ResponseReturnValue:
    """Whether the calling user is subscribed."""
    with state().lock:
        webhook = find(state(), webhook_id)
        return {"data": {"subscribed": (webhook.id, user().user_id) in state().subscriptions}}


@blueprint.get("/webhooks/<webhook_id>/subscriptions/all/list")
@guarded(APP, limit=LIMIT)
def list_subscriptions(webhook_id: str) -> ResponseReturnValue:
    """All users subscribed to the webhook."""
    with state().lock:
        webhook = find(state(), webhook_id)
        users = [user_id for owner, user_id in state().subscriptions if owner == webhook.id]
    return {
        "data": {
            "application_id": state().config.app_id,
            "webhook_id": webhook.id,
            "webhook_url": webhook.url,
            "subscriptions": [{"user_id": user_id} for user_id in users],
        }
    }


@blueprint.delete("/webhooks/<webhook_id>/subscriptions/<user_id>/all")
@guarded(APP, limit=LIMIT)
def unsubscribe_user(webhook_id: str, user_id: str) -> ResponseReturnValue:
    """Ends a user's subscription; the app may do that without the user."""
    with state().lock:
        webhook = find(state(), webhook_id)
        if (webhook.id, user_id) not in state().subscriptions:
            raise Invalid("SubscriptionNotFound", "No subscription exists for the user_id on the webhook_id.")
        del state().subscriptions[webhook.id, user_id]
    return {"data": {"subscribed": False}}


@blueprint.get("/subscriptions/count")
@guarded(APP, limit=LIMIT)
def count_subscriptions() -> ResponseReturnValue:
    """How many subscriptions there are and may be; X writes these numbers as strings."""
    return {
        "data": {
            "account_name": state().config.app_name,
            "provisioned_count": str(state().access.limits.subscriptions),
            "subscriptions_count_all": str(len(state().subscriptions)),
            "subscriptions_count_direct_messages": "0",
        }
    }


def subscribe(world: State, webhook_id: str, user_id: str) -> None:
    """Adds a subscription; the limit counts over all webhooks of the app."""
    with world.lock:
        webhook = find(world, webhook_id)
        if (webhook.id, user_id) in world.subscriptions:
            details = "A subscription for this user already exists for the webhook_id."
            raise Invalid("DuplicateSubscriptionFailed", details)
        if len(world.subscriptions) >= world.access.limits.subscriptions:
            raise Invalid("SubscriptionLimitExceeded", "The application has reached its subscription limit.")
        world.subscriptions[webhook.id, user_id] = None
