"""The webhook dies at night while people go on reading; in the morning every position is right."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from math import inf
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.conftest import CONSUMER_SECRET
from tests.host.hosting import ROOT, free_port, until
from tests.scenarios.clocked import FileClock
from tests.scenarios.service import GUNICORN, Service, serving
from tests.scenarios.test_sandbox import BOT, X
from webhook_app.sandbox.config import SandboxConfig
from webhook_app.sandbox.positions import Mark
from webhook_app.sandbox.server import Sandbox
from webhook_app.storage import Store
from webhook_app.storage import tables as t
from webhook_app.storage.watching import Watches, read_watches

WORDS = (*GUNICORN[:-1], "tests.scenarios.clocked:create()")
HOUR = 60  # minutes
#: (cursor) by (reader, peer).
Cursors = dict[tuple[str, str], str]


class Placeholder(BaseHTTPRequestHandler):
    """What a host shows where nothing runs: a page, with status 200."""

    def do_GET(self) -> None:
        """Show it."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"There is nothing here, yet.")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def placeholder(port: int) -> Iterator[None]:
    """The host's page in our place."""
    with HTTPServer(("127.0.0.1", port), Placeholder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def clock(tmp_path: Path) -> FileClock:
    """The clock of X and of the service; it begins at the present, by which subscriptions are signed."""
    clock = FileClock(tmp_path / "clock")
    clock.put(time.time_ns() // 1_000_000)
    return clock


@pytest.fixture
def x(clock: FileClock) -> Iterator[X]:
    """A sandbox with people."""
    config = SandboxConfig(
        "consumer-key", CONSUMER_SECRET, "bearer-token", (BOT,), people=30, reads_per_second=0, seed=1,
        retry_delays=(0.1,),
    )  # fmt: skip
    with Sandbox(config, clock=lambda: clock() / 1000, say=lambda _: None) as sandbox:
        yield X(sandbox)


@pytest.fixture
def environ(environ: dict[str, str], x: X, clock: FileClock, tmp_path: Path) -> dict[str, str]:
    """The environment of a service with a bot on X."""
    return environ | {
        "CLOCK": str(tmp_path / "clock"),
        "TWITTER_API_URL": x.sandbox.url,
        "TWITTER_BEARER_TOKEN": "bearer-token",
        "TWITTER_CONSUMER_KEY": "consumer-key",
        "TWITTER_ACCESS_TOKEN": BOT.access_token,
        "TWITTER_ACCESS_TOKEN_SECRET": BOT.access_token_secret,
    }


def readmark(environ: dict[str, str], *words: str) -> None:
    """Run a command."""
    env = {"PYTHONPATH": str(ROOT), **environ}
    subprocess.run(
        [sys.executable, "-m", "webhook_app", *words], env=env, check=True, cwd=Path(environ["CLOCK"]).parent
    )


def read(x: X, many: int) -> None:
    """So many people read; returns when X has delivered that, or given it up."""
    x.call("POST", "/flood", count=many)
    until(x.quiet)


def truth(x: X) -> Cursors:
    """How far people have read, whether X has delivered that or not."""
    state = x.sandbox.world.state
    (webhook,) = state.webhooks
    marks: dict[tuple[str, str], Mark] = {}
    for event in state.memory.between(webhook, 0, inf)[0]:
        for mark in event.marks:
            key = (mark.reader, mark.peer)
            marks[key] = max(marks.get(key, mark), mark, key=lambda one: one.up_to)
    return {key: str(mark.up_to) for key, mark in marks.items()}


def cursors(service: Service) -> Cursors:
    """How far they have read, as the API says."""
    return {key: cursor for key, (cursor, _) in service.read_positions().items()}


def let_pass(minutes: int, clock: FileClock, store: Store) -> Watches:
    """Let time pass, as far as the watchdog keeps up with it; returns what it has written."""
    end = clock() + minutes * 60_000

    def passed() -> bool:
        stepped = min((one.stepped_at for one in told(store).platforms), default=0)
        # More would be an outage.
        if clock() - stepped < 150_000:
            clock.advance(1 / 6)
        return stepped >= end

    until(passed, 60)
    return told(store)


def told(store: Store) -> Watches:
    """What the watchdog has written."""
    return store.read(read_watches)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_after_a_night_without_a_webhook_every_position_is_right(
    environ: dict[str, str], store: Store, x: X, clock: FileClock, tmp_path: Path
) -> None:
    port = free_port()
    with serving(tmp_path, WORDS, port, **environ) as service:
        readmark(environ, "webhook", "register", f"http://127.0.0.1:{port}/webhooks/twitter")
        until(lambda: store.accounts.list())
        readmark(environ, "webhook", "subscribe", BOT.user_id)
        read(x, 20)
        (webhook,) = let_pass(4, clock, store).webhooks
        assert webhook.valid
        assert cursors(service) == truth(x) != {}
    # It has died, and X tries in vain.
    read(x, 20)
    clock.advance(30)
    with placeholder(port):
        (checked,) = x.call("POST", "/check")["items"]
        assert not checked["valid"]
        read(x, 20)
        clock.advance(3 * HOUR)
        read(x, 20)
        clock.advance(30)
    # The lease of who died goes by the machine's clock, which no test moves.
    store.write(lambda connection: connection.execute(update(t.leases).values(until=0)))
    with serving(tmp_path, WORDS, port, **environ) as service:
        assert cursors(service) != truth(x)
        # Nobody does anything.
        (webhook,) = let_pass(4, clock, store).webhooks
        assert webhook.valid
        read(x, 20)
        let_pass(18, clock, store)
        until(lambda: set(told(store).missed) == {("twitter", "done")})
        assert cursors(service) == truth(x)
        assert x.truth() == x.truth("sent") == service.read_positions()
    counts = x.deliveries()["counts"]
    # Given up after several tries, or because the webhook was invalid by then.
    lost = counts["lost"] + counts["dropped"]
    jobs = x.call("GET", "/replays")["items"]
    print(f"{len(truth(x))} positions; {lost} deliveries lost, {sum(job['events'] for job in jobs)} replayed")
    assert lost > 0
    assert [job["state"] for job in jobs] == ["Complete"] * 3
