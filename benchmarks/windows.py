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
    """What the platform saw of all windows but the last."""

    refused: int
    #: Of the fullest use that a window allows, the least.
    least: float
    sent: int
    counted: int
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
        kills, counted = 0, 0
        workers = [_worker(url, settings) for _ in range(PROCESSES)]
        end = time.monotonic() + windows * (SECONDS + 1.2)
        try:
            while time.monotonic() < end:
                time.sleep(chance.uniform(0.3, 4))
                number = chance.randrange(PROCESSES)
                workers[number].send_signal(signal.SIGKILL)
                workers[number].wait()
                kills += 1
                workers[number] = _worker(url, settings)
            counted = sum(window.used for *_, window in here.store.outbox.windows())
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
        here.close()
        seen, marks = there.ask("windows")["items"], there.ask("marks")
    full = [window["counted"] for window in seen[:-1]]
    return Outcome(marks["violations"], min(full) / CALLS, sum(full), counted, kills, marks["backwards"])


def _worker(url: str, settings: dict[str, str]) -> "subprocess.Popen[bytes]":
    env = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": "secret-key-of-the-benchmarks", **settings}
    return subprocess.Popen(
        [sys.executable, "-m", "webhook_app", "worker"], cwd=HERE.parent, env=env,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
