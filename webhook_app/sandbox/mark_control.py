"""``/_sandbox``, for marks: what has been marked and how full the windows were, and what shall go wrong."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from webhook_app.sandbox.auth import state
from webhook_app.sandbox.control import world
from webhook_app.sandbox.mark_faults import read_mark_fault
from webhook_app.sandbox.webhooks import json_object

blueprint = Blueprint("mark_control", __name__, url_prefix="/_sandbox")


@blueprint.get("/marks")
def marks() -> ResponseReturnValue:
    """Accepted marks in the order of arrival, from index ``since`` on, and counts of everything."""
    return state().marks.accepted_json(max(0, request.args.get("since", 0, type=int)))


@blueprint.get("/windows")
def windows() -> ResponseReturnValue:
    """Every rate window of every user, with how full it was."""
    return state().marks.windows_json()


@blueprint.post("/mark_faults")
def add_mark_fault() -> ResponseReturnValue:
    """From now on this goes wrong, too, with all calls that mark or with the next ``count``."""
    state().mark_faults.add(read_mark_fault(json_object()))
    return {}, 200


@blueprint.delete("/mark_faults")
def clear_mark_faults() -> ResponseReturnValue:
    """All is well again, on the one ``platform`` or on all."""
    state().mark_faults.clear(request.args.get("platform"))
    return {}, 200


@blueprint.get("/bot")
def bot() -> ResponseReturnValue:
    """How many marks the service has accepted from the bot and how many not, and why not the last time."""
    return world().bot.as_json()
