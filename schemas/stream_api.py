"""The shapes of `/api/v1/stream`."""

from marshmallow import Schema
from marshmallow.validate import OneOf, Regexp

from schemas.api_fields import NoQuery, text, time


class StreamQuery(NoQuery):
    """Which changes."""

    platform = text("Of this platform only.")
    reader = text("Of positions of this reader, and marks and rate limits of this account only.")
    peer = text("Of messages of this peer only.")
    updated_since = time("Begin with what has changed since; of no effect beside `Last-Event-ID`.")


class Event(Schema):
    """A server-sent event."""

    event = text("What it is.", required=True, validate=OneOf(["position", "mark", "rate-limit"]))
    data = text(
        "JSON: the same object as an item of `/read-positions`, `/marks` or `/rate-limits`.", required=True
    )
    id = text("A time, with the last event of each turn: for `Last-Event-ID`.")


class Resumption(Schema):
    """How a viewer goes on where its connection broke."""

    last_event_id = text(
        "The `id` that came last: what has changed since follows, some of it again.",
        data_key="Last-Event-ID",
        # Some clients send it empty before they have one.
        validate=Regexp(r"\A[0-9]{0,14}\Z", error="Not an id of this stream."),
    )
