"""People: forgotten on demand."""

from typing import Any

from schemas.api import Forgotten
from webhook_app.web.api.routing import noun, route
from webhook_app.web.api.values import value
from webhook_app.web.auth import who
from webhook_app.web.current import platform_named, services

blueprint = noun("people", "Those who read and write.")


@route(blueprint, "/people/<platform>/<id>", scope="admin", method="DELETE", answer=Forgotten)
def forget(platform: str, id: str) -> dict[str, Any]:
    """Forget a person

    Positions, history, unread messages, the name, and quarantined bodies that name the person go. For 30
    days what happened before is refused, so that repeated deliveries bring nothing back.
    """
    here = services()
    person = value("id", platform_named(platform).reader, id)
    return {"deleted": here.store.forget(platform, person, here.clock(), who())}
