"""Rate limits: what accounts may still call."""

from typing import Any

from schemas.api_fields import PageQuery
from schemas.outbound_api import RateLimits
from webhook_app.web.api.routing import noun, route
from webhook_app.web.api.values import cut, read_page
from webhook_app.web.auth import caller
from webhook_app.web.current import services

blueprint = noun("rate limits", "What may still be called, and until when.")


@route(blueprint, "/rate-limits", scope="read", bound=True, query=PageQuery, answer=RateLimits, etag=True)
def list_rate_limits(limit: int, page: str | None = None) -> dict[str, Any]:
    """List rate limits

    One item an account and method, also before the first call. A token bound to an account sees its own.
    """
    after, own = read_page(page, str, str, str), caller().token.account
    found = sorted(
        (row for row in services().outbound.rate_limits() if row[:3] > after and own in (None, row[:2])),
        key=lambda row: row[:3],
    )
    rows, next_page = cut(found[: limit + 1], limit, lambda row: row[:3])
    return {"items": [row._asdict() for row in rows], "next_page": next_page}
