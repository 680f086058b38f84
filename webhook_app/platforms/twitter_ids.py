"""X's ids are snowflakes: they carry their time."""

from webhook_app.domain.timing import SentAt

#: 2010-11-04T01:42:54.657Z, where snowflakes count from, in milliseconds since 1970.
EPOCH = 1288834974657
#: The first snowflake that was given out; smaller ids were plain numbers.
FIRST = 29_700_859_247
#: How they tell when messages were sent.
SENT_AT = SentAt(unit=1 << 22, epoch=EPOCH, first=FIRST)


def moment(snowflake: int) -> int | None:
    """When an id was made, in milliseconds since 1970; None for ids older than snowflakes."""
    return SENT_AT.moment(snowflake)
