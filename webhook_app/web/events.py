"""Events of the stream: rendered once, for all who look on, as the API shows the same objects."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
from marshmallow import Schema

from schemas.api import Position
from schemas.api_fields import Moment, show_time
from schemas.outbound_api import NOT_DUE, Mark, RateLimit
from webhook_app.domain.outbox import OutboxRow
from webhook_app.domain.position import ReadPosition
from webhook_app.outbound import RateLimitRow
from webhook_app.platforms import Platform
from webhook_app.platforms.outgoing import show_mark
from webhook_app.storage.changes import Look, Wanted
from webhook_app.web.api.positions import show_position
from webhook_app.web.front import front


def _times(schema: type[Schema]) -> tuple[str, ...]:
    return tuple(name for name, field in schema().fields.items() if isinstance(field, Moment))


#: The fields that are times; marshmallow itself would take longer than all the rest.
OF_POSITION, OF_MARK, OF_RATE_LIMIT = _times(Position), _times(Mark), _times(RateLimit)


#: What ends a line for some clients, though not for the standard: a name must not begin an event of its own.
LINE_ENDS = {text.encode(): b"\\u%04x" % ord(text) for text in ("\x85", "\u2028", "\u2029")}
#: Bytes of events that are handed over at once: the server makes a copy of them for each viewer.
PIECE = 1 << 14


class Rendered(NamedTuple):
    """An event, and whom it is about."""

    platform: str
    #: The reader of a position, or the account.
    who: str
    #: None: a rate limit.
    peer: str | None
    #: Whether it is the account's own affair: a mark, a rate limit.
    private: bool
    text: bytes


def position_event(row: ReadPosition) -> Rendered:
    """A position. Whoever follows it is to replace what an operator has set, and not to merge."""
    shown = show_position(row)
    if row.not_before:
        shown["corrected"] = True
    return Rendered(*row[:3], False, _text(b"position", shown, OF_POSITION))


def mark_event(row: OutboxRow, platform: Platform) -> Rendered:
    """A mark on its way out."""
    shown = show_mark(platform, row)
    if row.status in NOT_DUE:
        shown["due_at"] = None
    return Rendered(*row.key, True, _text(b"mark", shown, OF_MARK))


def rate_limit_event(row: RateLimitRow) -> Rendered:
    """What an account may still call."""
    text = _text(b"rate-limit", row._asdict(), OF_RATE_LIMIT)
    return Rendered(row.platform, row.account, None, True, text)


def render(look: Look) -> list[Rendered]:
    """All that a look has found; what is of a platform that is no longer registered nobody can show."""
    platforms = front().platforms
    positions = [position_event(row) for row in look.positions if row.platform in platforms]
    return positions + [
        mark_event(row, platforms[row.platform]) for row in look.marks if row.platform in platforms
    ]


def _text(kind: bytes, shown: dict[str, Any], times: tuple[str, ...]) -> bytes:
    for name in times:
        if shown[name] is not None:
            shown[name] = show_time(shown[name])
    data = orjson.dumps(shown)
    if not data.isascii():
        for character, escaped in LINE_ENDS.items():
            data = data.replace(character, escaped)
    return b"event: %b\ndata: %b\n\n" % (kind, data)


class _Event(NamedTuple):
    platform: str
    who: str
    peer: str | None
    private: bool
    #: Where its text is: in which piece, from where to where.
    piece: int
    begin: int
    end: int

    def concerns(self, wanted: Wanted) -> bool:
        """Whether it is wanted. A rate limit is, if one of the ids asked for is its account."""
        if self.platform not in wanted.platforms:
            return False
        if wanted.own is not None and self.private and self.who != wanted.own:
            return False
        asked = (wanted.reader, wanted.peer)
        if self.peer is None:
            return asked == (None, None) or self.who in asked
        return wanted.reader in (None, self.who) and wanted.peer in (None, self.peer)


class Tick:
    """Events that were found together. What a filter leaves of them is cut out once for all who set it.

    Its last event has the id, so that a connection that breaks before is resumed before the tick.
    """

    __slots__ = ("_about", "_cut", "_events", "_id", "_pieces", "moment", "size")

    def __init__(self, moment: int, rendered: Sequence[Rendered]) -> None:
        #: By the database's clock: what was visible then has been sent with this tick, or before.
        self.moment = moment
        self._id = b"id: %d\n" % moment
        texts = [one.text for one in rendered]
        self._pieces = self._pack(texts)
        #: Bytes of all events.
        self.size = sum(map(len, self._pieces))
        self._events: list[_Event] = []
        piece = end = 0
        for number, (one, text) in enumerate(zip(rendered, texts, strict=True), 1):
            if end == len(self._pieces[piece]):
                piece, end = piece + 1, 0
            begin = end + (len(self._id) if number == len(texts) else 0)
            end = begin + len(text)
            self._events.append(_Event(*one[:4], piece, begin, end))
        self._about: dict[str | None, list[_Event]] | None = None
        self._cut: dict[Wanted, tuple[bytes, ...]] = {}

    def pieces(self, wanted: Wanted | None) -> tuple[bytes, ...]:
        """The events that are wanted, all if None, some together in each piece."""
        if wanted is None:
            return self._pieces
        if wanted not in self._cut:
            near = [event for event in self._near(wanted) if event.concerns(wanted)]
            if not near:
                return ()
            texts = [self._pieces[event.piece][event.begin : event.end] for event in near]
            self._cut[wanted] = self._pack(texts)
        return self._cut[wanted]

    def _pack(self, texts: list[bytes]) -> tuple[bytes, ...]:
        """The texts in pieces that viewers share, the last one with the id before it."""
        pieces: list[bytes] = []
        together: list[bytes] = []
        size = 0
        for text in [*texts[:-1], *(self._id + text for text in texts[-1:])]:
            if size + len(text) > PIECE and together:
                pieces.append(b"".join(together))
                together, size = [], 0
            together.append(text)
            size += len(text)
        return (*pieces, b"".join(together)) if together else ()

    def _near(self, wanted: Wanted) -> Sequence[_Event]:
        """The events that may be wanted: a thousand filters do not read a tick a thousand times."""
        name = wanted.reader or wanted.peer
        if name is None:
            return self._events
        if self._about is None:
            self._about = {}
            for event in self._events:
                for each in {event.who, event.peer}:
                    self._about.setdefault(each, []).append(event)
        near = self._about.get(name, [])
        if wanted.reader and wanted.peer and wanted.reader != wanted.peer:
            # A rate limit may be of either.
            near = near + [event for event in self._about.get(wanted.peer, ()) if event.peer is None]
        return near
