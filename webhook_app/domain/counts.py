"""Counts for operators, gathered for a few seconds before they become rows."""

from collections import Counter

#: (name, minutes since 1970) → how often.
Gathered = Counter[tuple[str, int]]


#: What is counted by account as well: `deliveries of|PLATFORM|ACCOUNT`.
BY_ACCOUNT = DELIVERIES_OF, MARKS_OF, CALLS_OF = "deliveries of", "marks of", "calls of"


class Counts:
    """What this process has counted since the last flush."""

    def __init__(self) -> None:
        self._gathered: Gathered = Counter()

    def add(self, name: str, now: int, n: int = 1) -> None:
        """Count under a name like `refused|PLATFORM|wrong signature`; `now` in milliseconds."""
        if n:
            self._gathered[name, now // 60_000] += n

    def take(self) -> Gathered:
        """Return what was gathered and start anew."""
        gathered, self._gathered = self._gathered, Counter()
        return gathered

    def put_back(self, gathered: Gathered) -> None:
        """Keep for later what could not be written."""
        self._gathered.update(gathered)
