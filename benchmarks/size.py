"""Whether ten million positions make anything slower than ten thousand; whether memory grows."""

import contextlib
import statistics
import tempfile
import time
from pathlib import Path

import psutil
from sqlalchemy import Connection, text

from benchmarks.bodies import BOT, START, write_requests
from benchmarks.hosts import Host, host
from benchmarks.ingest import OURS
from webhook_app.storage.database import open_engine
from webhook_app.storage.migrate import migrate

FIRST_READER = 1_000_000_000_000_000_000


def fill(database_url: str, many: int) -> None:
    """Put so many positions with their history into an empty database; a thousand readers a peer."""
    migrate(database_url)
    engine = open_engine(database_url)
    with engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        for start in range(0, many, 1_000_000):
            _fill(connection, start, min(start + 1_000_000, many))
    if engine.dialect.name == "postgresql":
        # As autovacuum does; SQLite's planner keeps what `migrate` has told it.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
    engine.dispose()


def _fill(connection: Connection, start: int, end: int) -> None:
    numbers = (
        "generate_series(CAST(:start AS bigint), :end - 1) AS numbers(n)"
        if connection.dialect.name == "postgresql"
        else "(WITH RECURSIVE numbers(n) AS (SELECT :start UNION ALL SELECT n + 1 FROM numbers"
        " WHERE n + 1 < :end) SELECT n FROM numbers)"
    )
    reader = f"CAST({FIRST_READER} + n AS text)"
    # The first are the customers of the benchmark's own bot, in the small database all of them.
    peer = f"CASE WHEN n < 20000 THEN '{BOT}' ELSE CAST(2000000000 + n / 1000 AS text) END"
    values = f"SELECT 'twitter', {reader}, {peer}, 1000000000000000000 + n, {START - 10**9} + n"
    parameters = {"start": start, "end": end}
    for table, more, columns in (
        ("read_positions", f", {START - 10**9} + n", ", updated_at"),
        ("history", "", ""),
    ):
        connection.execute(
            text(
                f"INSERT INTO {table} (platform, reader, peer, cursor, read_at{columns})"
                f" {values}{more} FROM {numbers}"
            ),
            parameters,
        )


def page_ms(gunicorn: Host) -> float:
    """The median time of filtered pages, in milliseconds."""
    times = []
    for _ in range(60):
        start = time.perf_counter()
        found = gunicorn.get(f"/api/v1/read-positions?platform=twitter&peer={BOT}&limit=100")
        times.append((time.perf_counter() - start) * 1000)
        if len(found["items"]) != 100:
            raise RuntimeError("the page is not full")
    # Without the first, which open connections.
    return statistics.median(times[4:])


def grown(small: str, large: str, *, rounds: int, seconds: float) -> tuple[float, float]:
    """(ingest rate, page time) over the large database by those over the small, by turns."""
    rates, pages = [], []
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        hosts = [stack.enter_context(host(OURS, url)) for url in (small, large)]
        requests = Path(folder) / "requests"
        for number in range(rounds):
            write_requests(requests, number * 60_000, 60_000)
            loads = [gunicorn.load(requests, seconds) for gunicorn in hosts]
            times = [page_ms(gunicorn) for gunicorn in hosts]
            rates.append(loads[1].rate / loads[0].rate)
            pages.append(times[1] / times[0])
    return statistics.median(rates), statistics.median(pages)


def memory_growth(database_url: str, deliveries: int) -> float:
    """Resident memory a worker after so many deliveries, by that after ten thousand."""
    migrate(database_url)
    with tempfile.TemporaryDirectory() as folder, host(OURS, database_url) as gunicorn:
        requests = Path(folder) / "requests"
        write_requests(requests, 0, 100_000)
        done = 0
        while done < 10_000:
            done += gunicorn.load(requests, 1).requests
        before = _resident(gunicorn)
        while done < deliveries:
            done += gunicorn.load(requests, 20).requests
        return _resident(gunicorn) / before


def cold_starts(database_url: str, times: int) -> list[float]:
    """Seconds from the Procfile's web line to the first right CRC answer."""
    migrate(database_url)
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        # `host` returns at the first answer of any kind.
        with host(OURS, database_url) as gunicorn:
            gunicorn.get("/webhooks/twitter?crc_token=benchmark")
            seconds.append(time.perf_counter() - start)
    return seconds


def _resident(gunicorn: Host) -> float:
    return statistics.mean(psutil.Process(pid).memory_info().rss for pid in gunicorn.workers())
