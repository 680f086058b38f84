"""Values of a query or a path that schemas cannot judge: ids, cursors and page tokens."""

import base64
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import orjson

from webhook_app.errors import InvalidValue
from webhook_app.platforms import Platform
from webhook_app.web.current import platform_named
from webhook_app.web.front import front

T = TypeVar("T")
Place = tuple[int | str, ...]


def value(field: str, parse: Callable[[str], T], text: str) -> T:
    """Read a value by a platform's rules. Raises InvalidValue naming our field."""
    try:
        return parse(text)
    except InvalidValue as error:
        raise InvalidValue(field, str(error)) from error


def filtered_platform(name: str) -> Platform:
    """The platform of a filter. Raises InvalidValue."""
    if name not in front().platforms:
        raise InvalidValue("platform", f"Not one of: {', '.join(sorted(front().platforms))}.")
    return platform_named(name)


def read_page(text: str | None, *kinds: type[int | str]) -> Place:
    """The place that a page token names, of these kinds; () without a token. Raises InvalidValue."""
    if text is None:
        return ()
    try:
        place = orjson.loads(base64.urlsafe_b64decode(text.encode("ascii")))
    except ValueError:
        place = None
    if not isinstance(place, list) or not _fits(place, kinds):
        raise InvalidValue("page", "Not a next_page of this list.")
    return tuple(place)


def _fits(place: list[Any], kinds: Sequence[type]) -> bool:
    if [type(part) for part in place] != list(kinds):
        return False
    return all("\0" not in part if isinstance(part, str) else abs(part) < 1 << 63 for part in place)


def cut(rows: list[T], limit: int, place: Callable[[T], Place]) -> tuple[list[T], str | None]:
    """Split `limit` + 1 rows into a page and the token of the next; `place` is a row's sort key."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], page_token(place(rows[limit - 1]))


def page_token(place: Place) -> str:
    """The token of a place, as `read_page` takes it."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode()
