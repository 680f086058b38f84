"""The quarantine: looked at, tried again, discarded."""

from typing import Any

from schemas.api import Quarantine, QuarantineBody, Retried
from schemas.api_fields import PageQuery
from webhook_app.storage.glances import EXCERPT, glance_at_quarantine
from webhook_app.web.api.routing import noun, route
from webhook_app.web.api.values import cut, read_page
from webhook_app.web.auth import who
from webhook_app.web.current import services, store

blueprint = noun("quarantine", "Deliveries, or parts of them, that were signed and not understood.")
#: A number of a row that fits into the database.
ROW = "<int(max=9223372036854775807):id>"


@route(blueprint, "/quarantine", scope="admin", query=PageQuery, answer=Quarantine)
def list_quarantine(limit: int, page: str | None = None) -> dict[str, Any]:
    """List the quarantine, oldest first"""
    after = int((read_page(page, int) or (0,))[0])
    found = store().read(lambda connection: glance_at_quarantine(connection, after, limit + 1))
    rows, next_page = cut(found, limit, lambda row: row[:1])
    items = [{**row._asdict(), "excerpt": row.excerpt.decode("utf-8", "replace")} for row in rows]
    return {"items": items, "next_page": next_page}


@route(blueprint, f"/quarantine/{ROW}", scope="admin", answer=QuarantineBody)
def one_quarantined(id: int) -> dict[str, Any]:
    """Show a quarantined delivery with its body"""
    row = store().quarantined(id)
    excerpt = row.body[:EXCERPT].decode("utf-8", "replace")
    body = row.body.decode("utf-8", "replace")
    return {**row._asdict(), "size": len(row.body), "excerpt": excerpt, "body": body}


@route(blueprint, f"/quarantine/{ROW}/retry", scope="admin", method="POST", answer=Retried)
def retry(id: int) -> dict[str, Any]:
    """Read a quarantined delivery again

    What is understood now is stored, and the row goes. Where nothing is understood, the row stays.
    """
    inbound = services().retry(id, who())
    return {**inbound.counters, "settled": bool(inbound.settles), "errors": inbound.errors}


@route(blueprint, f"/quarantine/{ROW}", scope="admin", method="DELETE")
def discard(id: int) -> None:
    """Discard a quarantined delivery"""
    store().discard(id, who())
