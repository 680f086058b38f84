"""What the sections of the page show, read from the tables in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from webhook_app.outbound import RateLimitRow
from webhook_app.storage.cells import Cell, sum_cells
from webhook_app.storage.counts import last_minute
from webhook_app.storage.glances import count_quarantine
from webhook_app.storage.outbox import MISSED, last_seen
from webhook_app.storage.searching import Found, Search, Who, find_people, names_of, search_positions
from webhook_app.storage.unread import Unread, UnreadFilter, list_unread
from webhook_app.web.api.positions import show_position
from webhook_app.web.current import platform_named, services, store
from webhook_app.web.front import front
from webhook_app.web.pages.figures import HOUR, HOURS, MINUTE, MINUTES, deliveries_of, first_slot, times_of
from webhook_app.web.pages.outgoing import read_limits, read_outgoing
from webhook_app.web.pages.query import Query
from webhook_app.web.pages.watch import Watch, read_watch

#: Positions on the page, and messages that wait to be read.
LATEST, WAITING = 50, 20


class View(NamedTuple):
    """What is looked at, and when."""

    query: Query
    #: Milliseconds since 1970.
    now: int
    #: All registered ones.
    platforms: tuple[str, ...]
    limits: list[RateLimitRow]
    #: Where the searched text is somebody's id.
    ids: set[str]


class Positions(NamedTuple):
    """The latest positions, as the API shows them."""

    items: list[dict[str, Any]]
    #: Whether there may be older ones that were not looked for.
    complete: bool
    #: When the first of them changed.
    since: int
    #: Of the people in the query, by id.
    names: dict[str, str]


class Waiting(NamedTuple):
    """A message that nobody has read, the oldest of its conversation, and how many there are."""

    platform: str
    reader: str
    peer: str
    reader_name: str
    peer_name: str
    many: int
    #: None if the message's id does not tell.
    sent_at: int | None


class Health(NamedTuple):
    """Whether deliveries come and marks go. Times are milliseconds since 1970, minutes for deliveries."""

    delivery: int | None
    challenge: int | None
    dispatcher: int | None
    missed: bool
    quarantine: int
    watch: Watch


def read_sections(query: Query, names: Sequence[str], now: int) -> dict[str, Any]:
    """What these sections show, by name. Raises DatabaseUnavailable.

    They are read aside, in one transaction; what they make of it needs platforms, and is made here.
    """
    limits = services().outbound.rate_limits() if "limits" in names else []
    ids = set() if query.q is None else query.ids(query.q)
    view = View(query, now, tuple(sorted(front().platforms)), limits, ids)

    def read(connection: Any) -> dict[str, Any]:
        return {name: SECTIONS[name][0](connection, view) for name in names}

    return {name: SECTIONS[name][1](found, view) for name, found in store().read(read).items()}


def _read_positions(connection: Any, view: View) -> tuple[Found, Mapping[Who, str]]:
    query, people = view.query, None
    if query.q is not None:
        found = find_people(connection, query.platforms, query.q)
        people = frozenset([*found, *((platform, query.q) for platform in view.ids)])
    wanted = Search(query.platforms, query.reader, query.peer, people, LATEST)
    asked = [(platform, id) for platform in query.platforms for id in (query.reader, query.peer) if id]
    return search_positions(connection, wanted, view.platforms), names_of(connection, asked)


def _show_positions(read: tuple[Found, Mapping[Who, str]], view: View) -> Positions:
    (rows, complete), names = read
    # A platform that is no longer registered has nobody to read its cursors.
    items = [show_position(row) for row in rows if row.platform in view.platforms]
    since = max((row.updated_at for row in rows), default=0)
    return Positions(items, complete, since, {id: name for (_, id), name in names.items()})


def _read_waiting(connection: Any, view: View) -> list[Unread]:
    query = view.query
    return list_unread(connection, UnreadFilter(query.platforms, query.reader, query.peer, limit=WAITING))


def _show_waiting(rows: list[Unread], view: View) -> list[Waiting]:
    """They come platform for platform, so many of each."""
    items = [
        Waiting(
            row.platform, row.reader, row.peer, row.reader_name, row.peer_name, row.count,
            platform_named(row.platform).moment(row.message),
        )
        for row in rows
    ]  # fmt: skip
    return sorted(items, key=lambda item: item.sent_at or 0)[:WAITING]


def _read_figures(connection: Any, view: View) -> tuple[list[Cell], list[Cell]]:
    """The cells of the last hours, and of the last minutes."""
    end = view.now + 1
    hours = sum_cells(connection, 60, first_slot(view.now, HOUR, HOURS), end)
    return hours, sum_cells(connection, 1, first_slot(view.now, MINUTE, MINUTES), end)


def _show_figures(read: tuple[list[Cell], list[Cell]], view: View) -> Mapping[str, Any]:
    hours, minutes = read
    return {"times": times_of(hours, minutes, view.now), "deliveries": deliveries_of(minutes, view.now)}


def _read_health(connection: Any, view: View) -> Health:
    seen = last_seen(connection)

    def last(kind: str) -> int | None:
        minutes = [last_minute(connection, f"{kind}|{platform}") for platform in view.platforms]
        known = [minute for minute in minutes if minute is not None]
        return max(known) * MINUTE if known else None

    missed = seen is None or view.now - seen >= MISSED
    watch = read_watch(connection, view.now)
    return Health(last("deliveries"), last("challenges"), seen, missed, count_quarantine(connection), watch)


def _as_read(found: Any, view: View) -> Any:
    return found


#: How every section is read and shown, in the order of the page.
SECTIONS: dict[str, tuple[Callable[[Any, View], Any], Callable[[Any, View], Any]]] = {
    "health": (_read_health, _as_read),
    "positions": (_read_positions, _show_positions),
    "waiting": (_read_waiting, _show_waiting),
    "outgoing": (lambda connection, view: read_outgoing(connection, view.platforms, view.now), _as_read),
    "figures": (_read_figures, _show_figures),
    "limits": (lambda connection, view: read_limits(connection, view.limits), _as_read),
}
