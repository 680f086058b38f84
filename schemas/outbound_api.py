"""The shapes of `/api/v1` on the way out: marks, rate limits and accounts."""

from typing import Any

from marshmallow import RAISE, Schema, fields, post_dump
from marshmallow.validate import Length, OneOf

from schemas.api_fields import NoQuery, Page, PageQuery, storable, text, time, whole

#: What a name, an id or a secret may have of characters.
LONGEST = Length(max=1000)
#: What has become of a mark; in the reply to a call also `stale`.
STATUSES = ("waiting", "delivered", "failed", "stopped")
#: Of these nothing is sent, whatever time they had.
NOT_DUE = ("delivered", "failed", "stopped")
STATES = ("active", "paused", "revoked", "unauthorised", "suspended")


class NewMark(Schema):
    """A mark to be passed on."""

    class Meta:
        unknown = RAISE

    platform = text("Where.", required=True)
    account = text("On whose behalf; may be left out where there is only one account.")
    peer = text("Whose messages: a person or a channel.", required=True)
    cursor = text("The message read up to, as the platform writes it.", required=True)
    if_limited = text(
        "`queue`: the mark waits while the rate window has no room. `fail`: 429 if the window has less left"
        " than what waits already and this; in a list all or none say so.",
        load_default="queue",
        validate=OneOf(["queue", "fail"]),
    )


class Mark(Schema):
    """What is known of the latest mark of an account and a peer."""

    platform = text("Where.", required=True)
    account = text("On whose behalf.", required=True)
    peer = text("Whose messages.", required=True)
    cursor = text("The message to be marked as read, up to which all others are, too.", required=True)
    acknowledged = text(
        "The message up to which the platform knows; null before.", required=True, allow_none=True
    )
    status = text(
        "`waiting`; `delivered`; `failed`: the platform refuses, and only a new mark or a retry is tried"
        " again; `stopped`: the account is not active, and it waits for that. In the reply to a mark also"
        " `stale`: the platform knew before, and nothing is sent.",
        required=True,
        validate=OneOf([*STATUSES, "stale"]),
    )
    due_at = time(
        "When it is sent next, if the rate window has room; null if nothing is due, as of delivered, failed"
        " and stopped ones.",
        required=True,
        allow_none=True,
    )
    attempts = whole("Failures in a row.", required=True)
    problem = text("What the platform last said against it, in its words.", required=True, allow_none=True)
    accepted_at = time("When it was last marked.", required=True)
    delivered_at = time("When the platform last took a mark of it.", required=True, allow_none=True)

    @post_dump
    def _hide_what_is_not_due(self, shown: dict[str, Any], **_: Any) -> dict[str, Any]:
        """A stopped mark keeps its time for when its account is resumed; until then nothing is due."""
        return shown | {"due_at": None} if shown["status"] in NOT_DUE else shown


class Preferences(Schema):
    """How the caller would like a call to be answered (RFC 7240)."""

    prefer = text(
        "`wait=N`: answer when all is settled, or after N seconds, at most 25. Others are ignored.",
        data_key="Prefer",
    )


class Marks(Page):
    """A page of marks."""

    items = fields.List(fields.Nested(Mark), required=True)


class MarkQuery(PageQuery):
    """Which marks."""

    platform = text("Of this platform only.")
    account = text("Of this account only.")
    peer = text("Of messages of this peer only.")
    status = text("In this status only.", validate=OneOf(STATUSES))


class RateLimit(Schema):
    """What an account may still call."""

    platform = text("Where.", required=True)
    account = text("Whose calls. Accounts that share one limit all show it.", required=True)
    method = text("Calls of what.", required=True)
    limit = whole("Calls in a window.", required=True)
    used = whole("Calls that count in the window now.", required=True)
    remaining = whole("Calls that may still be made in it.", required=True)
    since = time("Since when calls are counted; null if no window is open.", required=True, allow_none=True)
    reset_at = time("When it closes, at the latest; null if none is open.", required=True, allow_none=True)
    blocked = text("Why nothing is sent now; null if it is.", required=True, allow_none=True)


class RateLimits(Page):
    """A page of rate limits."""

    items = fields.List(fields.Nested(RateLimit), required=True)


class NewAccount(Schema):
    """Credentials of somebody who has authorised the app. They are stored encrypted and never shown."""

    class Meta:
        unknown = RAISE

    platform = text("Where.", required=True)
    credentials = fields.Dict(
        keys=fields.String(validate=[LONGEST, storable]),
        values=fields.String(validate=[LONGEST, storable]),
        required=True,
        validate=Length(max=10),
        metadata={
            "description": "By name. On twitter `access_token` and `access_token_secret`: the user id is read"
            " out of the token, and X is not asked, so that they are not checked before the first mark. On"
            " slack `token`: Slack is asked whose it is."
        },
    )


class Account(Schema):
    """Somebody on whose behalf the platform is called."""

    platform = text("Where.", required=True)
    id = text("Who.", required=True)
    name = text("The name, if known.", required=True, allow_none=True)
    owner = text("Whose rate limit its calls spend.", required=True)
    state = text("Only for active ones anything is sent.", required=True, validate=OneOf(STATES))
    reason = text("Why it is not active or is refused, in the platform's or the operator's words.",
                  required=True, allow_none=True)  # fmt: skip
    since = time("Since when it is in this state.", required=True)
    authorised_at = time("When the credentials were given.", required=True)
    refused_until = time(
        "The platform refuses it for now; then it is tried again.", required=True, allow_none=True
    )
    scopes = fields.List(
        fields.String(),
        required=True,
        allow_none=True,
        metadata={"description": "What the credentials may do, if the platform tells."},
    )
    configured = fields.Boolean(
        required=True, metadata={"description": "Whether the credentials come from the environment."}
    )


class Accounts(Page):
    """A page of accounts."""

    items = fields.List(fields.Nested(Account), required=True)


class Pausing(Schema):
    """Why an account is paused."""

    class Meta:
        unknown = RAISE

    reason = text("For whoever looks at the account.", load_default="", validate=[LONGEST, storable])


class RemovalQuery(NoQuery):
    """How an account goes."""

    now = fields.Boolean(
        load_default=False,
        metadata={"description": "Drop what waits, instead of sending it first."},
    )
