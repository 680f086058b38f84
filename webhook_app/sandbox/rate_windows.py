"""X's rate limits: so many calls in a window that begins with the first of them."""

import math
from dataclasses import dataclass, replace

WINDOW_SECONDS = 15 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """What one caller may still do at one endpoint."""

    limit: int
    used: int
    reset_at: float

    @property
    def overspent(self) -> bool:
        """Whether the last call was one too many."""
        return self.used > self.limit

    @property
    def remaining(self) -> int:
        """How many calls are left."""
        return max(0, self.limit - self.used)

    @property
    def reset(self) -> int:
        """When the window is over, in whole seconds: never earlier than it is."""
        return math.ceil(self.reset_at)

    def shifted(self, seconds: float) -> "Window":
        """The window as told by a clock that is so many seconds fast."""
        return replace(self, reset_at=self.reset_at + seconds)

    def headers(self) -> dict[str, str]:
        """The three headers that X adds to counted answers."""
        return {
            "x-rate-limit-limit": str(self.limit),
            "x-rate-limit-remaining": str(self.remaining),
            "x-rate-limit-reset": str(self.reset),
        }


class RateWindows:
    """All windows, by endpoint and caller; the state's lock guards them."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], Window] = {}

    def spend(self, endpoint: str, caller: str, limit: int, now: float) -> Window:
        """Counts one call, and opens a new window where the old one is over."""
        window = self._windows.get((endpoint, caller))
        if window is None or window.reset_at <= now:
            window = Window(limit, 0, now + WINDOW_SECONDS)
        window = Window(limit, window.used + 1, window.reset_at)
        self._windows[endpoint, caller] = window
        return window
