"""Everything the sandbox's Slack knows, behind one lock."""

import threading
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from webhook_app.sandbox.moments import Clock
from webhook_app.sandbox.slack_config import STATES, SlackChannel, SlackConfig, SlackToken, SlackWorkspace
from webhook_app.sandbox.slack_errors import SlackRefusal, Switches
from webhook_app.sandbox.slack_windows import SlackWindows

#: Accepted marks remembered, for a sandbox that runs for days.
_MOST = 200_000


@dataclass(frozen=True, slots=True)
class Grant:
    """A token and the workspace it is for."""

    workspace: SlackWorkspace
    token: SlackToken

    @property
    def account(self) -> str:
        """``TEAM.USER``: a user's id means something only within the team."""
        return f"{self.workspace.team_id}.{self.token.user}"


@dataclass(frozen=True, slots=True)
class SlackMark:
    """A mark as it was accepted."""

    #: Seconds since 1970.
    at: float
    method: str
    team: str
    user: str
    channel: str
    ts: str


class SlackState:
    """Workspaces, windows, marks and errors on demand."""

    def __init__(self, config: SlackConfig, clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.lock = threading.RLock()
        self.switches = Switches()
        self.windows = SlackWindows()
        self.marks: deque[SlackMark] = deque(maxlen=_MOST)
        self.accepted = 0
        #: Accepted marks that set a cursor back: "mark unread", which nobody here means to do.
        self.backwards = 0
        #: By method and error, or ``ok``.
        self.answers: Counter[tuple[str, str]] = Counter()
        self.workspaces: dict[str, SlackWorkspace] = {}
        self._grants: dict[str, Grant] = {}
        self._channels: dict[tuple[str, str], SlackChannel] = {}
        self._cursors: dict[tuple[str, str, str], int] = {}
        self.add(config.workspaces)

    def add(self, workspaces: Iterable[SlackWorkspace]) -> None:
        """Adds workspaces; one that is known already is replaced, its cursors stay."""
        with self.lock:
            for workspace in workspaces:
                if workspace.team_id in self.workspaces:
                    self._remove(workspace.team_id)
                self.workspaces[workspace.team_id] = workspace
                self._grants |= {token.token: Grant(workspace, token) for token in workspace.tokens}
                self._channels |= {(workspace.team_id, each.id): each for each in workspace.channels}

    def grant(self, token: str | None) -> Grant:
        """What the token stands for; raises Slack's verdict about tokens that are good for nothing."""
        if token is None:
            raise SlackRefusal("not_authed")
        with self.lock:
            grant = self._grants.get(token)
        if grant is None:
            raise SlackRefusal("invalid_auth")
        if verdict := STATES[grant.token.state]:
            raise SlackRefusal(verdict)
        if grant.token.expires_at is not None and grant.token.expires_at <= self.clock():
            raise SlackRefusal(STATES["expired"])
        return grant

    def spend(self, grant: Grant, method: str) -> None:
        """Counts a call of the method for the team; raises ``ratelimited``."""
        with self.lock:
            config, team = self.config, grant.workspace.team_id
            self.windows.spend(team, method, config.limit, config.window_seconds, self.clock())

    def channel(self, grant: Grant, channel_id: str, kind: str | None) -> SlackChannel | None:
        """The team's channel with this id; where any will do, one of this kind comes into being."""
        place = grant.workspace.team_id, channel_id
        with self.lock:
            if place not in self._channels and self.config.any_channel and kind is not None:
                self._channels[place] = SlackChannel(channel_id, kind)
            return self._channels.get(place)

    def record(self, grant: Grant, method: str, channel: str, ts: str, cursor: int) -> None:
        """Sets the cursor of whoever owns the token."""
        team, user = grant.workspace.team_id, grant.token.user
        with self.lock:
            self.marks.append(SlackMark(self.clock(), method, team, user, channel, ts))
            self.accepted += 1
            self.backwards += cursor < self._cursors.get((team, user, channel), 0)
            self._cursors[team, user, channel] = cursor

    def marks_as_json(self) -> dict[str, Any]:
        """The marks, oldest first, and how all calls were answered."""
        with self.lock:
            answers: dict[str, dict[str, int]] = {}
            for (method, word), count in self.answers.items():
                answers.setdefault(method, {})[word] = count
            items = [asdict(mark) for mark in self.marks]
            return {
                "items": items,
                "accepted": self.accepted,
                "backwards": self.backwards,
                "answers": answers,
            }

    def _remove(self, team: str) -> None:
        self._grants = {
            token: grant for token, grant in self._grants.items() if grant.workspace.team_id != team
        }
        self._channels = {place: each for place, each in self._channels.items() if place[0] != team}
