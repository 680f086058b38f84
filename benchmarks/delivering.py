"""What a dispatcher makes of what it is given: calls a second, calls saved, time until the call."""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import tweepy
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from benchmarks.bodies import SNOWFLAKE_EPOCH
from benchmarks.far_end import KEY, SECRET, FarEnd, account, far_end
from benchmarks.outgoing import introduce, services
from webhook_app.dispatcher import IN_HAND, Dispatcher
from webhook_app.domain.outbox import Outgoing
from webhook_app.services import Services


def snowflake(now: int) -> int:
    """The id of a message of this moment."""
    return now - SNOWFLAKE_EPOCH << 22


def delivering(url: str, *, accounts: int = 1000, each: int = 10) -> float:
    """Calls a second of a dispatcher by those of tweepy alone, with as many in flight."""
    with far_end(accounts) as there:
        alone = _tweepy(there, accounts, each)
        here = services(url, **there.settings, COALESCE_SECONDS="0")
        names = introduce(here, accounts)
        now = here.clock()
        cursor = snowflake(now - 10_000)
        for name in names:
            here.outbound.accept(
                [Outgoing("twitter", name, str(10**6 + n), cursor, now) for n in range(each)]
            )
        seconds = _dispatch_all(here)
        here.close()
        if there.ask("marks")["accepted"] != 2 * accounts * each:
            raise RuntimeError("not every mark arrived once")
    return accounts * each / seconds / alone


def _dispatch_all(here: Services) -> float:
    with dispatching(here):
        start = time.perf_counter()
        while here.store.outbox.next_at() is not None:
            time.sleep(0.05)
        return time.perf_counter() - start


@contextmanager
def dispatching(here: Services) -> Iterator[Dispatcher]:
    """A dispatcher in a thread, until the block ends."""
    dispatcher, ended = Dispatcher(here), threading.Event()
    thread = threading.Thread(target=dispatcher.run, args=(ended.is_set,))
    thread.start()
    try:
        yield dispatcher
    finally:
        ended.set()
        dispatcher.wake()
        thread.join()


class _Kept(HTTPAdapter):
    """Keeps connections where tweepy closes its session after each call, and leaves TLS away."""

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send over plain http."""
        request.url = str(request.url).replace("https://", "http://", 1)
        return super().send(request, *args, **kwargs)

    def close(self) -> None:
        """Keep the connections."""


def _tweepy(there: FarEnd, accounts: int, each: int) -> float:
    """Calls a second of a bare loop."""
    adapter, lines = _Kept(pool_maxsize=IN_HAND), threading.local()
    cursor = snowflake(time.time_ns() // 1_000_000 - 20_000)

    def call(number: int) -> None:
        if not hasattr(lines, "api"):
            lines.api = tweepy.API(host=there.url.removeprefix("http://"))
            lines.api.session.mount("https://", adapter)
        one = account(number // each)
        keys = (KEY, SECRET, one.access_token, one.access_token_secret)
        lines.api.auth = tweepy.OAuth1UserHandler(*keys)
        lines.api.mark_direct_message_read(
            last_read_event_id=str(cursor), recipient_id=str(10**6 + number % each)
        )

    start = time.perf_counter()
    with ThreadPoolExecutor(IN_HAND) as pool:
        list(pool.map(call, range(accounts * each)))
    return accounts * each / (time.perf_counter() - start)


def coalescing(url: str, platform: str, *, marks: int = 100_000) -> int:
    """How many calls become of so many marks of 1000 conversations."""
    with far_end(4, 40) as there:
        here = services(url, **there.settings, COALESCE_SECONDS="60")
        if platform == "twitter":
            places = [(name, str(10**6 + n)) for name in introduce(here, 4) for n in range(250)]
        else:
            places = list(_slack_places(here))
        with dispatching(here):
            for start in range(0, marks, 1000):
                now = here.clock()
                seen = now - 30_000 + start // 10
                cursor = snowflake(seen) if platform == "twitter" else seen * 1000
                here.outbound.accept([Outgoing(platform, *place, cursor, now) for place in places])
            while here.store.outbox.numbers().waiting:
                time.sleep(0.2)
        here.close()
        report = there.ask("marks") if platform == "twitter" else there.ask("slack/marks")
        if report["backwards"]:
            raise RuntimeError("marks went backwards")
        return int(report["accepted"])


def _slack_places(here: Services) -> Iterator[tuple[str, str]]:
    """Every conversation of forty teams of the sandbox."""
    for team in range(1, 41):
        added = here.accounts.add("slack", {"token": f"xoxb-sandbox-{team:08d}"}, "benchmark")
        for index in range(25):
            letter = "CGDG"[index % 4]
            yield added.id, f"{letter}{team:05d}X{index:05d}"


def latency(url: str, *, marks: int = 400) -> float:
    """The 99th percentile of milliseconds from a mark on a quiet conversation to its call."""
    with far_end(1) as there:
        here = services(url, **there.settings)
        (name,) = introduce(here, 1)
        asked: dict[str, float] = {}
        with dispatching(here):
            time.sleep(1)
            for number in range(marks):
                peer, now = str(10**6 + number), here.clock()
                asked[peer] = time.time()
                here.outbound.accept([Outgoing("twitter", name, peer, snowflake(now - 1000), now)])
                time.sleep(random.uniform(0.01, 0.06))
            while here.store.outbox.numbers().waiting:
                time.sleep(0.1)
        here.close()
        items = there.ask("marks")["items"]
        waits = sorted((item["at"] - asked[item["recipient_id"]]) * 1000 for item in items)
        return float(waits[int(len(waits) * 0.99)])
