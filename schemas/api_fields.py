"""What the shapes of `/api/v1` are made of: times, described fields, queries and pages."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields
from marshmallow.validate import Range

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAIVE_EPOCH = datetime(1970, 1, 1)
MILLISECOND = timedelta(milliseconds=1)
RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)  # fmt: skip


def show_time(moment: int) -> str:
    """Write milliseconds since 1970 as RFC 3339, UTC, with milliseconds."""
    # Exports write millions; `strftime` takes twice as long.
    return (NAIVE_EPOCH + moment * MILLISECOND).isoformat(timespec="milliseconds") + "Z"


class Moment(fields.Field[int]):
    """RFC 3339 outside, milliseconds since 1970 inside."""

    default_error_messages = {
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


def text(description: str, **kwargs: Any) -> fields.String:
    """A text, described."""
    return fields.String(metadata={"description": description}, **kwargs)


def time(description: str, **kwargs: Any) -> Moment:
    """A time, described."""
    return Moment(metadata={"description": description}, **kwargs)


def whole(description: str, **kwargs: Any) -> fields.Integer:
    """A whole number, described."""
    return fields.Integer(metadata={"description": description}, **kwargs)


def storable(value: str) -> None:
    """Raise ValidationError for U+0000 and lone surrogates, which JSON can say and databases cannot keep."""
    if "\0" in value or value.encode("utf-8", "ignore").decode() != value:
        raise ValidationError("U+0000 and lone surrogates are not allowed.")


class NoQuery(Schema):
    """No parameters: whatever comes is unknown."""

    class Meta:
        unknown = RAISE


class Conditional(Schema):
    """Headers of whoever asks again."""

    if_none_match = text(
        "The `ETag` of an earlier answer; if it still holds, 304 comes without a body.",
        data_key="If-None-Match",
    )


class PageQuery(NoQuery):
    """Which part of a long list."""

    limit = fields.Integer(
        load_default=100, validate=Range(1, 1000), metadata={"description": "At most so many items."}
    )
    page = text("`next_page` of the page before.")


class Page(Schema):
    """A part of a long list."""

    next_page = text("For `page`; null at the end.", required=True, allow_none=True)
