"""``/2/webhooks/replay``: has a webhook's events of the last 24 hours sent once more.

https://docs.x.com/x-api/account-activity/quickstart#replay, whose limits hold for this newer call, too.
"""

import re
from datetime import UTC, datetime

from flask import Blueprint
from flask.typing import ResponseReturnValue

from webhook_app.sandbox.auth import APP, guarded, state
from webhook_app.sandbox.control import world
from webhook_app.sandbox.memory import KEPT_SECONDS
from webhook_app.sandbox.moments import rfc3339
from webhook_app.sandbox.problems import Invalid
from webhook_app.sandbox.webhooks import find, json_object, pass_challenge

#: Calls in 15 minutes.
LIMIT = 100
#: How long ago, in seconds, a replay must at least begin and end.
SINCE_AFTER, UNTIL_AFTER = 31 * 60, 10 * 60
_MINUTE = 60

blueprint = Blueprint("replay", __name__, url_prefix="/2/webhooks/replay")


@blueprint.post("")
@guarded(APP, limit=LIMIT)
def create_replay_job() -> ResponseReturnValue:
    """Begins to send what happened from ``from_date`` to ``to_date``; the webhook is challenged first."""
    asked = json_object()
    since, until = _interval(asked.get("from_date"), asked.get("to_date"), state().clock())
    webhook = find(state(), str(asked.get("webhook_id")))
    world().replayer.refuse_second(webhook)
    if not webhook.valid:
        # Both of X's texts speak of a PUT as the way back; that this is none is the stricter reading.
        details = "Webhook is marked invalid and requires a CRC check."
        raise Invalid("CrcValidationFailed", details)
    pass_challenge(state(), webhook)
    job = world().replayer.begin(webhook, since, until)
    return {"data": {"job_id": job.id, "created_at": rfc3339(job.created_at)}}


def _interval(from_date: object, to_date: object, now: float) -> tuple[float, float]:
    """The seconds from which on and before which events are wanted, if X goes back to them."""
    since, until = _moment("from_date", from_date), _moment("to_date", to_date)
    if since < now - KEPT_SECONDS:
        raise Invalid("QueryParamInvalid", "from_date is older than 24 hours from the current time.")
    if since >= until:
        raise Invalid("QueryParamInvalid", "from_date must be before to_date.")
    for name, moment, after in (("from_date", since, SINCE_AFTER), ("to_date", until, UNTIL_AFTER)):
        if moment > now:
            raise Invalid("QueryParamInvalid", f"{name} is in the future.")
        if moment > now - after:
            details = f"{name} must be at least {after // _MINUTE} minutes before the current time."
            raise Invalid("QueryParamInvalid", details)
    return since, until + (_MINUTE if state().config.replay_end_included else 0)


def _moment(name: str, value: object) -> float:
    """Seconds since 1970 of ``yyyymmddhhmm``, UTC."""
    try:
        if not isinstance(value, str) or not re.fullmatch("[0-9]{12}", value):
            raise ValueError(value)
        return datetime.strptime(value, "%Y%m%d%H%M").replace(tzinfo=UTC).timestamp()
    except ValueError as exc:
        raise Invalid("QueryParamInvalid", f"{name} is not in the format yyyymmddhhmm.") from exc
