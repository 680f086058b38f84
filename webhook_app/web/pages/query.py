"""What the page is asked for, in its address: `?platform=&q=&reader=&peer=`."""

from typing import NamedTuple
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from webhook_app.errors import InvalidValue
from webhook_app.platforms.parties import platforms_with, read_parties
from webhook_app.web.front import front

LONGEST = 100  # characters of a name


class Query(NamedTuple):
    """Whose positions the page shows; without any of it, everybody's."""

    platform: str | None = None
    #: A part of a name or a handle, or a whole id.
    q: str | None = None
    reader: str | None = None
    peer: str | None = None
    #: Where all this may hold.
    platforms: tuple[str, ...] = ()

    @property
    def given(self) -> dict[str, str]:
        """What was asked for, by name."""
        return {name: text for name, text in self._asdict().items() if name in FIELDS and text is not None}

    @property
    def text(self) -> str:
        """The same for an address."""
        return urlencode(self.given)

    def without(self, name: str) -> str:
        """An address that asks for the rest."""
        return urlencode({key: text for key, text in self.given.items() if key != name})

    def ids(self, text: str) -> set[str]:
        """The platforms on which that is somebody's id."""
        try:
            return platforms_with(front().platforms, "q", text) & set(self.platforms)
        except InvalidValue:
            return set()


FIELDS = Query._fields[:4]


def read_query(args: MultiDict[str, str], *others: str) -> Query:
    """Read an address; an empty value is none, as forms send it. Raises InvalidValue."""
    for name, values in args.lists():
        if name not in (*FIELDS, *others):
            raise InvalidValue(name, f"Unknown; there are {', '.join(FIELDS)}.")
        if name not in others and len(values) > 1:
            raise InvalidValue(name, "Given more than once.")
    platform, q, reader, peer = (args.get(name, "").strip() or None for name in FIELDS)
    if q is not None and len(q) > LONGEST:
        raise InvalidValue("q", f"Longer than {LONGEST} characters.")
    platforms, reader, peer = read_parties(front().platforms, platform, reader, peer)
    return Query(platform, q, reader, peer, platforms)
