"""``/2/webhooks``: registering, listing, validating and deleting a consumer's address."""

import ipaddress
from typing import Any
from urllib.parse import SplitResult, urlsplit

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from webhook_app.sandbox.auth import APP, USER_OAUTH1, guarded, state
from webhook_app.sandbox.crc import CrcFailed, challenge
from webhook_app.sandbox.problems import Invalid
from webhook_app.sandbox.state import State, Webhook

#: https://docs.x.com/x-api/fundamentals/rate-limits, calls in 15 minutes.
LIMIT = 450
#: Seconds without a passed challenge after which 4xx, 5xx and silence are no longer forgiven.
PATIENCE = 28 * 3600
LONGEST_URL = 200
_FIELDS = ("created_at", "id", "url", "valid")

blueprint = Blueprint("webhooks", __name__, url_prefix="/2/webhooks")


@blueprint.post("")
@guarded(APP, USER_OAUTH1, limit=LIMIT)
def create_webhook() -> ResponseReturnValue:
    """Registers a URL that passes the challenge."""
    return {"data": register(state(), json_object().get("url")).as_json()}


@blueprint.get("")
@guarded(APP, limit=LIMIT)
def list_webhooks() -> ResponseReturnValue:
    """All webhooks of the app."""
    fields = request.args.get("webhook_config.fields", ",".join(_FIELDS)).split(",")
    if not set(fields) <= set(_FIELDS):
        raise Invalid("QueryParamInvalid", "webhook_config.fields names a field that does not exist.")
    with state().lock:
        shown = [webhook.as_json() for webhook in state().webhooks.values()]
    data = [{name: webhook[name] for name in fields} for webhook in shown]
    return {"data": data, "meta": {"result_count": len(data)}}


@blueprint.put("/<webhook_id>")
@guarded(APP, USER_OAUTH1, limit=LIMIT)
def validate_webhook(webhook_id: str) -> ResponseReturnValue:
    """Sends a challenge; a webhook that passes gets events again."""
    validate(state(), webhook_id)
    return {"data": {"valid": True}}


@blueprint.delete("/<webhook_id>")
@guarded(APP, USER_OAUTH1, limit=LIMIT)
def delete_webhook(webhook_id: str) -> ResponseReturnValue:
    """Forgets the webhook and what is subscribed to it."""
    with state().lock:
        remove(state(), find(state(), webhook_id))
    return {"data": {"deleted": True}}


def json_object() -> dict[str, Any]:
    """The request's JSON object, whatever its content type claims: X's own examples send it as curl does."""
    try:
        body = request.get_json(force=True, silent=True)
    except RecursionError:
        body = None
    if not isinstance(body, dict):
        raise Invalid("InvalidRequest", "The request body is not a JSON object.")
    return body


def register(world: State, url: object) -> Webhook:
    """Adds the URL if it keeps the rules and passes the challenge."""
    checked = _checked_url(url)
    _refuse_one_more(world, checked)
    _challenge(world, checked)
    with world.lock:
        # Somebody may have been faster while the challenge was out.
        _refuse_one_more(world, checked)
        now = world.clock()
        webhook = Webhook(str(world.snowflakes.next()), checked, now, passed_at=now, tried_at=now)
        world.webhooks[webhook.id] = webhook
    return webhook


def validate(world: State, webhook_id: str) -> None:
    """Sends the webhook a challenge, and makes it valid or, where it fails badly, invalid."""
    webhook = find(world, webhook_id)
    pass_challenge(world, webhook)
    webhook.valid = True


def pass_challenge(world: State, webhook: Webhook) -> None:
    """Sends the webhook a challenge; raises Invalid, and ends its validity where X loses patience."""
    try:
        _challenge(world, webhook.url)
    except Invalid as failed:
        fatal = isinstance(failed.__cause__, CrcFailed) and failed.__cause__.fatal
        if fatal or world.clock() - webhook.passed_at >= PATIENCE:
            webhook.valid = False
        raise
    webhook.passed_at = world.clock()


def find(world: State, webhook_id: str) -> Webhook:
    """The webhook with this id."""
    webhook = world.webhooks.get(webhook_id)
    if webhook is None:
        details = "The webhook_id was not found or is not associated with the app."
        raise Invalid("WebhookIdInvalid", details)
    return webhook


def remove(world: State, webhook: Webhook) -> None:
    """Deletes the webhook; Account Activity subscriptions go with it, X Activity's lose their delivery."""
    del world.webhooks[webhook.id]
    world.memory.forget(webhook.id)
    for webhook_id, user_id in list(world.subscriptions):
        if webhook_id == webhook.id:
            del world.subscriptions[webhook_id, user_id]
    for activity in world.activities.values():
        if activity.webhook_id == webhook.id:
            activity.webhook_id = None


def _challenge(world: State, url: str) -> None:
    config = world.config
    try:
        challenge(url, config.consumer_secret, world.random, world.clock, config.crc_timeout)
    except CrcFailed as exc:
        raise Invalid("CrcValidationFailed", str(exc)) from exc


def _refuse_one_more(world: State, url: str) -> None:
    with world.lock:
        if any(webhook.url == url for webhook in world.webhooks.values()):
            raise Invalid("DuplicateUrlFailed", "Webhook URL already exists for this app.")
        if len(world.webhooks) >= world.access.limits.webhooks:
            raise Invalid("WebhookLimitExceeded", "Too many resources already created.")


def _checked_url(url: object) -> str:
    """The URL, if it is https and names no port; only a loopback URL may be http and have one."""
    if not isinstance(url, str) or not 1 <= len(url) <= LONGEST_URL:
        raise Invalid("UrlValidationFailed", f"url must be a string of 1 to {LONGEST_URL} characters.")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise Invalid("UrlValidationFailed", "url contains characters that a URL cannot have.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise Invalid("UrlValidationFailed", f"url cannot be parsed: {exc}.") from exc
    if not parts.hostname or parts.username is not None or parts.fragment:
        raise Invalid("UrlValidationFailed", "url must consist of a host, a path and perhaps a query.")
    if not _is_loopback(parts) and (parts.scheme != "https" or port is not None):
        raise Invalid("UrlValidationFailed", "url must use HTTPS and cannot include a port.")
    if parts.scheme not in ("http", "https"):
        raise Invalid("UrlValidationFailed", "url must use HTTPS.")
    return url


def _is_loopback(parts: SplitResult) -> bool:
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname == "localhost"
