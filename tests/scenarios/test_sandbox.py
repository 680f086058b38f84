"""The sandbox as X: it delivers in both shapes, with every trouble it knows."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.conftest import CONSUMER_SECRET
from tests.host.hosting import until
from tests.scenarios.service import Service
from tests.scenarios.truth import counted, stored
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.server import Sandbox
from webhook_app.storage import Store

BOT = Account("1245855954975051776-bot", "bot-secret", "bot-oauth2")


@dataclass
class X:
    """The sandbox's control endpoints."""

    sandbox: Sandbox

    def call(self, method: str, path: str, **asked: Any) -> Any:
        """What a control endpoint answers."""
        connection = HTTPConnection("127.0.0.1", int(self.sandbox.url.rpartition(":")[2]), timeout=60)
        try:
            connection.request(
                method, "/_sandbox" + path, json.dumps(asked), {"Content-Type": "application/json"}
            )
            response = connection.getresponse()
            body = response.read()
            assert response.status < 300, body
            return json.loads(body)
        finally:
            connection.close()

    def deliveries(self) -> Any:
        """How deliveries fare."""
        return self.call("GET", "/deliveries?limit=0")

    def quiet(self) -> bool:
        """Whether nothing is on its way."""
        told = self.deliveries()
        return (told["counts"]["waiting"], told["held"]) == (0, 0)

    def truth(self, column: str = "acknowledged") -> dict[tuple[str, str], tuple[str, str]]:
        """(cursor, read_at) by (reader, peer), as the API of the service would show them."""
        rows = self.call("GET", "/positions")["items"]
        return {
            (row["reader"], row["peer"]): (mark["last_read_event_id"], _rfc3339(mark["created_timestamp"]))
            for row in rows
            if (mark := row[column]) is not None
        }


def _rfc3339(milliseconds: str) -> str:
    seconds, rest = divmod(int(milliseconds), 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03}Z"


@pytest.fixture
def x(service: Service) -> Iterator[X]:
    """A sandbox with two hundred people that has registered the service."""
    config = SandboxConfig(
        consumer_key="consumer-key",
        consumer_secret=CONSUMER_SECRET,
        bearer_token="bearer-token",
        accounts=(BOT,),
        people=200,
        reads_per_second=0,
        reading_seconds=(0.05, 0.5),
        seed=1,
        webhook_url=f"http://127.0.0.1:{service.port}/webhooks/twitter",
        retry_delays=(0.1, 0.2, 0.4),
    )
    said: list[object] = []
    with Sandbox(config, say=said.append) as sandbox:
        until(lambda: said)
        assert "registered" in str(said)
        yield X(sandbox)


@contextmanager
def fault(x: X, **what: Any) -> Iterator[None]:
    """Let this go wrong with everything that is sent in the block; leave when all has arrived."""
    x.call("PUT", "/fault", **what)
    yield
    x.call("DELETE", "/fault")
    until(x.quiet)


def flood(x: X, many: int) -> None:
    """Let so many people read; returns when both shapes of it have been delivered or tried."""
    wanted = x.deliveries()["attempts"] + 2 * many
    x.call("POST", "/flood", count=many)
    until(lambda: x.deliveries()["attempts"] >= wanted)


#: Everything arrives more than once, in the wrong order, late; and all of it together.
FAULTS: list[dict[str, Any]] = [
    {"repeat": 2},
    {"reorder": 7},
    {"delay": 0.5},
    {"repeat": 1, "reorder": 20, "delay": 0.1},
]


def test_positions_are_those_of_the_sandbox_whatever_goes_wrong_between(service: Service, x: X) -> None:
    for what in FAULTS:
        with fault(x, **what):
            # As few that a slow machine, on which the flood takes longer, keeps up with them.
            x.call("POST", "/life", visits_per_second=5)
            flood(x, 60)
            x.call("POST", "/life", visits_per_second=0)
    # The visits under way end within two seconds.
    until(lambda: x.quiet() and x.truth() == x.truth("sent") == service.read_positions())
    told = x.deliveries()["counts"]
    print(f"{len(x.truth())} positions, deliveries: {told}")
    assert len(x.truth()) > 100
    assert (told["lost"], told["dropped"]) == (0, 0)


def test_a_flood_signed_wrongly_is_counted_and_nothing_else(service: Service, store: Store, x: X) -> None:
    reasons = ("wrong", "missing", "malformed")
    for reason in reasons:
        with fault(x, sign=reason):
            flood(x, 50)
    told = x.call("GET", "/deliveries?limit=1000")
    statuses = {attempt["status"] for item in told["items"] for attempt in item["attempts"]}
    # Two shapes of each, each tried four times.
    assert (statuses, told["attempts"], told["counts"]["lost"]) == ({403}, 1200, 300)
    refused = {f"refused|twitter|{reason} signature": 400 for reason in reasons}
    until(lambda: refused.items() <= counted(store).items())
    assert {name for name in counted(store) if not name.startswith("challenges|")} == set(refused)
    assert stored(store) == (set(), set())
    assert service.ask("/api/v1/quarantine")["items"] == []
