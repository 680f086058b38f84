"""Slack's Tier 3: so many calls of a method by a team, in a window that begins with the first to arrive."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from webhook_app.sandbox.slack_errors import SlackRefusal

#: Windows remembered; who makes more is no test any more.
_MOST = 100_000


@dataclass(slots=True)
class SlackWindow:
    """What a team has done with a method in one window."""

    team: str
    method: str
    #: When the first call arrived, in seconds since 1970.
    opened_at: float
    #: Calls let in.
    counted: int = 0
    #: Calls answered 429.
    refused: int = 0


class SlackWindows:
    """All windows there have been; the state's lock guards them."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], SlackWindow] = {}
        self._all: deque[SlackWindow] = deque(maxlen=_MOST)
        #: Calls that were one too many.
        self.violations = 0

    def spend(self, team: str, method: str, limit: int, seconds: float, now: float) -> None:
        """Counts one call, in a new window where the old one is over; raises ``ratelimited``."""
        window = self._open.get((team, method))
        if window is None or window.opened_at + seconds <= now:
            window = self._open[team, method] = SlackWindow(team, method, now)
            self._all.append(window)
        if window.counted < limit:
            window.counted += 1
            return
        window.refused += 1
        self.violations += 1
        raise SlackRefusal("ratelimited", retry_after=window.opened_at + seconds - now)

    def as_json(self) -> list[dict[str, Any]]:
        """All windows, oldest first."""
        return [asdict(window) for window in self._all]
