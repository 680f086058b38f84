"""Processes that pass marks on die again and again: none is lost or sent backwards, no window overspent."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest
import requests

from tests.conftest import API_TOKEN
from tests.scenarios.clients import BOT, CONSUMER, bot_before
from tests.scenarios.service import Service, serving
from webhook_app.sandbox.config import SandboxConfig
from webhook_app.sandbox.server import Sandbox

#: Snowflakes of a moment ago.
FIRST = 1_990_000_000_000_000_000
PEERS, ROUNDS = 60, 3
LONGEST = 180  # seconds


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """X, with a window that all the marks of a test just fit into twice."""
    config = SandboxConfig(*CONSUMER, "bearer", (BOT,), mark_read_limit=(PEERS, 3))
    with Sandbox(config, say=lambda _: None) as sandbox:
        yield sandbox


@pytest.fixture(params=[1, 4])
def service(
    request: pytest.FixtureRequest, environ: dict[str, str], tmp_path: Path, sandbox: Sandbox
) -> Iterator[Service]:
    """The service in one worker and in four."""
    environ |= bot_before(sandbox) | {
        "TWITTER_MARK_READ_LIMIT": f"{PEERS}/3",
        "COALESCE_SECONDS": "0.5",
        "WEB_CONCURRENCY": str(request.param),
    }
    with serving(tmp_path, **environ) as service:
        yield service


def test_killed_dispatchers_lose_nothing(service: Service, sandbox: Sandbox) -> None:
    random, killed = Random(1), 0
    wanted: dict[str, int] = {}
    for number in range(ROUNDS):
        batch = {str(1000 + peer): FIRST + number * 1000 + random.randrange(1000) for peer in range(PEERS)}
        if accept(service, batch):
            wanted = batch
        with suppress(psutil.NoSuchProcess, IndexError):
            random.choice(service.workers).kill()
            killed += 1
    deadline = time.monotonic() + LONGEST
    while furthest(sandbox) != wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    seen = sandbox_says(sandbox, "marks")
    assert furthest(sandbox) == wanted
    assert killed == ROUNDS
    assert seen["backwards"] == 0
    assert seen["violations"] == 0
    until_settled(service)


def accept(service: Service, marks: dict[str, int]) -> bool:
    """Send the marks in one batch, again until it is accepted: a worker may die with the answer."""
    body = [
        {"platform": "twitter", "account": "2244994945", "peer": peer, "cursor": str(cursor)}
        for peer, cursor in marks.items()
    ]
    url = f"http://127.0.0.1:{service.port}/api/v1/marks"
    for _ in range(100):
        with suppress(requests.ConnectionError):
            answer = requests.post(
                url, json=body, headers={"Authorization": f"Bearer {API_TOKEN}"}, timeout=30
            )
            if answer.status_code == 202:
                return True
        time.sleep(0.1)
    raise AssertionError("never accepted")


def sandbox_says(sandbox: Sandbox, what: str) -> Any:
    """One of the sandbox's own reports."""
    return requests.get(f"{sandbox.url}/_sandbox/{what}", timeout=60).json()


def furthest(sandbox: Sandbox) -> dict[str, int]:
    """How far the platform knows each peer's messages to be read."""
    found: dict[str, int] = {}
    for mark in sandbox_says(sandbox, "marks")["items"]:
        peer, cursor = mark["recipient_id"], int(mark["last_read_event_id"])
        found[peer] = max(found.get(peer, 0), cursor)
    return found


def until_settled(service: Service) -> None:
    """What the platform knows, we know in the end."""
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        if not service.ask("/api/v1/marks?status=waiting")["items"]:
            return
        time.sleep(0.2)
    raise AssertionError("marks still wait")
