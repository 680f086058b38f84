"""Marks of a test, and what has become of them."""

import time
from typing import Any

from tests.conftest import Clock
from webhook_app.dispatcher import Dispatcher
from webhook_app.domain.outbox import Outgoing
from webhook_app.sandbox.server import Sandbox
from webhook_app.services import Services
from webhook_app.settings import Limit

BOT, PEER = "2244994945", "3805104374"
SLACK_BOT, CHANNEL = "T0SANDBOX.U0BOT", "C0GENERAL"
#: Another of its team.
USER = "T0SANDBOX.U0ALICE"
APART = 5000  # milliseconds
LIMIT = Limit(10, 60)
LONGEST = 60.0  # seconds


def mark(clock: Clock, peer: str = PEER, *, seconds_ago: int = 60) -> Outgoing:
    """The bot has read what somebody wrote a while ago."""
    return Outgoing("twitter", BOT, peer, (clock.now - seconds_ago * 1000 - 1288834974657) << 22, clock.now)


def slack_mark(
    clock: Clock, channel: str = CHANNEL, *, account: str = SLACK_BOT, seconds_ago: int = 60
) -> Outgoing:
    """The same in a channel."""
    return Outgoing("slack", account, channel, (clock.now - seconds_ago * 1000) * 1000, clock.now)


def add_user(services: Services) -> None:
    """Add another account of the bot's team, which is in no environment."""
    services.accounts.add("slack", {"token": "xoxp-sandbox-user"}, "tests")


def work(dispatcher: Dispatcher) -> None:
    """Step until nothing is due any more and every call has ended."""
    deadline = time.monotonic() + LONGEST
    while dispatcher.step() or dispatcher.busy:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def marked(sandbox: Sandbox) -> list[tuple[str, int]]:
    """What the platform has taken."""
    items = sandbox.world.state.marks.accepted_json()["items"]
    return [(item["recipient_id"], int(item["last_read_event_id"])) for item in items]


def row(services: Services, out: Outgoing) -> Any:
    """The mark as it is kept."""
    return services.store.outbox.rows([out[:3]])[out[:3]]
