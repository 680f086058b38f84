"""Four processes over one budget, killed and started at random, always with more to do than they may."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

from benchmarks.delivering import snowflake
from benchmarks.far_end import far_end
from benchmarks.hosts import HERE
from benchmarks.outgoing import introduce, services
from webhook_app.domain.outbox import Outgoing

CALLS, SECONDS = 200, 20
PROCESSES = 4
PACE = {"TWITTER_MARK_READ_LIMIT": f"{CALLS}/{SECONDS}", "COALESCE_SECONDS": "0.2"}


@dataclass(frozen=True)
class Outcome:
    """What came of them."""

    refused: int
    #: Of the calls that a window takes, those counted in the least used one; by us, and at the platform.
    counted: float
    arrived: float
    #: Calls that were counted, and those of them that never arrived.
    calls: int
    lost: int
    kills: int
    backwards: int


def overspending(url: str, *, windows: int = 10, seed: int = 1) -> Outcome:
    """Let them work through so many windows."""
    chance = random.Random(seed)
    with far_end(1, limit=(CALLS, SECONDS)) as there:
        settings = {**there.settings, **PACE}
        here = services(url, **settings)
        (name,) = introduce(here, 1)
        now = here.clock()
        backlog = [
            Outgoing("twitter", name, str(10**6 + n), snowflake(now - 10_000), now)
            for n in range(CALLS * (windows + 2))
        ]
        for start in range(0, len(backlog), 1000):
            here.outbound.accept(backlog[start : start + 1000])
        kills, used, full = 0, dict[int, int](), dict[int, int]()

        def look() -> None:
            """Each window has its own; what is counted in it only grows."""
            for *_, window in here.store.outbox.windows():
                used[window.first_claim_at] = window.used
                full[window.first_claim_at] = window.used + window.carry

        workers = [_worker(url, settings) for _ in range(PROCESSES)]
        end = time.monotonic() + windows * (SECONDS + 1.2)
        try:
            while time.monotonic() < end:
                pause = time.monotonic() + chance.uniform(0.3, 4)
                while time.monotonic() < pause:
                    time.sleep(0.1)
                    look()
                number = chance.randrange(PROCESSES)
                workers[number].send_signal(signal.SIGKILL)
                workers[number].wait()
                kills += 1
                workers[number] = _worker(url, settings)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
        look()
        here.close()
        seen, marks = there.ask("windows")["items"], there.ask("marks")
    counted, arrived = list(full.values()), [window["counted"] for window in seen]
    calls = sum(used.values())
    return Outcome(
        # The last ones were not worked through.
        marks["violations"], min(counted[:-1]) / CALLS, min(arrived[:-1]) / CALLS,
        calls, calls - sum(arrived), kills, marks["backwards"],
    )  # fmt: skip


def _worker(url: str, settings: dict[str, str]) -> "subprocess.Popen[bytes]":
    env = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": "secret-key-of-the-benchmarks", **settings}
    return subprocess.Popen(
        [sys.executable, "-m", "webhook_app", "worker"], cwd=HERE.parent, env=env,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
