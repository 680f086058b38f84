"""``/_sandbox``: what X would never offer, for tests and demonstrations: emit, break, flood, and look inside.

Bodies and answers are JSON. Whatever sends something takes a ``fault`` beside its own fields, see ``faults``.
"""

import base64
import binascii
from typing import Any

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue

from webhook_app.sandbox.deliveries import WAITING
from webhook_app.sandbox.faults import NO_FAULT, Fault, read_fault
from webhook_app.sandbox.people import Person
from webhook_app.sandbox.problems import Invalid
from webhook_app.sandbox.state import Webhook
from webhook_app.sandbox.webhooks import find, json_object
from webhook_app.sandbox.world import World

blueprint = Blueprint("control", __name__, url_prefix="/_sandbox")


def world() -> World:
    """The world that serves this request."""
    held: World = current_app.extensions["sandbox_world"]
    return held


@blueprint.post("/emit")
def emit() -> ResponseReturnValue:
    """Sends exactly this ``event``, ``body`` or ``body_base64`` to all webhooks, or to ``webhook_id``."""
    asked = json_object()
    fault, ids = _fault(asked), []
    for webhook in _webhooks(asked):
        if "event" in asked:
            ids += world().sender.send(webhook, "event", asked["event"], fault)
        else:
            ids += world().sender.send_bytes(webhook, _bytes(asked), fault)
    return {"deliveries": ids}, 202


@blueprint.post("/messages")
def write() -> ResponseReturnValue:
    """``sender`` writes ``text`` to ``recipient``."""
    asked = json_object()
    sender, recipient = person_in(asked, "sender"), person_in(asked, "recipient")
    text = str(asked.get("text", "Hello"))
    message, ids = world().conversations.write(sender, recipient, text, _fault(asked))
    return {"id": str(message.id), "deliveries": ids}, 202


@blueprint.post("/typing")
def type_() -> ResponseReturnValue:
    """``sender`` is writing to ``recipient``."""
    asked = json_object()
    ids = world().conversations.type(person_in(asked, "sender"), person_in(asked, "recipient"), _fault(asked))
    return {"deliveries": ids}, 202


@blueprint.post("/reads")
def read() -> ResponseReturnValue:
    """``reader`` reads ``peer`` up to ``last_read_event_id`` or the end, at ``created_timestamp`` or now."""
    asked = json_object()
    reader, peer = person_in(asked, "reader"), person_in(asked, "peer")
    with world().state.lock:
        latest = world().state.thread(peer.id, reader.id).last
    up_to = _number(asked, "last_read_event_id") or latest
    at_ms = _number(asked, "created_timestamp")
    return {"deliveries": world().conversations.read(reader, peer, up_to, at_ms, _fault(asked))}, 202


@blueprint.post("/revoke")
def revoke() -> ResponseReturnValue:
    """``user`` takes the app's authorisation away."""
    asked = json_object()
    return {"deliveries": world().publisher.revoke(person_in(asked, "user").id, _fault(asked))}, 202


@blueprint.post("/authorize")
def authorize() -> ResponseReturnValue:
    """``user`` authorises the app again; the old tokens come back to life."""
    world().state.revoked.discard(person_in(json_object(), "user").id)
    return {}, 200


@blueprint.post("/replay-status")
def end_replay() -> ResponseReturnValue:
    """Says that a replay job of ``webhook_id`` has ended, all delivered unless ``complete`` is false."""
    asked = json_object()
    webhook = find(world().state, str(asked.get("webhook_id")))
    complete = bool(asked.get("complete", True))
    job_id = str(asked.get("job_id") or world().state.snowflakes.next())
    ids = world().publisher.end_replay(webhook, job_id, complete=complete, fault=_fault(asked))
    return {"deliveries": ids}, 202


@blueprint.get("/replays")
def replays() -> ResponseReturnValue:
    """All replay jobs, oldest first."""
    return {"items": world().replayer.as_json()}


@blueprint.post("/flood")
def flood() -> ResponseReturnValue:
    """``count`` readings by random people, ``rate`` a second or, without it, as fast as they can be made."""
    asked = json_object()
    count, rate = asked.get("count"), asked.get("rate")
    if type(count) is not int or not 0 < count <= 10_000_000:
        raise Invalid("FloodInvalid", "count is not a number of events")
    if rate is not None and not (isinstance(rate, int | float) and rate > 0):
        raise Invalid("FloodInvalid", "rate is not a number of events a second")
    world().flood.begin(count, rate)
    return {}, 202


@blueprint.post("/life")
def live() -> ResponseReturnValue:
    """People begin to write ``visits_per_second`` times a second; 0 stops it."""
    rate = json_object().get("visits_per_second")
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1000:
        raise Invalid("LifeInvalid", "visits_per_second is not a number up to 1000")
    world().life.set_rate(rate)
    return {}, 200


@blueprint.put("/fault")
def set_fault() -> ResponseReturnValue:
    """From now on this goes wrong with everything sent, or with the next ``count`` events."""
    world().state.fault = read_fault(json_object())
    return {}, 200


@blueprint.delete("/fault")
def clear_fault() -> ResponseReturnValue:
    """All is well again; what was held back to be reordered leaves."""
    world().state.fault = NO_FAULT
    world().sender.release()
    return {}, 200


@blueprint.get("/people")
def people() -> ResponseReturnValue:
    """Everybody known here."""
    with world().state.lock:
        return {"items": [person.as_json() for person in world().state.people.values()]}


@blueprint.get("/conversations")
def conversations() -> ResponseReturnValue:
    """Who has written to whom, and how far that has been read."""
    with world().state.lock:
        return {"items": [thread.as_json() for thread in world().state.threads.values()]}


@blueprint.get("/deliveries")
def deliveries() -> ResponseReturnValue:
    """Counts of all, and the newest (``limit``, ``state``) with their attempts."""
    limit, wanted = request.args.get("limit", 100, type=int), request.args.get("state")
    with world().state.lock:
        ledger = world().state.ledger
        items = [delivery.as_json() for delivery in ledger.latest(limit, wanted)]
        counts, attempts = ledger.counts(), ledger.attempts
    return {"counts": counts, "held": world().sender.held, "attempts": attempts, "items": items}


@blueprint.get("/positions")
def positions() -> ResponseReturnValue:
    """The truth: per reader and peer the furthest mark sent and the furthest acknowledged with 200."""
    with world().state.lock:
        ledger = world().state.ledger
        return {"items": ledger.positions.as_json(), "waiting": ledger.counts()[WAITING]}


def _fault(asked: dict[str, Any]) -> Fault | None:
    fault = asked.get("fault")
    if fault is not None and not isinstance(fault, dict):
        raise Invalid("FaultInvalid", "fault is not an object")
    return None if fault is None else read_fault(fault)


def person_in(asked: dict[str, Any], role: str) -> Person:
    """Whom the field names by id."""
    user_id = asked.get(role)
    if not isinstance(user_id, str) or not (user_id.isascii() and user_id.isdigit()):
        raise Invalid("PersonInvalid", f"{role} is not a user id")
    return world().state.person(user_id)


def _number(asked: dict[str, Any], name: str) -> int | None:
    value = asked.get(name)
    if value is not None and not str(value).isdecimal():
        raise Invalid("NumberInvalid", f"{name} is not a number")
    return None if value is None else int(value)


def _webhooks(asked: dict[str, Any]) -> list[Webhook]:
    if "webhook_id" in asked:
        return [find(world().state, str(asked["webhook_id"]))]
    with world().state.lock:
        return list(world().state.webhooks.values())


def _bytes(asked: dict[str, Any]) -> bytes:
    if isinstance(asked.get("body"), str):
        return str(asked["body"]).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(asked["body_base64"], validate=True)
    except (KeyError, TypeError, binascii.Error) as exc:
        raise Invalid("BodyInvalid", "neither event, body nor body_base64") from exc
