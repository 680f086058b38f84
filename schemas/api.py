"""The shapes of `/api/v1`: what a query may say, and what an answer looks like."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import RAISE, Schema, fields
from marshmallow.validate import Range

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)  # fmt: skip


def show_time(moment: int) -> str:
    """Write milliseconds since 1970 as RFC 3339, UTC, with milliseconds."""
    return (EPOCH + moment * MILLISECOND).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment % 1000:03}Z"


class Moment(fields.Field[int]):
    """RFC 3339 outside, milliseconds since 1970 inside."""

    default_error_messages = {  # noqa: RUF012 - marshmallow's own way to name messages
        "invalid": "Not a time like 2026-11-21T00:00:00Z (in a query + is written %2B).",
    }

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else show_time(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str) or not RFC3339.fullmatch(value):
            raise self.make_error("invalid")
        try:
            return (datetime.fromisoformat(value.upper()) - EPOCH) // MILLISECOND
        except (ValueError, OverflowError):
            raise self.make_error("invalid") from None


def _text(description: str, **kwargs: Any) -> fields.String:
    return fields.String(metadata={"description": description}, **kwargs)


def _time(description: str, **kwargs: Any) -> Moment:
    return Moment(metadata={"description": description}, **kwargs)


def _whole(description: str, **kwargs: Any) -> fields.Integer:
    return fields.Integer(metadata={"description": description}, **kwargs)


class NoQuery(Schema):
    """No parameters: whatever comes is unknown."""

    class Meta:
        unknown = RAISE


class PageQuery(NoQuery):
    """Which part of a long list."""

    limit = fields.Integer(
        load_default=100, validate=Range(1, 1000), metadata={"description": "At most so many items."}
    )
    page = _text("`next_page` of the page before.")


class PositionQuery(PageQuery):
    """Which read positions."""

    platform = _text("Of this platform only.")
    reader = _text("Of this reader only.")
    peer = _text("Of messages of this peer only.")
    updated_since = _time(
        "Changed at or after this time; orders by time instead of by key. A transaction may become visible a"
        " moment after its time: to follow changes, go back 10 s each time.",
    )
    before_message = _text("Behind this message (needs `platform`).")


class ReadersQuery(PageQuery):
    """Which readers."""

    reader = _text("This reader only.")


class Position(Schema):
    """How far a reader has read a peer's messages."""

    platform = _text("Where.", required=True)
    reader = _text("Who has read.", required=True)
    peer = _text("Whose messages: a person or a channel.", required=True)
    cursor = _text("The message read up to, as the platform writes it.", required=True)
    read_at = _time("When that message was read.", required=True)
    sent_at = _time("When that message was sent, if its id tells.", required=True, allow_none=True)
    seconds_to_read = fields.Float(
        required=True, allow_none=True, metadata={"description": "From sent to read; null if not ≥ 0."}
    )
    updated_at = _time("When we stored it.", required=True)
    reader_name = _text("The reader's name, if known.", required=True, allow_none=True)
    peer_name = _text("The peer's name, if known.", required=True, allow_none=True)


class Step(Schema):
    """One mark of a history."""

    cursor = _text("The message read up to.", required=True)
    read_at = _time("When first.", required=True)


class PositionWithHistory(Position):
    """A position and the way to it."""

    history = fields.List(
        fields.Nested(Step), required=True, metadata={"description": "Every known mark, oldest first."}
    )


class Page(Schema):
    """A part of a long list."""

    next_page = _text("For `page`; null at the end.", required=True, allow_none=True)


class Positions(Page):
    """A page of read positions."""

    items = fields.List(fields.Nested(Position), required=True)


class HasRead(Schema):
    """Somebody who has read the message."""

    reader = _text("Who.", required=True)
    cursor = _text("The message read up to since.", required=True)
    read_at = _time("When the message was first read.", required=True)


class HasNotRead(Schema):
    """Somebody who has not come so far."""

    reader = _text("Who.", required=True)
    cursor = _text("The message read up to.", required=True)


class Readers(Page):
    """Who has read a message and who has not, a page of both together in order of `reader`."""

    read = fields.List(fields.Nested(HasRead), required=True)
    unread = fields.List(fields.Nested(HasNotRead), required=True)


class QuarantineItem(Schema):
    """A delivery, or a part of one, that could not be understood."""

    id = _whole("Its number here.", required=True)
    platform = _text("Who delivered it.", required=True)
    received_at = _time("When.", required=True)
    errors = fields.Dict(
        keys=fields.String(), required=True, metadata={"description": "Why, by the name of the field."}
    )
    size = _whole("Bytes of the body.", required=True)
    excerpt = _text("How the body begins.", required=True)


class Quarantine(Page):
    """A page of the quarantine, oldest first."""

    items = fields.List(fields.Nested(QuarantineItem), required=True)


class QuarantineBody(QuarantineItem):
    """A quarantined delivery with its body."""

    body = _text("The whole body; bytes that are not UTF-8 are replaced.", required=True)


class Retried(Schema):
    """What came of reading a quarantined delivery again."""

    settled = fields.Boolean(
        required=True, metadata={"description": "Whether it was understood, stored, and taken out."}
    )
    received = _whole("Events in it: the sum of the other three.", required=True)
    accepted = _whole("Events that are stored now.", required=True)
    quarantined = _whole("Events that are still not understood.", required=True)
    ignored = _whole("Events of other kinds.", required=True)
    errors = fields.Dict(
        keys=fields.String(),
        required=True,
        allow_none=True,
        metadata={"description": "Why it was not understood."},
    )


class Forgotten(Schema):
    """What went with a person."""

    deleted = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Rows by what they were."},
    )


class Deed(Schema):
    """Something an operator did."""

    id = _whole("Its number.", required=True)
    at = _time("When.", required=True)
    who = _text("By which token or command.", required=True)
    action = _text("What.", required=True)
    subject = _text("To what; a forgotten person is named by a keyed hash.", required=True)
    detail = _text("What else there is to know.", required=True)


class Audit(Page):
    """A page of the audit log, newest first."""

    items = fields.List(fields.Nested(Deed), required=True)


class Problem(Schema):
    """Why a request is refused."""

    code = _whole("The status, again.", required=True)
    status = _text("Its name.", required=True)
    message = _text("A sentence.")
    errors = fields.Dict(
        keys=fields.String(), metadata={"description": "By where (query, path) and by field: what is wrong."}
    )
