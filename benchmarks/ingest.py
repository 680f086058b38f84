"""Durable ingest against less: the same handler without a store, an empty view, another library."""

import statistics
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.bodies import write_requests
from benchmarks.hosts import Host, Load, host
from webhook_app.storage.migrate import migrate

OURS = "webhook_app:create_app()"
STORELESS = "benchmarks.apps:storeless()"
EMPTY = "benchmarks.apps:empty()"
LIBRARY = "benchmarks.apps:library()"
LIBRARY_STORING = "benchmarks.apps:library_storing()"
#: More than the fastest answers in a round; afterwards they are repeated.
DELIVERIES = 120_000


@dataclass
class Rounds:
    """What each application did, round by round."""

    loads: dict[str, list[Load]] = field(default_factory=dict)
    challenges_ms: list[float] = field(default_factory=list)

    def ratio(self, one: str, other: str) -> float:
        """The median over the rounds of one's rate by the other's, of the same round."""
        pairs = zip(self.loads[one], self.loads[other], strict=True)
        return statistics.median(a.rate / b.rate for a, b in pairs)

    def p99(self, app: str) -> float:
        """The median of the rounds' p99, in milliseconds."""
        return statistics.median(load.p99_ms for load in self.loads[app])

    def rate(self, app: str) -> float:
        """The median of the rounds' rates, a second."""
        return statistics.median(load.rate for load in self.loads[app])


def compare(database_url: str, apps: list[str], *, rounds: int, seconds: float) -> Rounds:
    """Run the applications by turns, each in a fresh gunicorn over a database with some history."""
    migrate(database_url)
    result = Rounds({app: [] for app in apps})
    with tempfile.TemporaryDirectory() as folder:
        requests = Path(folder) / "requests"
        for number in range(rounds):
            write_requests(requests, number * DELIVERIES, DELIVERIES)
            # The order changes, so that no application always follows the same other.
            for app in apps[number % len(apps) :] + apps[: number % len(apps)]:
                with host(app, database_url) as gunicorn:
                    gunicorn.load(requests, 1)
                    asker = _Asker(gunicorn) if app == OURS else None
                    result.loads[app].append(gunicorn.load(requests, seconds))
                    if app == OURS and result.loads[app][-1].bad:
                        raise RuntimeError("deliveries failed")
                    if asker:
                        result.challenges_ms += asker.stop()
    return result


class _Asker:
    """Asks for a CRC every 50 ms, beside the load."""

    def __init__(self, gunicorn: Host) -> None:
        self._url = f"{gunicorn.url}/webhooks/twitter?crc_token=benchmark"
        self._times: list[float] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self) -> None:
        while not self._end.wait(0.05):
            start = time.perf_counter()
            urllib.request.urlopen(self._url, timeout=30).close()
            self._times.append((time.perf_counter() - start) * 1000)

    def stop(self) -> list[float]:
        """Return how long each answer took, in milliseconds."""
        self._end.set()
        self._thread.join()
        return self._times


def p99(values: list[float]) -> float:
    """The 99th percentile."""
    return sorted(values)[int(len(values) * 0.99)]
