"""The audit log."""

from typing import Any

from schemas.api import Audit
from schemas.api_fields import PageQuery
from webhook_app.storage.audit import list_audit
from webhook_app.web.api.routing import noun, route
from webhook_app.web.api.values import cut, read_page
from webhook_app.web.current import store

blueprint = noun("audit", "Who did what.")


@route(blueprint, "/audit", scope="admin", query=PageQuery, answer=Audit)
def audit(limit: int, page: str | None = None) -> dict[str, Any]:
    """List what operators did, newest first"""
    before = read_page(page, int)
    found = store().read(lambda c: list_audit(c, int(before[0]) if before else None, limit + 1))
    rows, next_page = cut(found, limit, lambda row: row[:1])
    return {"items": [row._asdict() for row in rows], "next_page": next_page}
