"""``/_sandbox``, for what befalls an app: its tier, its permissions, the challenges of its webhooks."""

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from webhook_app.sandbox.access import TIERS
from webhook_app.sandbox.auth import state
from webhook_app.sandbox.config import PERMISSIONS
from webhook_app.sandbox.control import world
from webhook_app.sandbox.problems import Invalid
from webhook_app.sandbox.webhooks import find, json_object

blueprint = Blueprint("app_control", __name__, url_prefix="/_sandbox")


@blueprint.get("/access")
def access() -> ResponseReturnValue:
    """The tier and the permissions of the app, and which permissions each account has granted."""
    with state().lock:
        return _shown()


@blueprint.put("/access")
def set_access() -> ResponseReturnValue:
    """Changes ``tier``, ``permissions`` or both; tokens keep what they were granted, until granted anew."""
    asked = json_object()
    for name, value in asked.items():
        if value not in _CHOICES.get(name, ()):
            raise Invalid("AccessInvalid", f"{name} cannot be {value!r}")
    with state().lock:
        state().access.tier = asked.get("tier", state().access.tier)
        state().permissions.app = asked.get("permissions", state().permissions.app)
        return _shown()


@blueprint.post("/check")
def check() -> ResponseReturnValue:
    """Challenges all valid webhooks now, as X does by itself from time to time."""
    failed = world().inspector.step(all_at_once=True)
    with state().lock:
        known = state().webhooks
        return {
            "items": [
                {"id": id_, "valid": id_ in known and known[id_].valid, "problem": problem}
                for id_, problem in failed.items()
            ]
        }


@blueprint.post("/invalidate")
def invalidate() -> ResponseReturnValue:
    """Makes ``webhook_id`` invalid, for no reason."""
    with state().lock:
        find(state(), str(json_object().get("webhook_id"))).valid = False
    return {}


_CHOICES = {"tier": tuple(TIERS), "permissions": PERMISSIONS}


def _shown() -> dict[str, Any]:
    permissions = state().permissions
    granted = {user_id: permissions.of(user_id) for user_id in state().accounts}
    return {"tier": state().access.tier, "permissions": permissions.app, "granted": granted}
