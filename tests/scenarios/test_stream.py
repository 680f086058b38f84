"""The stream of real processes: from any to viewers of any, through deaths, ends and sleep."""

import random
import signal
import socket
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.host.hosting import read_all, until
from tests.scenarios.clients import BOT, CONSUMER, bot_before, call, event
from tests.scenarios.deliveries import mark
from tests.scenarios.service import Service, serving
from tests.scenarios.viewers import deliver, looking_on, sleeping
from tests.web.watching import Reader
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.position import Mark
from webhook_app.sandbox.config import SandboxConfig
from webhook_app.sandbox.server import Sandbox
from webhook_app.storage import Store
from webhook_app.web.api.stream import SILENCE

SOON = 60.0  # seconds; usually one
#: Seconds; hosts kill after 30, and gunicorn gives up waiting for a stream after 25.
AT_ONCE = 20.0


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """X."""
    config = SandboxConfig(*CONSUMER, "bearer", (BOT,), reads_per_second=0)
    with Sandbox(config, say=lambda _: None) as sandbox:
        yield sandbox


@pytest.fixture
def own(environ: dict[str, str], sandbox: Sandbox) -> dict[str, str]:
    """The environment of processes with an account."""
    return environ | bot_before(sandbox) | {"WEB_CONCURRENCY": "1"}


@pytest.fixture
def single(environ: dict[str, str], tmp_path: Path) -> Iterator[Service]:
    """The service in one worker."""
    with serving(tmp_path, **environ, WEB_CONCURRENCY="1") as service:
        yield service


def test_what_one_process_does_viewers_of_another_see(own: dict[str, str], tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    with serving(folders[0], **own) as one, serving(folders[1], **own, DISPATCH="0") as other:
        user = BOT.access_token.partition("-")[0]
        until(lambda: other.ask("/api/v1/rate-limits")["items"])
        with looking_on(other) as seen:
            seen.until(lambda: seen.last_id)
            deliver(one, mark(1))
            seen.until(partial(seen.knows, reader=mark(1).reader, cursor=str(mark(1).cursor)), SOON)
            cursor = event(10)
            body = {"platform": "twitter", "peer": "1693649419", "cursor": cursor}
            assert call(one, "POST", "/api/v1/marks", json=body).status_code == 202
            delivered = partial(
                seen.knows, account=user, cursor=cursor, status="delivered", acknowledged=cursor
            )
            seen.until(delivered, SOON)
            seen.until(lambda: any(shown["used"] == 1 for shown in seen.of("rate-limit")), SOON)


@pytest.mark.parametrize("seed", [1])
def test_connections_that_break_lose_nothing(service: Service, seed: int) -> None:
    """Of two workers; a viewer comes back to either, after all it has and after some of it."""
    chance, told, last_id, sent = random.Random(seed), set[str](), "0", 0
    for _ in range(8):
        with looking_on(service, last_id=last_id) as seen:
            for _ in range(chance.randrange(1, 30)):
                deliver(service, mark(sent))
                sent += 1
            for _ in range(chance.randrange(1, 4)):
                seen.read()
            told |= {shown["cursor"] for shown in seen.of("position")}
            last_id = seen.last_id or last_id
        # Nobody looks on.
        for _ in range(chance.randrange(1, 30)):
            deliver(service, mark(sent))
            sent += 1
    with looking_on(service, last_id=last_id) as rest:
        everything = {str(mark(number).cursor) for number in range(sent)}
        rest.until(lambda: told | {shown["cursor"] for shown in rest.of("position")} >= everything)
        assert len(rest.events) <= 2 * sent


def test_streams_end_at_once_and_those_who_sleep_too(single: Service, store: Store) -> None:
    with looking_on(single) as seen, sleeping(single) as asleep:
        seen.until(lambda: seen.last_id)
        flood(store, 0, 20_000)
        seen.until(lambda: len(seen.events) >= 20_000)
        began = time.monotonic()
        single.signal_all(signal.SIGTERM)
        while seen.read():
            pass
        assert time.monotonic() - began < AT_ONCE
        assert single.process.wait(AT_ONCE) == 0
        assert asleep.fileno() > 0
    assert not [line for line in single.log if "unfinished" in line or "Traceback" in line]


def flood(store: Store, first: int, many: int) -> None:
    """So many new positions."""
    for start in range(first, first + many, 500):
        marks = [Mark("twitter", str(10**15 + n), "42", 1 << 60, 1) for n in range(start, start + 500)]
        store.record(Inbound("twitter", marks=marks))


def has_told(seen: Reader, many: int) -> bool:
    """Whether so many events have come."""
    return len(seen.events) >= many


def left_of(sock: socket.socket) -> bytes:
    """What is still to come before the end, which must come."""
    sock.settimeout(SILENCE / 2)
    return read_all(sock)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_who_sleeps_costs_nobody_anything_and_catches_up(single: Service, store: Store) -> None:
    everything = {str(10**15 + n) for n in range(90_000)}
    with looking_on(single) as seen, sleeping(single) as asleep:
        seen.until(lambda: seen.last_id)
        before = seen.last_id
        for first in range(0, len(everything), 10_000):
            flood(store, first, 10_000)
            seen.until(partial(has_told, seen, first + 10_000), SOON)
        # It is more behind than is kept for those who are slow: they are dropped.
        assert len(left_of(asleep)) < len(everything) * 250
    with looking_on(single, last_id=before) as again:
        again.until(lambda: len(again.events) >= len(everything), 5 * SOON)
        again.until(lambda: {shown["reader"] for shown in again.of("position")} >= everything)
