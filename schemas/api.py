"""The shapes of `/api/v1`: what a query may say, and what an answer looks like."""

from marshmallow import Schema, fields

from schemas.api_fields import NoQuery, Page, PageQuery, text, time, whole


class PositionQuery(PageQuery):
    """Which read positions."""

    platform = text("Of this platform only.")
    reader = text("Of this reader only.")
    peer = text("Of messages of this peer only.")
    updated_since = time(
        "Changed at or after this time; orders by time instead of by key. A transaction may become visible a"
        " moment after its time: to follow changes, go back 10 s each time.",
    )
    before_message = text("Behind this message (needs `platform`).")


class ExportQuery(NoQuery):
    """What of an export."""

    platform = text("Of this platform only.")
    reader = text("Of this reader only.")
    peer = text("Of messages of this peer only.")


class ReadersQuery(PageQuery):
    """Which readers."""

    reader = text("This reader only.")


class Position(Schema):
    """How far a reader has read a peer's messages."""

    platform = text("Where.", required=True)
    reader = text("Who has read.", required=True)
    peer = text("Whose messages: a person or a channel.", required=True)
    cursor = text("The message read up to, as the platform writes it.", required=True)
    read_at = time("When that message was read.", required=True)
    sent_at = time("When that message was sent, if its id tells.", required=True, allow_none=True)
    seconds_to_read = fields.Float(
        required=True, allow_none=True, metadata={"description": "From sent to read; null if not ≥ 0."}
    )
    updated_at = time("When we stored it.", required=True)
    reader_name = text("The reader's name, if known.", required=True, allow_none=True)
    peer_name = text("The peer's name, if known.", required=True, allow_none=True)


class Step(Schema):
    """One mark of a history."""

    cursor = text("The message read up to.", required=True)
    read_at = time("When first.", required=True)


class PositionWithHistory(Position):
    """A position and the way to it."""

    history = fields.List(
        fields.Nested(Step), required=True, metadata={"description": "Every known mark, oldest first."}
    )


class Positions(Page):
    """A page of read positions."""

    items = fields.List(fields.Nested(Position), required=True)


class HasRead(Schema):
    """Somebody who has read the message."""

    reader = text("Who.", required=True)
    cursor = text("The message read up to since.", required=True)
    read_at = time("When the message was first read.", required=True)


class HasNotRead(Schema):
    """Somebody who has not come so far."""

    reader = text("Who.", required=True)
    cursor = text("The message read up to.", required=True)


class Readers(Page):
    """Who has read a message and who has not, a page of both together in order of `reader`."""

    read = fields.List(fields.Nested(HasRead), required=True)
    unread = fields.List(fields.Nested(HasNotRead), required=True)


class QuarantineItem(Schema):
    """A delivery, or a part of one, that could not be understood."""

    id = whole("Its number here.", required=True)
    platform = text("Who delivered it.", required=True)
    received_at = time("When.", required=True)
    errors = fields.Dict(
        keys=fields.String(), required=True, metadata={"description": "Why, by the name of the field."}
    )
    size = whole("Bytes of the body.", required=True)
    excerpt = text("How the body begins.", required=True)


class Quarantine(Page):
    """A page of the quarantine, oldest first."""

    items = fields.List(fields.Nested(QuarantineItem), required=True)


class QuarantineBody(QuarantineItem):
    """A quarantined delivery with its body."""

    body = text("The whole body; bytes that are not UTF-8 are replaced.", required=True)


class Retried(Schema):
    """What came of reading a quarantined delivery again."""

    settled = fields.Boolean(
        required=True, metadata={"description": "Whether it was understood, stored, and taken out."}
    )
    received = whole("Events in it: the sum of the other three.", required=True)
    accepted = whole("Events that are stored now.", required=True)
    quarantined = whole("Events that are still not understood.", required=True)
    ignored = whole("Events of other kinds.", required=True)
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

    id = whole("Its number.", required=True)
    at = time("When.", required=True)
    who = text("By which token or command.", required=True)
    action = text("What.", required=True)
    subject = text("To what; a forgotten person is named by a keyed hash.", required=True)
    detail = text("What else there is to know.", required=True)


class Audit(Page):
    """A page of the audit log, newest first."""

    items = fields.List(fields.Nested(Deed), required=True)


class Problem(Schema):
    """Why a request is refused."""

    code = whole("The status, again.", required=True)
    status = text("Its name.", required=True)
    message = text("A sentence.")
    errors = fields.Dict(
        keys=fields.String(), metadata={"description": "By where (query, path) and by field: what is wrong."}
    )
