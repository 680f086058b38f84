"""Slack's calls that move a read cursor, and its answer to whose a token is."""

import re
from typing import Any

from marshmallow import EXCLUDE, Schema, fields
from marshmallow.exceptions import ValidationError

TS = re.compile(r"([0-9]{1,10})(?:\.([0-9]{1,6}))?", re.ASCII)
#: A channel, a private channel or group, or a direct message.
CHANNEL = re.compile(r"[CDG][A-Z0-9]{2,20}", re.ASCII)


def microseconds(ts: str) -> int | None:
    """Return a `ts` as an integer, its fraction padded on the right; None if it is none."""
    match = TS.fullmatch(ts)
    if not match:
        return None
    seconds, fraction = match.groups(default="")
    return int(seconds) * 1_000_000 + int(fraction.ljust(6, "0"))


class Ts(fields.Field[int]):
    """A message's timestamp, loaded as microseconds.

    Fields and not validators: accepting a mark loads two of these, and validators cost more than the rest.
    """

    default_error_messages = {"ts": "Not a ts, which is like 1593473566.000200."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        cursor = microseconds(value) if isinstance(value, str) else None
        if cursor is None:
            raise self.make_error("ts")
        return cursor


class Channel(fields.Field[str]):
    """A conversation's id."""

    default_error_messages = {"channel": "Not a channel, which is like C012345678."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not (isinstance(value, str) and CHANNEL.fullmatch(value)):
            raise self.make_error("channel")
        return value


class MarkCall(Schema):
    """The arguments of `conversations.mark` and `mpim.mark`, as the vendor's pages list them.

    Loads to `channel` (str) and `ts` (microseconds since 1970). Unknown arguments pass.
    """

    class Meta:
        unknown = EXCLUDE

    channel = Channel(required=True)
    ts = Ts(required=True)


class TokenOwner(Schema):
    """The answer of `auth.test` (docs.slack.dev/reference/methods/auth.test); a user id is of its team."""

    class Meta:
        unknown = EXCLUDE

    team_id = fields.String(required=True)
    user_id = fields.String(required=True)
    team = fields.String(load_default="")
    user = fields.String(load_default="")


MARK_CALL = MarkCall()
TOKEN_OWNER = TokenOwner()

__all__ = ["CHANNEL", "MARK_CALL", "TOKEN_OWNER", "ValidationError", "microseconds"]
