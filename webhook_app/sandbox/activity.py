"""``/2/activity/subscriptions``: X Activity, one subscription for each event type and filter."""

import base64
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from webhook_app.sandbox import problems
from webhook_app.sandbox.auth import (
    APP,
    USER_OAUTH1,
    USER_OAUTH2,
    caller,
    guarded,
    refuse_without_direct_messages,
    state,
)
from webhook_app.sandbox.problems import Invalid
from webhook_app.sandbox.state import ActivitySubscription, State
from webhook_app.sandbox.webhooks import find, json_object

#: https://docs.x.com/x-api/fundamentals/rate-limits, calls in 15 minutes.
LIMIT = 500
LONGEST_PAGE = 1000
LONGEST_TAG = 200

#: What may be subscribed to; ``oauth.revoke`` comes without being asked for.
EVENT_TYPES = frozenset(
    {
        "profile.update.bio",
        "profile.update.profile_picture",
        "profile.update.banner_picture",
        "profile.update.screenname",
        "profile.update.geo",
        "profile.update.url",
        "profile.update.verified_badge",
        "profile.update.affiliate_badge",
        "profile.update.handle",
        "news.new",
        "follow.follow",
        "follow.unfollow",
        "spaces.start",
        "spaces.end",
        "chat.received",
        "chat.sent",
        "chat.conversation_join",
        "dm.sent",
        "dm.received",
        "dm.indicate_typing",
        "dm.read",
        "post.create",
        "post.delete",
        "post.mention.create",
        "like.create",
        "mute.mute",
        "mute.unmute",
        "block.block",
        "block.unblock",
    }
)
#: Only the user whose events they are can subscribe to these.
_PRIVATE = ("dm.", "chat.", "mute.", "block.")

blueprint = Blueprint("activity", __name__, url_prefix="/2/activity/subscriptions")


@blueprint.post("")
@guarded(APP, USER_OAUTH1, USER_OAUTH2, limit=LIMIT)
def create_activity_subscription() -> ResponseReturnValue:
    """Subscribes to one event type; private ones ask for their user's own credentials."""
    asked = json_object()
    event_type, filter_ = _event_type(asked.get("event_type")), _filter(asked.get("filter"))
    if event_type.startswith(_PRIVATE):
        _refuse_strangers(filter_)
    created = subscribe(state(), event_type, filter_, _tag(asked), _webhook_id(state(), asked))
    return {"data": {"subscription": created.as_json()}, "meta": _meta()}


@blueprint.get("")
@guarded(APP, USER_OAUTH1, USER_OAUTH2, limit=LIMIT)
def list_activity_subscriptions() -> ResponseReturnValue:
    """A page of the app's subscriptions."""
    size = request.args.get("max_results", LONGEST_PAGE, type=int)
    if not 1 <= size <= LONGEST_PAGE:
        raise Invalid("QueryParamInvalid", f"max_results must be between 1 and {LONGEST_PAGE}.")
    start = _offset(request.args.get("pagination_token"))
    with state().lock:
        everything = list(state().activities.values())
        page = [subscription.as_json() for subscription in everything[start : start + size]]
    meta = _meta()
    if start + size < len(everything):
        meta["next_token"] = _page_token(start + size)
    return {"data": page, "meta": meta}


@blueprint.put("/<subscription_id>")
@guarded(APP, limit=LIMIT)
def update_activity_subscription(subscription_id: str) -> ResponseReturnValue:
    """Changes the tag or the webhook; another filter or type is another subscription."""
    asked = json_object()
    with state().lock:
        subscription = _find(state(), subscription_id)
        subscription.tag = _tag(asked) if "tag" in asked else subscription.tag
        if "webhook_id" in asked:
            subscription.webhook_id = _webhook_id(state(), asked)
        subscription.updated_at = state().clock()
        return {"data": {"subscription": subscription.as_json(), **_meta()}, "meta": _meta()}


@blueprint.delete("/<subscription_id>")
@guarded(APP, limit=LIMIT)
def delete_activity_subscription(subscription_id: str) -> ResponseReturnValue:
    """Ends one subscription."""
    with state().lock:
        del state().activities[_find(state(), subscription_id).id]
    return {"data": {"deleted": True}, "meta": _meta()}


@blueprint.delete("")
@guarded(APP, limit=LIMIT)
def delete_activity_subscriptions() -> ResponseReturnValue:
    """Ends several subscriptions; unknown ids do not keep the others from it."""
    data, errors = [], []
    for subscription_id in filter(None, request.args.get("ids", "").split(",")):
        if state().activities.pop(subscription_id, None):
            data.append({"deleted": True, "subscription_id": subscription_id})
        else:
            unknown = {"message": "The subscription was not found.", "reason": "SubscriptionNotFound"}
            errors.append({**unknown, "subscription_id": subscription_id})
    return {"data": data, "meta": _meta(), **({"errors": errors} if errors else {})}


def subscribe(
    world: State, event_type: str, filter_: dict[str, str], tag: str | None, webhook_id: str | None
) -> ActivitySubscription:
    """Adds a subscription."""
    with world.lock:
        for known in world.activities.values():
            if (known.event_type, known.filter, known.webhook_id) == (event_type, filter_, webhook_id):
                raise Invalid("DuplicateSubscriptionFailed", "This subscription already exists.")
        if len(world.activities) >= world.access.limits.activities:
            raise Invalid("SubscriptionLimitExceeded", "The application has reached its subscription limit.")
        now = world.clock()
        created = ActivitySubscription(
            str(world.snowflakes.next()), event_type, filter_, now, now, tag, webhook_id
        )
        world.activities[created.id] = created
        return created


def _refuse_strangers(filter_: dict[str, str]) -> None:
    """Private events need the credentials, and the permission, of the user whose events they are."""
    account = caller()
    if account is None:
        raise problems.unsupported_authentication(APP, f"{USER_OAUTH1}, {USER_OAUTH2}")
    if filter_.get("user_id") != account.user_id:
        raise problems.Problem(403, "Forbidden", "filter.user_id must identify the authenticated user.")
    refuse_without_direct_messages(account)


def _event_type(value: object) -> str:
    if not isinstance(value, str) or value not in EVENT_TYPES:
        raise Invalid("EventTypeInvalid", "event_type is not one of the supported event types.")
    return value


def _filter(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not ({"user_id", "keyword"} & value.keys()):
        raise Invalid("FilterInvalid", "filter must be an object with user_id or keyword.")
    strings = all(isinstance(inner, str) for inner in value.values())
    if not strings or not value.keys() <= {"user_id", "keyword", "direction"}:
        raise Invalid("FilterInvalid", "filter has an unknown key or a value that is not a string.")
    if value.get("direction", "inbound") not in ("inbound", "outbound"):
        raise Invalid("FilterInvalid", "direction is neither inbound nor outbound.")
    return value


def _tag(asked: dict[str, Any]) -> str | None:
    tag = asked.get("tag")
    if tag is not None and not (isinstance(tag, str) and 1 <= len(tag) <= LONGEST_TAG):
        raise Invalid("TagInvalid", f"tag must be a string of 1 to {LONGEST_TAG} characters.")
    return tag


def _webhook_id(world: State, asked: dict[str, Any]) -> str | None:
    webhook_id = asked.get("webhook_id")
    return None if webhook_id is None else find(world, str(webhook_id)).id


def _find(world: State, subscription_id: str) -> ActivitySubscription:
    subscription = world.activities.get(subscription_id)
    if subscription is None:
        raise problems.not_found("subscription", subscription_id)
    return subscription


def _meta() -> dict[str, Any]:
    return {"total_subscriptions": len(state().activities)}


def _page_token(offset: int) -> str:
    return base64.b32hexencode(f"{offset:010d}".encode()).decode().rstrip("=").lower()


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b32hexdecode(token, casefold=True))
    except ValueError as exc:
        raise Invalid("QueryParamInvalid", "pagination_token is not one of ours.") from exc
