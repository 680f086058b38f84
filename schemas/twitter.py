"""X's read event, as its webhook sends it, and the call that makes one."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields
from marshmallow.exceptions import ValidationError


class Digits(fields.Field[int]):
    """A string of ASCII digits, loaded as an integer.

    A field and not validators: ingest loads four of these an event, and regular expressions cost more than
    all the rest of the schema.
    """

    default_error_messages = {
        "type": "Not a valid string.",
        "digits": "Not a string of 1 to {most} digits.",
        "range": "Not below 2^63.",
    }

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.most = most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str):
            raise self.make_error("type")
        if not (value.isascii() and value.isdigit() and len(value) <= self.most):
            raise self.make_error("digits", most=self.most)
        number = int(value)
        if number >= 1 << 63:
            raise self.make_error("range")
        return number


class Target(Schema):
    """The other side: whose messages were read."""

    class Meta:
        unknown = EXCLUDE

    recipient_id = Digits(most=19, required=True)


class ReadEvent(Schema):
    """An element of `direct_message_mark_read_events`.

    Loads to integers: `created_timestamp` (milliseconds since 1970), `sender_id` (the reader),
    `target.recipient_id` (the author of the messages), `last_read_event_id`. Unknown keys pass.
    Source: the vendor's page of `direct_messages/mark_read` and docs.x.com, x-api/account-activity.
    """

    class Meta:
        unknown = EXCLUDE

    created_timestamp = Digits(most=16, required=True)
    sender_id = Digits(most=19, required=True)
    target = fields.Nested(Target, required=True)
    last_read_event_id = Digits(most=19, required=True)


class MarkRead(Schema):
    """The parameters of `direct_messages/mark_read`, as the vendor's page lists them; loads to integers."""

    class Meta:
        unknown = EXCLUDE

    last_read_event_id = Digits(most=19, required=True)
    #: Whom the message is from.
    recipient_id = Digits(most=19, required=True)


READ_EVENT = ReadEvent()
MARK_READ = MarkRead()

__all__ = ["MARK_READ", "READ_EVENT", "Digits", "ReadEvent", "ValidationError"]
