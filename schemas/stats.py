"""The shapes of `/api/v1/stats`."""

from marshmallow import Schema, fields
from marshmallow.validate import OneOf

from schemas.api_fields import Page, PageQuery, text, time, whole

#: The intervals, in minutes.
INTERVALS = {"minute": 1, "hour": 60, "day": 1440}


class StatsQuery(PageQuery):
    """Which figures."""

    platform = text("Of this platform only.")
    account = text("Of this account only.")
    interval = fields.String(
        load_default="hour",
        validate=OneOf(list(INTERVALS)),
        metadata={"description": "How long the intervals are; days are UTC's. Minutes are kept for a week."},
    )
    since = time(
        "From the interval of this time on; by default an hour of minutes, a day of hours, 30 days.",
    )
    until = time("Before this time; by default now.")


class Waits(Schema):
    """How long messages waited to be read; each percentile at most 5 % away from the exact one."""

    p50 = fields.Float(required=True, allow_none=True, metadata={"description": "Seconds; null if of none."})
    p90 = fields.Float(required=True, allow_none=True, metadata={"description": "Seconds; null if of none."})
    p99 = fields.Float(required=True, allow_none=True, metadata={"description": "Seconds; null if of none."})
    based_on = whole("Of how many reads: those whose last message tells when it was sent.", required=True)


class Stat(Schema):
    """What happened to an account in an interval. What comes late is added to the interval it is about."""

    platform = text("Where.", required=True)
    account = text(
        "Whose messages were read, to whom was delivered, for whom was marked; empty if a delivery does not"
        " tell.",
        required=True,
    )
    start = time("When the interval begins.", required=True)
    deliveries = whole("Deliveries that were stored.", required=True)
    reads = whole("Reads by others than our own accounts, each message read up to once.", required=True)
    marks = whole("Marks that were accepted to be passed on.", required=True)
    calls = whole("Calls to the platform, however they ended.", required=True)
    seconds_to_read = fields.Nested(
        Waits,
        required=True,
        metadata={"description": "From sent to read, of the last message of each read."},
    )


class Stats(Page):
    """A page of figures, by start, platform and account; intervals in which nothing happened are left out."""

    items = fields.List(fields.Nested(Stat), required=True)
