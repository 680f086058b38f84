"""The shapes of `/api/v1/unread`: who has messages not yet read."""

from marshmallow import Schema, fields

from schemas.api_fields import Page, PageQuery, text, time, whole


class UnreadQuery(PageQuery):
    """Which unread messages."""

    platform = text("Of this platform only.")
    reader = text("Not read by this reader only.")
    peer = text("Of messages of this peer only.")


class UnreadItem(Schema):
    """A reader with messages of a peer that are not read."""

    platform = text("Where.", required=True)
    reader = text("Who has not read.", required=True)
    peer = text("Whose messages wait: a person or a channel.", required=True)
    message = text("The oldest of them.", required=True)
    sent_at = time("When it was sent, if its id tells.", required=True, allow_none=True)
    age_seconds = fields.Float(
        required=True, allow_none=True, metadata={"description": "For how long it has been waiting."}
    )
    latest = text("The latest of them.", required=True)
    count = whole(
        "How many. Exact up to 1000; of more it may be too many once some of them are read.",
        required=True,
    )
    reader_name = text("The reader's name, if known.", required=True, allow_none=True)
    peer_name = text("The peer's name, if known.", required=True, allow_none=True)


class UnreadPage(Page):
    """A page of what is not read, oldest first; it may be short although there is a next one."""

    items = fields.List(fields.Nested(UnreadItem), required=True)
