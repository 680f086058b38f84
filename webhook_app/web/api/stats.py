"""Figures: what happened, and how long messages waited to be read."""

from typing import Any

from schemas.stats import INTERVALS, Stats, StatsQuery
from webhook_app.domain.timing import percentile
from webhook_app.errors import InvalidValue
from webhook_app.platforms.parties import platforms_with
from webhook_app.storage.cells import MINUTE, Cell, CellFilter, list_cells, list_days
from webhook_app.web.api.routing import noun, route
from webhook_app.web.api.values import cut, filtered_platform, read_page, value
from webhook_app.web.auth import only_own
from webhook_app.web.current import services, store
from webhook_app.web.front import front

blueprint = noun("stats", "What happened, by account and interval.")
#: How many intervals are shown unless somebody says since when.
USUAL = {"minute": 60, "hour": 24, "day": 30}


@route(blueprint, "/stats", scope="read", bound=True, query=StatsQuery, answer=Stats, etag=True)
def stats(
    interval: str,
    limit: int,
    platform: str | None = None,
    account: str | None = None,
    since: int | None = None,
    until: int | None = None,
    page: str | None = None,
) -> dict[str, Any]:
    """Count what happened, by account and interval

    Reads are exact, also what comes late. Deliveries, marks and calls are counted by each process and written
    every few seconds: the last ones of a process that is killed are missing. Percentiles come from
    logarithmic buckets and are at most 5 % away from the exact ones. How long a message waited is read from
    its own id, so that no message needs to be known. Figures are made every few seconds, from what is stored.
    """
    if platform is not None:
        there = filtered_platform(platform)
        account = None if account is None else value("account", there.reader, account)
    elif account is not None:
        platforms_with(front().platforms, "account", account)
    only_own(platform, account)
    width = INTERVALS[interval] * MINUTE
    until = services().clock() + 1 if until is None else until
    since = until - USUAL[interval] * width if since is None else since
    if since >= until:
        raise InvalidValue("until", "Not after `since`.")
    after = read_page(page, int, str, str)
    wanted = CellFilter(
        min(60, INTERVALS[interval]), since // width * width, until, platform, account, after, limit + 1
    )
    found = store().read(lambda c: (list_days if interval == "day" else list_cells)(c, wanted))
    rows, next_page = cut(found, limit, lambda cell: cell[:3])
    return {"items": [show_cell(cell) for cell in rows], "next_page": next_page}


def show_cell(cell: Cell) -> dict[str, Any]:
    """A cell as the API shows it; its time is still a number."""
    waits = {f"p{part}": percentile(cell.times, part / 100) for part in (50, 90, 99)}
    seconds = {name: None if wait is None else wait / 1000 for name, wait in waits.items()}
    shown = {name: value for name, value in cell._asdict().items() if name != "times"}
    return {**shown, "seconds_to_read": {**seconds, "based_on": sum(cell.times.values())}}
