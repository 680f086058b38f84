"""The outer shapes of deliveries: Account Activity's, X Activity's, and those about the app itself."""

from random import Random

from webhook_app.sandbox.happenings import Happening, classic_user, user
from webhook_app.sandbox.moments import offset_time
from webhook_app.sandbox.wire import Event


def account_activity(happening: Happening, for_user_id: str) -> Event:
    """The happening as one subscribed user's Account Activity webhook gets it."""
    return {
        "for_user_id": for_user_id,
        happening.array: [happening.leaf()],
        "users": {person.id: classic_user(person) for person in happening.people},
    }


def activity(happening: Happening, event_type: str, user_id: str, tag: str | None, random: Random) -> Event:
    """The happening as an X Activity subscription gets it.

    The payload of ``dm.read`` is published nowhere; it is drawn here after ``dm.received``, which is.
    """
    payload = {
        happening.array: [happening.leaf()],
        "users": {person.id: user(person) for person in happening.people},
    }
    return _wrapped(event_type, {"user_id": user_id}, payload, tag, random)


def oauth_revoke(user_id: str, app_id: str, at: float, random: Random) -> Event:
    """The user has taken the app's authorisation away, told by X Activity: the filter is empty."""
    payload: Event = {"date_time": offset_time(at), "user_id": user_id, "app_id": app_id}
    return _wrapped("oauth.revoke", {}, payload, None, random)


def user_event_revoke(user_id: str, app_id: str, at: float) -> Event:
    """The same, told by Account Activity: without ``for_user_id``."""
    revoke = {"date_time": offset_time(at), "target": {"app_id": app_id}, "source": {"user_id": user_id}}
    return {"user_event": {"revoke": revoke}}


def replay_job_status(webhook_id: str, job_id: str, *, complete: bool) -> Event:
    """A replay has ended."""
    description = (
        "Job completed successfully"
        if complete
        else "Job failed to deliver all events, please retry your replay job"
    )
    return {
        "replay_job_status": {
            "webhook_id": webhook_id,
            "job_state": "Complete" if complete else "Incomplete",
            "job_state_description": description,
            "job_id": job_id,
        }
    }


def _wrapped(event_type: str, filter_: Event, payload: Event, tag: str | None, random: Random) -> Event:
    # X's published samples have negative numbers here: 64 bits that somebody took for signed.
    event_uuid = str(random.randrange(-(2**63), 2**63))
    data: Event = {"event_uuid": event_uuid, "filter": filter_, "event_type": event_type}
    if tag is not None:
        data["tag"] = tag
    return {"data": {**data, "payload": payload}}
