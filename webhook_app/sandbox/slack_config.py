"""What the sandbox's Slack is started with: workspaces, tokens and channels, and how strict it is."""

from dataclasses import asdict, dataclass
from typing import Any

#: Types of token; ``classic`` is a bot of the time before granular scopes, ``xapp`` belongs to no workspace.
TOKEN_TYPES = BOT, USER, CLASSIC, XAPP = "bot", "user", "classic", "xapp"
#: Kinds of conversation, and the letter their ids begin with.
KINDS = {"channel": "C", "group": "G", "im": "D", "mpim": "G"}
#: What has become of a token, and what Slack says to whoever uses it.
STATES = {
    "active": "",
    "inactive": "account_inactive",
    "revoked": "token_revoked",
    "expired": "token_expired",
}

#: Whatever lets bots and users mark; a new app has these, never ``bot`` or ``post``.
GRANULAR = ("channels:manage", "channels:write", "groups:write", "im:write", "mpim:write")


@dataclass(frozen=True, slots=True)
class SlackToken:
    """A token, whom it stands for, and what it allows."""

    token: str
    user: str
    #: One of ``TOKEN_TYPES``.
    type: str = BOT
    scopes: tuple[str, ...] = GRANULAR
    #: One of ``STATES``.
    state: str = "active"
    name: str = "helpful_bot"
    #: When a rotating token (``xoxe.xoxb-…``, ``xoxe.xoxp-…``) ends, in seconds since 1970; None: never.
    expires_at: float | None = None

    @property
    def bot_id(self) -> str | None:
        """The bot behind the user, where there is one."""
        return "B" + self.user[1:] if self.type in (BOT, CLASSIC) else None


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """A conversation."""

    id: str
    #: One of ``KINDS``.
    kind: str = "channel"
    #: None means that everybody is a member.
    members: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SlackWorkspace:
    """A team: ids of users and channels mean something only within it."""

    team_id: str
    tokens: tuple[SlackToken, ...] = ()
    channels: tuple[SlackChannel, ...] = ()
    name: str = "Sandbox"

    def as_json(self) -> dict[str, Any]:
        """The workspace as the control endpoints show it, tokens included."""
        return asdict(self)


#: One token of each type, one conversation of each kind.
SMALL = SlackWorkspace(
    "T0SANDBOX",
    tokens=(
        SlackToken("xoxb-sandbox-bot", "U0BOT"),
        SlackToken("xoxp-sandbox-user", "U0ALICE", USER, GRANULAR[1:], name="alice"),
        SlackToken("xoxb-sandbox-classic", "U0CLASSIC", CLASSIC, ("identify", "bot"), name="old_bot"),
        SlackToken("xapp-sandbox-app", "U0APP", XAPP, ("connections:write",), name="app"),
    ),
    channels=(
        SlackChannel("C0GENERAL"),
        SlackChannel("G0PRIVATE", "group"),
        SlackChannel("D0ALICE", "im"),
        SlackChannel("G0PARTY", "mpim"),
    ),
)


@dataclass(frozen=True, slots=True)
class SlackConfig:
    """The workspaces, the rate limit, and what is done with what Slack alone could know."""

    workspaces: tuple[SlackWorkspace, ...] = (SMALL,)
    #: Tier 3, per method and team: https://docs.slack.dev/apis/web-api/rate-limits
    limit: int = 50
    window_seconds: float = 60.0
    #: Conversations whose ids look right come into being by being named, with everybody as a member.
    any_channel: bool = False
    #: As it was before 2021-02-24: ``mpim.mark`` marks.
    mpim_alive: bool = False
    #: How far ahead of our clock the time of a message may be.
    future_seconds: float = 60.0


def many_workspaces(teams: int, channels: int, first: int = 1) -> tuple[SlackWorkspace, ...]:
    """So many teams, numbered from ``first``, with a bot and so many conversations of all kinds each."""
    return tuple(_numbered(number, channels) for number in range(first, first + teams))


def _numbered(number: int, channels: int) -> SlackWorkspace:
    return SlackWorkspace(
        f"T{number:08d}",
        tokens=(SlackToken(f"xoxb-sandbox-{number:08d}", f"U{number:08d}"),),
        channels=tuple(_nth_channel(number, index) for index in range(channels)),
        name=f"Team {number}",
    )


def _nth_channel(number: int, index: int) -> SlackChannel:
    kind = list(KINDS)[index % len(KINDS)]
    return SlackChannel(f"{KINDS[kind]}{number:05d}X{index:05d}", kind)
