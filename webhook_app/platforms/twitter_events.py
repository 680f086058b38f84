"""X's deliveries in our words: Account Activity (`<kind>_events`) and X Activity (`{"data": …}`)."""

import json
import re
from typing import Any

from schemas.twitter import READ_EVENT, ValidationError
from webhook_app.domain.inbound import Inbound, Unreadable
from webhook_app.domain.position import Mark
from webhook_app.platforms.json_body import parse
from webhook_app.platforms.twitter_ids import moment
from webhook_app.platforms.twitter_others import activity_notice, legacy_notices, receiver, take_messages
from webhook_app.platforms.twitter_people import take_people

READS = "direct_message_mark_read_events"
#: How far an event's time may lie ahead of our clock: the platform's clock and ours differ a little.
FUTURE = 3_600_000  # milliseconds
#: What a type of event may look like before it becomes a name to count under.
KIND = re.compile(r"[a-z][a-z_.]{0,63}")


def read(body: bytes, now: int) -> Inbound:
    """Translate a verified body; whatever cannot be understood is quarantined. `now` in milliseconds."""
    inbound = Inbound("twitter", body)
    try:
        document = parse(body)
    except ValueError as exc:
        return _refuse(inbound, {"_schema": [f"Not JSON: {exc}."]})
    if not isinstance(document, dict):
        return _refuse(inbound, {"_schema": ["Not a JSON object."]})
    inbound.account = receiver(document)
    if "data" in document:
        _read_activities(inbound, document["data"], now)
    if "data" not in document or READS in document:
        errors = _read_account_activity(inbound, document, now)
        if errors and not inbound.accepted and not inbound.ignored:
            inbound.unreadable.clear()
            inbound.unreadable.append(Unreadable("twitter", body, errors))
            inbound.errors = errors
    return inbound


def _refuse(inbound: Inbound, errors: dict[str, Any]) -> Inbound:
    """The whole body is unreadable: it counts one, and is kept once."""
    inbound.quarantined += 1
    inbound.unreadable.append(Unreadable("twitter", inbound.body, errors))
    inbound.errors = errors
    return inbound


def _read_account_activity(inbound: Inbound, document: dict[str, Any], now: int) -> dict[str, Any] | None:
    """Read one body of the Account Activity API; returns marshmallow's messages, by field and index."""
    kinds = [key for key in document if key not in ("for_user_id", "users", "apps", "data")]
    for kind in kinds:
        _count(inbound, kind)
    take_messages(inbound, document, now)
    inbound.notices.extend(legacy_notices(document, now))
    events = document.get(READS, [])
    if not isinstance(events, list):
        inbound.quarantined += 1
        _set_aside(inbound, {READS: events}, {READS: ["Not a valid list."]})
        return {READS: ["Not a valid list."]}
    if not events:
        inbound.ignored += 1
    errors = {}
    for index, event in enumerate(events):
        problem = _read_event(inbound, event, now)
        if problem:
            errors[str(index)] = problem
            _set_aside(inbound, {READS: [event]}, {READS: {"0": problem}})
    take_people(inbound, document.get("users"))
    return {READS: errors} if errors else None


def _read_activities(inbound: Inbound, data: Any, now: int) -> None:
    """Read the element or elements of an X Activity body."""
    elements = data if isinstance(data, list) and data else [data]
    for element in elements:
        activity = element if isinstance(element, dict) else {}
        kind, payload = activity.get("event_type"), activity.get("payload")
        _count(inbound, kind)
        before = len(inbound.marks), len(inbound.messages)
        if kind == "dm.read":
            _read_receipts(inbound, activity, payload, now)
            continue
        inbound.ignored += 1
        if isinstance(payload, dict):
            take_messages(inbound, payload, now)
            take_people(inbound, payload.get("users"), *before)
            inbound.notices.extend(activity_notice(kind, payload, now))


def _read_receipts(inbound: Inbound, activity: dict[str, Any], payload: Any, now: int) -> None:
    """Read a `dm.read`. Nobody has documented its payload, so no failure here refuses the delivery."""
    payload = payload if isinstance(payload, dict) else {}
    events = [payload] if "last_read_event_id" in payload else payload.get(READS)
    if not isinstance(events, list) or not events:
        inbound.quarantined += 1
        errors = {"payload": {READS: ["Missing data for required field."]}}
        _set_aside(inbound, {"data": activity}, errors)
        return
    before = len(inbound.marks)
    for event in events:
        problem = _read_event(inbound, event, now)
        if problem:
            # Without the rest, which a delivery of many events would keep many times.
            part = {"data": {"event_type": "dm.read", "payload": {READS: [event]}}}
            _set_aside(inbound, part, {"payload": {READS: {"0": problem}}})
    take_people(inbound, payload.get("users"), before, len(inbound.messages))


def _read_event(inbound: Inbound, event: Any, now: int) -> dict[str, Any] | None:
    """Take one read event into `inbound`; returns what is wrong with it."""
    try:
        loaded = READ_EVENT.load(event)
    except ValidationError as exc:
        inbound.quarantined += 1
        return {"_schema": exc.messages} if isinstance(exc.messages, list) else exc.messages
    cursor, read_at = loaded["last_read_event_id"], loaded["created_timestamp"]
    problem = {
        field: ["More than an hour in the future."]
        for field, at in (("last_read_event_id", moment(cursor) or 0), ("created_timestamp", read_at))
        if at > now + FUTURE
    }
    if problem:
        inbound.quarantined += 1
        return problem
    inbound.accepted += 1
    # X names the reader sender_id, and the author of the messages recipient_id.
    reader, peer = str(loaded["sender_id"]), str(loaded["target"]["recipient_id"])
    inbound.marks.append(Mark("twitter", reader, peer, cursor, read_at))
    return None


def _count(inbound: Inbound, kind: Any) -> None:
    known = isinstance(kind, str) and KIND.fullmatch(kind)
    inbound.kinds[kind if known else "other"] += 1


def _set_aside(inbound: Inbound, part: dict[str, Any], errors: dict[str, Any]) -> None:
    """Keep a part of a delivery, in an envelope that can be received again."""
    try:
        body = json.dumps(part, sort_keys=True, allow_nan=False).encode()
    except (RecursionError, ValueError):
        # orjson reads what the standard library does not write: 1e999, and a little deeper.
        body = inbound.body
    inbound.unreadable.append(Unreadable("twitter", body, errors))
