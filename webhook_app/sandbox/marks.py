"""What has been marked as read by calls, and how full each rate window was: what a test asks afterwards."""

import threading
from dataclasses import asdict, dataclass
from typing import Any

from webhook_app.sandbox.rate_windows import Window


@dataclass(frozen=True, slots=True)
class AcceptedMark:
    """One call answered with success, in the order of arrival."""

    #: When the call arrived, in seconds since 1970.
    at: float
    user: str
    recipient: str
    up_to: int

    def as_json(self) -> dict[str, Any]:
        """The mark in the words of the call."""
        return {
            "at": self.at,
            "user": self.user,
            "recipient_id": self.recipient,
            "last_read_event_id": str(self.up_to),
        }


@dataclass(slots=True)
class MarkWindow:
    """One user's window, opened by the arrival of its first call."""

    user: str
    limit: int
    opened_at: float
    closes_at: float
    #: Calls that the limit has let through, whatever has become of them then; never more than the limit.
    counted: int = 0
    #: Calls beyond it, each answered with 429.
    violations: int = 0

    def spend(self) -> bool:
        """Counts one more call; whether the limit lets it through."""
        if self.counted < self.limit:
            self.counted += 1
            return True
        self.violations += 1
        return False

    def as_window(self) -> Window:
        """The window as the platform tells it."""
        return Window(self.limit, self.counted, self.closes_at)


class Marks:
    """Every accepted mark and every window, of all users; it guards itself.

    Like X's, a window is fixed: it opens when a call arrives and none is open, and closes so many seconds
    later (in tweepy's recorded answers, ``reset - Date`` is 900 s at a window's first call, and ``reset`` the
    same at the others).
    """

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._lock = threading.Lock()
        self._windows: list[MarkWindow] = []
        #: By user, the last one opened.
        self._latest: dict[str, MarkWindow] = {}
        self._accepted: list[AcceptedMark] = []
        #: By user and recipient, the furthest accepted.
        self._furthest: dict[tuple[str, str], int] = {}
        self._calls = self._backwards = self._repeated = 0

    def call(self) -> None:
        """Counts a call, whoever has made it."""
        with self._lock:
            self._calls += 1

    def arrive(self, user: str, now: float) -> tuple[Window, bool]:
        """Counts a call in the user's window, opening one if need be; also says whether it is let through."""
        with self._lock:
            window = self._latest.get(user)
            if window is None or window.closes_at <= now:
                window = MarkWindow(user, self._limit, now, now + self._seconds)
                self._latest[user] = window
                self._windows.append(window)
            let_through = window.spend()
            return window.as_window(), let_through

    def accept(self, at: float, user: str, recipient: str, up_to: int) -> None:
        """Keeps a mark."""
        with self._lock:
            self._accepted.append(AcceptedMark(at, user, recipient, up_to))
            furthest = self._furthest.setdefault((user, recipient), 0)
            self._backwards += up_to < furthest
            self._repeated += up_to == furthest
            self._furthest[user, recipient] = max(up_to, furthest)

    def window(self, user: str, now: float) -> Window:
        """What the user may still do; a window that nobody has opened would close after its full length."""
        with self._lock:
            window = self._latest.get(user)
            if window is None or window.closes_at <= now:
                return Window(self._limit, 0, now + self._seconds)
            return window.as_window()

    def accepted_json(self, since: int = 0) -> dict[str, Any]:
        """The marks from this index on, and counts of everything."""
        with self._lock:
            return {
                "calls": self._calls,
                "accepted": len(self._accepted),
                "violations": sum(window.violations for window in self._windows),
                "backwards": self._backwards,
                "repeated": self._repeated,
                "items": [mark.as_json() for mark in self._accepted[since:]],
            }

    def windows_json(self) -> dict[str, Any]:
        """All windows, in the order in which they opened."""
        with self._lock:
            return {"items": [asdict(window) for window in self._windows]}
