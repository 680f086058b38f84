"""What dashboards ask of ten million positions: how long the answers take, and how large the page is."""

import contextlib
import statistics
import time
from collections.abc import Callable
from functools import partial
from urllib.parse import urljoin

import requests
from sqlalchemy import text

from benchmarks.bodies import BOT, START
from benchmarks.hosts import API_TOKEN, Host, host
from benchmarks.ingest import OURS
from benchmarks.size import FIRST_READER
from webhook_app.domain.timing import SentAt
from webhook_app.storage import Store
from webhook_app.storage.database import open_engine

#: Where `size.fill` puts what was read.
READ_AT = START - 10**9
HOUR, DAY = 3_600_000, 86_400_000
TIMES = 40
#: By what is shown of it.
QUESTIONS = {
    "stats by hour": "/api/v1/stats?limit=1000&since={since}&until={until}",
    "stats by day of an account": f"/api/v1/stats?interval=day&account={BOT}&since={{since}}&until={{until}}",
    "unread, oldest first": "/api/v1/unread",
    "readers of a message": f"/api/v1/messages/twitter/{BOT}/1000000000000010000/readers",
}


def fill_unread(database_url: str, many: int) -> None:
    """Put so many messages beside the positions, every other of them read already."""
    engine = open_engine(database_url)
    numbers = (
        "generate_series(CAST(0 AS bigint), :many - 1) AS numbers(n)"
        if engine.dialect.name == "postgresql"
        else "(WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers"
        " WHERE n + 1 < :many) SELECT n FROM numbers)"
    )
    peer = f"CASE WHEN n < 20000 THEN '{BOT}' ELSE CAST(2000000000 + n / 1000 AS text) END"
    message = "1000000000000000000 + n + CASE WHEN n % 2 = 0 THEN 1 ELSE -1 END"
    with engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(
            text(
                "INSERT INTO unread_messages (platform, reader, peer, message)"
                f" SELECT 'twitter', CAST({FIRST_READER} + n AS text), {peer}, {message} FROM {numbers}"
            ),
            {"many": many},
        )
    if engine.dialect.name == "postgresql":
        # As autovacuum does.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE unread_messages"))
    engine.dispose()


def make_figures(database_url: str) -> float:
    """Seconds in which all figures of a database are made."""
    store = Store(database_url, ("secret-key-of-the-benchmarks",))
    store.configure({}, {"twitter": SentAt(1 << 22, 1_288_834_974_657)})
    began, now = time.perf_counter(), time.time_ns() // 1_000_000
    while store.make_figures(now, 90, "benchmark", HOUR):
        pass
    store.close()
    return time.perf_counter() - began


def answers_ms(gunicorn: Host) -> dict[str, float]:
    """The median time of an answer to each question, in milliseconds."""
    moments = (READ_AT // DAY * DAY, READ_AT // DAY * DAY + 2 * DAY)
    since, until = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment / 1000)) for moment in moments)
    found = {}
    for name, path in QUESTIONS.items():
        address = path.format(since=since, until=until)
        if not any(gunicorn.get(address).values()):
            raise RuntimeError(f"nothing was found: {address}")
        found[name] = _median(partial(gunicorn.get, address))
    return found


def pages(small: str, large: str, *, rounds: int) -> tuple[float, float]:
    """The time of the first page over the large database by that over the small; its size in KB, all told."""
    ratios, sizes = [], []
    with contextlib.ExitStack() as stack:
        hosts = [stack.enter_context(host(OURS, url, DISPATCH="0")) for url in (small, large)]
        people = [_logged_in(gunicorn) for gunicorn in hosts]
        for _ in range(rounds):
            times = [
                _median(partial(person.get, gunicorn.url))
                for person, gunicorn in zip(people, hosts, strict=True)
            ]
            ratios.append(times[1] / times[0])
        sizes = [_size(person, gunicorn) for person, gunicorn in zip(people, hosts, strict=True)]
    return statistics.median(ratios), max(sizes)


def _logged_in(gunicorn: Host) -> requests.Session:
    person = requests.Session()
    person.post(urljoin(gunicorn.url, "/login"), data={"token": API_TOKEN}).raise_for_status()
    return person


def _size(person: requests.Session, gunicorn: Host) -> float:
    """KB that the page and what it loads take on the wire."""
    page = person.get(gunicorn.url)
    addresses = {
        word.split('"')[0] for word in page.text.replace("src=", "href=").split('href="/static/')[1:]
    }
    answers = [page, *(person.get(urljoin(gunicorn.url, f"/static/{one}")) for one in addresses)]
    # What requests has unpacked is not what came.
    return sum(int(answer.headers["Content-Length"]) for answer in answers) / 1000


def _median(ask: Callable[[], object]) -> float:
    times = []
    for _ in range(TIMES):
        start = time.perf_counter()
        ask()
        times.append((time.perf_counter() - start) * 1000)
    # Without the first, which open connections.
    return statistics.median(times[4:])
