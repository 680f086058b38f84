"""What else X delivers and we keep something of: for whom, messages' ids, revocations, ends of replays."""

import json
from datetime import UTC, datetime
from typing import Any

from webhook_app.domain.inbound import Inbound, Message, Notice
from webhook_app.platforms.json_body import clean
from webhook_app.platforms.twitter_ids import EPOCH, moment


def _id(value: Any) -> int | None:
    """A platform id, or None if it is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        number = int(value)
        return number if number < 1 << 63 else None
    return None


def receiver(document: dict[str, Any]) -> str:
    """The account that a delivery is for: `for_user_id`, or the subscription's that asked for an activity.

    Empty if neither is there, which none of X's pages promises.
    """
    data = document.get("data")
    first = data[0] if isinstance(data, list) and data else data
    asked = first.get("filter") if isinstance(first, dict) else None
    subscribed = asked.get("user_id") if isinstance(asked, dict) else None
    found = _id(document.get("for_user_id", subscribed))
    return "" if found is None else str(found)


def take_messages(inbound: Inbound, payload: dict[str, Any], now: int) -> None:
    """Take the ids of the messages in `direct_message_events`; an odd one is passed over."""
    events = payload.get("direct_message_events")
    for event in events if isinstance(events, list) else []:
        create = event.get("message_create") if isinstance(event, dict) else None
        target = create.get("target") if isinstance(create, dict) else None
        if not isinstance(create, dict) or not isinstance(target, dict):
            continue
        message = _id(event.get("id"))
        author, reader = _id(create.get("sender_id")), _id(target.get("recipient_id"))
        if message is None or author is None or reader is None or author == reader:
            continue
        sent_at = moment(message) or EPOCH
        if sent_at <= now + 3_600_000:
            inbound.messages.append(Message("twitter", str(reader), str(author), message, sent_at))


def legacy_notices(document: dict[str, Any], now: int) -> list[Notice]:
    """The notices of an Account Activity body: `user_event.revoke` and `replay_job_status`."""
    notices = []
    event = document.get("user_event")
    revoke = event.get("revoke") if isinstance(event, dict) else None
    if isinstance(revoke, dict):
        source = revoke.get("source")
        user = source.get("user_id") if isinstance(source, dict) else None
        notices += _revocation(user, revoke.get("date_time"), now)
    job = document.get("replay_job_status")
    if isinstance(job, dict) and isinstance(job.get("job_id"), str):
        state, words = clean(job.get("job_state"), 100), clean(job.get("job_state_description"), 500)
        detail = json.dumps({"state": state, "description": words})
        notices.append(Notice("twitter", "replay", clean(job["job_id"], 100), now, detail))
    return notices


def activity_notice(kind: Any, payload: dict[str, Any], now: int) -> list[Notice]:
    """The notice of an X Activity event: `oauth.revoke`."""
    if kind != "oauth.revoke":
        return []
    return _revocation(payload.get("user_id"), payload.get("date_time"), now)


def _revocation(user: Any, date_time: Any, now: int) -> list[Notice]:
    """Somebody has withdrawn our app's access. Without a readable time it happened now."""
    account = _id(user)
    if account is None:
        return []
    try:
        said = datetime.fromisoformat(date_time)
        # Without a zone it is UTC, not this machine's.
        at = int((said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp() * 1000)
    except (TypeError, ValueError, OverflowError):
        at = now
    return [Notice("twitter", "revocation", str(account), min(at, now), "")]
