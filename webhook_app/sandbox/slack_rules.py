"""Which scope, channel and timestamp Slack's pages let a mark pass with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from webhook_app.sandbox.slack_config import BOT, CLASSIC, KINDS, USER, SlackChannel, SlackToken
from webhook_app.sandbox.slack_errors import SlackRefusal

#: Of each kind of conversation, the scopes of which one is needed.
Scopes = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class MarkMethod:
    """A method that sets a read cursor: its name, and the scopes its page asks of each type of token."""

    name: str
    scopes: Mapping[str, Scopes]

    def scopes_for(self, token: SlackToken) -> Scopes:
        """What this token needs; types of token that the page does not name are not allowed."""
        scopes = self.scopes.get(token.type)
        if scopes is None:
            raise SlackRefusal("not_allowed_token_type")
        return scopes

    def kind_of(self, channel_id: str) -> str | None:
        """The kind of conversation that an unknown id would be of, for this method; None for no id."""
        kinds = next(iter(self.scopes.values()))
        return next((kind for kind in kinds if _looks_like(channel_id, KINDS[kind])), None)


_GRANULAR = {
    "channel": ("channels:write",),
    "group": ("groups:write",),
    "im": ("im:write",),
    "mpim": ("mpim:write",),
}

#: seeds/001: "you'll need at least one of the channels:, groups:, im: or mpim: scopes corresponding to the
#: conversation type"; ``channels:write`` besides ``channels:manage`` by platforms.md 5.1.
CONVERSATIONS = MarkMethod(
    "conversations.mark",
    {
        BOT: {**_GRANULAR, "channel": ("channels:manage", "channels:write")},
        USER: _GRANULAR,
        CLASSIC: dict.fromkeys(KINDS, ("bot",)),
    },
)
#: seeds/000: ``bot`` for bots, one of two for users; and multiparty direct messages only.
MPIM = MarkMethod(
    "mpim.mark",
    {BOT: {"mpim": ("bot",)}, USER: {"mpim": ("mpim:write", "post")}, CLASSIC: {"mpim": ("bot",)}},
)


def check_scope(scopes: Scopes, token: SlackToken, channel: SlackChannel | None) -> None:
    """Refuses a token without the scope for this kind of conversation, or without any where it is unknown."""
    kinds = scopes if channel is None else {channel.kind}
    needed = list(dict.fromkeys(scope for kind in kinds for scope in scopes.get(kind, ())))
    if needed and not set(needed) & set(token.scopes):
        raise SlackRefusal("missing_scope", needed=(needed, token.scopes))


def check_channel(scopes: Scopes, token: SlackToken, channel: SlackChannel | None) -> SlackChannel:
    """The channel, if it exists, is of a kind that the method is about, and the caller is in it."""
    if channel is None or channel.kind not in scopes:
        raise SlackRefusal("channel_not_found")
    if channel.members is not None and token.user not in channel.members:
        raise SlackRefusal("not_in_channel")
    return channel


def check_ts(ts: str, now: float, ahead: float) -> int:
    """Microseconds of a message's timestamp, which no more than ``ahead`` seconds are to come.

    As both pages write it, with all six digits: it is the id of a message, not a number.
    """
    if not re.fullmatch(r"[0-9]{1,10}\.[0-9]{6}", ts):
        raise SlackRefusal("invalid_timestamp")
    cursor = int(ts.replace(".", ""))
    if cursor > (now + ahead) * 1_000_000:
        raise SlackRefusal("invalid_timestamp")
    return cursor


def required(arguments: Mapping[str, str], name: str) -> str:
    """The value passed; passing none is ``invalid_arguments``, but an empty one is a value like others."""
    if name not in arguments:
        raise SlackRefusal("invalid_arguments", messages=[f"[ERROR] missing required field: {name}"])
    return arguments[name]


def _looks_like(channel_id: str, letter: str) -> bool:
    return re.fullmatch(letter + "[A-Z0-9]{2,20}", channel_id) is not None
