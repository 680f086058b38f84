"""What accepting and delivering marks costs, against doing nothing and against the clients alone."""

import statistics
import time

from benchmarks.hosts import host
from benchmarks.outgoing import add_account, introduce, services
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.outbox import Outgoing
from webhook_app.domain.position import Mark
from webhook_app.services import Services

OURS = "webhook_app:create_app()"
EMPTY = "benchmarks.apps:empty()"
PATH = "/api/conversations.mark"
TOKEN = "xoxb-of-the-benchmarks"


def accepting(database_url: str, *, rounds: int, seconds: float) -> float:
    """The rate of accepted marks by that of an empty view; the median of alternations."""
    here = services(database_url)
    add_account(here, "slack", "T0BENCH.U0BENCH", TOKEN, {"token": TOKEN})
    here.close()
    ratios = []
    for number in range(rounds):
        rates = {}
        for app in (OURS, EMPTY) if number % 2 else (EMPTY, OURS):
            with host(app, database_url, DISPATCH="0") as gunicorn:
                first = 1_700_000_000 + number * 1000
                gunicorn.mark(PATH, first, 1)
                rates[app] = gunicorn.mark(PATH, first + 500, seconds).rate
        ratios.append(rates[OURS] / rates[EMPTY])
    return statistics.median(ratios)


def fill(here: Services, accounts: int, each: int) -> None:
    """Let so many marks wait, for tomorrow."""
    tomorrow = here.clock() + 86_400_000
    for name in introduce(here, accounts):
        batch = [Outgoing("twitter", name, str(n), 10**18 + n, tomorrow) for n in range(each)]
        marks = [Mark(*out[:4], out.at) for out in batch]
        here.store.record(Inbound("twitter", marks=marks, outgoing=batch))


def claim_and_accept(here: Services, times: int) -> float:
    """Seconds that a mark takes to be accepted and claimed, over so many."""
    name = here.known.accounts("twitter")[0].id
    start = time.perf_counter()
    for number in range(times):
        now = here.clock()
        peer = str(10**12 + time.monotonic_ns() % 10**12)
        here.store.record(Inbound("twitter", outgoing=[Outgoing("twitter", name, peer, number + 1, now)]))
        if not here.store.outbox.claim(here.clock, {"twitter": 8}):
            raise RuntimeError("nothing claimed")
    return (time.perf_counter() - start) / times


def scale(small_url: str, large_url: str, *, rounds: int, times: int = 300) -> float:
    """The time of claim and accept with a million marks waiting by that with a thousand."""
    pair = []
    for url, accounts, each in ((small_url, 10, 100), (large_url, 10_000, 100)):
        here = services(url)
        fill(here, accounts, each)
        pair.append(here)
    ratios = []
    for _ in range(rounds):
        small, large = (claim_and_accept(here, times) for here in pair)
        ratios.append(large / small)
    for here in pair:
        here.close()
    return statistics.median(ratios)
