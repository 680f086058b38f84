"""Whether an export of everything is quick, leaves memory flat, and lets others in."""

import statistics
import threading
import time
import urllib.request
from typing import NamedTuple

import psutil

from benchmarks.hosts import API_TOKEN, Host, host
from benchmarks.ingest import OURS
from benchmarks.size import fill


class Exported(NamedTuple):
    """What an export of everything took."""

    #: Rows a second.
    rate: float
    #: By how much the worker's resident memory grew at most, in MiB.
    grown_mib: float
    #: p99 of the CRC answers of the same worker, in milliseconds.
    crc_ms: float


def exporting(database_url: str, rows: int) -> Exported:
    """Export so many positions as NDJSON from one worker, which has exported some before."""
    fill(database_url, rows)
    with host(OURS, database_url, workers=1) as gunicorn:
        worker = psutil.Process(gunicorn.workers()[0])
        _read(gunicorn, 10_000)
        before = worker.memory_info().rss
        done = threading.Event()
        most, answers = [before], list[float]()
        watching = threading.Thread(target=_watch, args=(gunicorn, worker, done, most, answers))
        watching.start()
        began = time.perf_counter()
        try:
            read = _read(gunicorn, rows)
            seconds = time.perf_counter() - began
        finally:
            done.set()
            watching.join()
    if read != rows:
        raise RuntimeError(f"the export had {read} rows")
    return Exported(
        rows / seconds, (max(most) - before) / (1 << 20), statistics.quantiles(answers, n=100)[98]
    )


def _read(gunicorn: Host, most: int) -> int:
    """Read an export until there are so many rows, and then hang up; returns how many there were."""
    address = f"{gunicorn.url}/api/v1/export/positions.ndjson"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {API_TOKEN}"})
    rows = 0
    with urllib.request.urlopen(request, timeout=60) as answer:
        while data := answer.read1(1 << 20):
            rows += data.count(b"\n")
            if rows > most:
                break
    return rows


def _watch(
    gunicorn: Host, worker: psutil.Process, done: threading.Event, most: list[int], answers: list[float]
) -> None:
    """Note the worker's memory, and how long a CRC takes, twenty times a second."""
    while not done.wait(0.05):
        most.append(worker.memory_info().rss)
        began = time.perf_counter()
        urllib.request.urlopen(f"{gunicorn.url}/webhooks/twitter?crc_token=foo", timeout=60).close()
        answers.append((time.perf_counter() - began) * 1000)
