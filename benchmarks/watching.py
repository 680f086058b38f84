"""What viewers of the stream see, and what they cost."""

import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.bodies import deliveries, write_requests
from benchmarks.crowd import REQUEST
from benchmarks.hosts import HERE, Host, host
from benchmarks.ingest import p99
from webhook_app.storage.migrate import migrate

OURS = "webhook_app:create_app()"


@dataclass(frozen=True)
class Seen:
    """What a viewer among many has seen."""

    #: Milliseconds from the time that a position was written at to the arrival of its event.
    p50_ms: float
    p99_ms: float
    events: int
    #: Deliveries answered.
    deliveries: int
    #: Streams of the crowd that ended before their time.
    ended: int
    #: KiB of the worker by viewer: with all of them waiting, and at the end.
    waiting_kib: float
    kib: float


@contextmanager
def crowd(gunicorn: Host, viewers: int) -> Iterator["subprocess.Popen[str]"]:
    """So many viewers, with their first bytes; asked for their sum by the end of their input."""
    command = [sys.executable, "-m", "benchmarks.crowd", gunicorn.url.rpartition(":")[2], str(viewers)]
    process = subprocess.Popen(
        command, cwd=HERE.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        if process.stdout is None or process.stdout.readline() != "open\n":
            raise RuntimeError("the viewers were not let in")
        yield process
    finally:
        process.kill()
        process.wait()


class Sample:
    """One viewer that reads closely."""

    def __init__(self, gunicorn: Host) -> None:
        port = int(gunicorn.url.rpartition(":")[2])
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.sendall(REQUEST.encode())
        self.late_ms: list[float] = []
        self._since = time.time()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        rest = b""
        while data := self._socket.recv(1 << 18):
            now = time.time()
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line.startswith(b"data: {") and b'"updated_at":"' in line:
                    written = line.partition(b'"updated_at":"')[2][:24].decode()
                    at = datetime.fromisoformat(written).timestamp()
                    if at >= self._since:
                        self.late_ms.append((now - at) * 1000)


def deliver(gunicorn: Host, rate: float, seconds: float) -> int:
    """Deliver evenly; returns how many were answered well."""
    connection = HTTPConnection("127.0.0.1", int(gunicorn.url.rpartition(":")[2]), timeout=30)
    ready = list(deliveries(0, int(rate * seconds)))
    began, good = time.monotonic(), 0
    for number, (signature, body) in enumerate(ready):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        connection.request("POST", "/webhooks/twitter", body, {"x-twitter-webhooks-signature": signature})
        answer = connection.getresponse()
        answer.read()
        good += answer.status == 200
    return good


def kib(pid: int) -> int:
    """The memory of a process that is its own."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))


def watch(url: str, *, viewers: int, rate: float = 500, seconds: float = 20) -> Seen:
    """Let a crowd look on at one worker while deliveries arrive."""
    migrate(url)
    with host(OURS, url, workers=1) as gunicorn:
        (pid,) = gunicorn.workers()
        deliver(gunicorn, rate, 2)
        with crowd(gunicorn, 1):
            time.sleep(2)
        alone = kib(pid)
        with crowd(gunicorn, viewers) as process:
            time.sleep(2)
            waiting = kib(pid)
            sample = Sample(gunicorn)
            time.sleep(1)
            good = deliver(gunicorn, rate, seconds)
            time.sleep(2)
            full = kib(pid)
            said, _ = process.communicate("\n")
    late = sample.late_ms
    ended = int(said.split()[1])
    return Seen(
        statistics.median(late),
        p99(late),
        len(late),
        good,
        ended,
        (waiting - alone) / viewers,
        (full - alone) / viewers,
    )


def ingest_beside(url: str, *, viewers: int, rounds: int, seconds: float) -> float:
    """The rate of ingest with so many viewers by that without; the median of alternations."""
    migrate(url)
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        requests = Path(folder, "requests")
        write_requests(requests, 0, 120_000)
        for number in range(rounds):
            rates = {}
            for many in (0, viewers) if number % 2 else (viewers, 0):
                with host(OURS, url, DISPATCH="0") as gunicorn:
                    gunicorn.load(requests, 1)
                    if many:
                        with crowd(gunicorn, many):
                            rates[many] = gunicorn.load(requests, seconds).rate
                    else:
                        rates[many] = gunicorn.load(requests, seconds).rate
            ratios.append(rates[viewers] / rates[0])
    return statistics.median(ratios)
