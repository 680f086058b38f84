"""Which platforms, which reader and which peer a question is about."""

from typing import NamedTuple

from webhook_app.errors import InvalidValue
from webhook_app.platforms import Platform, Platforms


class Parties(NamedTuple):
    """What a filter leaves over; ids in their one spelling, None for everybody."""

    platforms: tuple[str, ...]
    reader: str | None
    peer: str | None


def read_parties(platforms: Platforms, platform: str | None, reader: str | None, peer: str | None) -> Parties:
    """Read a filter; None stands for what it does not say. Raises InvalidValue naming the part."""
    if platform is not None:
        if platform not in platforms:
            raise InvalidValue("platform", f"Not one of: {', '.join(sorted(platforms))}.")
        there = platforms[platform]
        return Parties((platform,), _id("reader", there, reader), _id("peer", there, peer))
    found = set(platforms)
    for field, text in (("reader", reader), ("peer", peer)):
        found &= found if text is None else platforms_with(platforms, field, text)
    return Parties(tuple(sorted(found)), reader, peer)


def _id(field: str, platform: Platform, text: str | None) -> str | None:
    try:
        return None if text is None else platform.reader(text)
    except InvalidValue as error:
        raise InvalidValue(field, str(error)) from error


def platforms_with(platforms: Platforms, field: str, text: str) -> set[str]:
    """The platforms on which that is an id in its one spelling. Raises InvalidValue if there are none."""
    found = set()
    for name, platform in platforms.items():
        try:
            if platform.reader(text) == text:
                found.add(name)
        except InvalidValue:
            continue
    if not found:
        raise InvalidValue(field, "Not an id of any platform.")
    return found
