"""Sections as they were rendered a moment ago, for all who look at the same.

Every open page asks again and again; a thousand of them are answered by one rendering a second.
"""

from collections.abc import Callable, Hashable
from threading import Lock

#: For how long a rendering is shared, and how many are kept.
KEPT, MOST = 1000, 64  # milliseconds, renderings


class Shared:
    """One of a process. Who asks while somebody renders waits for it."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._kept: dict[Hashable, tuple[int, str]] = {}

    def get(self, key: Hashable, now: int, render: Callable[[], str]) -> str:
        """What was rendered under this key, or is rendered now; `now` in milliseconds."""
        with self._turn:
            # A clock may have been put back.
            fresh = {key: (at, text) for key, (at, text) in self._kept.items() if 0 <= now - at < KEPT}
            if key not in fresh:
                fresh[key] = (now, render())
            self._kept = dict(list(fresh.items())[-MOST:])
            return fresh[key][1]
