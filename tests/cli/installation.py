"""An installation that X delivers to, before a sandbox, to be examined and broken."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cli.conftest import Run
from tests.cli.examined import Report, examine
from tests.cli.serving import serving
from tests.conftest import CONSUMER_SECRET
from webhook_app.sandbox.account_activity import subscribe
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.server import Sandbox
from webhook_app.sandbox.state import ActivitySubscription
from webhook_app.sandbox.webhooks import register
from webhook_app.services import Services
from webhook_app.settings import read_settings
from webhook_app.web.app import create_app

BOT, PEER, MESSAGE = "2244994945", "3805104374", "1247310121283321862"
CREDENTIALS = {"access_token": f"{BOT}-token-of-the-bot", "access_token_secret": "secret-of-the-bot"}
CONFIG = SandboxConfig(
    "consumer-key-of-the-tests", CONSUMER_SECRET, "bearer-of-the-tests", (Account(*CREDENTIALS.values()),),
    reads_per_second=0,
)  # fmt: skip


class Clock:
    """X's clock, which goes as ours does until it is moved."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class Installation:
    """A service that X delivers to, with one account."""

    run: Run
    env: dict[str, str]
    sandbox: Sandbox
    clock: Clock
    services: Services
    #: Where X has its webhook.
    address: str

    def examine(self, *words: str, **env: str) -> Report:
        """What `doctor` says, which are not the credentials."""
        report = examine(self.run, *words, **(self.env | env))
        assert not [secret for secret in CREDENTIALS.values() if secret in str(report)]
        return report

    def activities(self, *kinds: str) -> None:
        """Subscribe the account to kinds of X Activity."""
        state = self.sandbox.world.state
        (webhook,) = state.webhooks
        for number, kind in enumerate(kinds, 1):
            state.activities[str(number)] = ActivitySubscription(
                str(number), kind, {"user_id": BOT}, 0, 0, webhook_id=webhook
            )

    def mark_past_us(self) -> None:
        """Mark a message as read, with the same app and account, without our knowing."""
        platform = self.services.platforms["twitter"]
        platform.deliver(BOT, CREDENTIALS, PEER, int(MESSAGE))


@contextmanager
def installed(run: Run, database: Path) -> Iterator[Installation]:
    """All is well with it; `database` is a migrated file."""
    clock = Clock()
    with Sandbox(CONFIG, clock=clock, say=lambda _: None) as sandbox:
        env = {
            "DATABASE_URL": f"sqlite:///{database}", "SECRET_KEY": "secret-key-of-the-tests",
            "TWITTER_CONSUMER_KEY": CONFIG.consumer_key, "TWITTER_CONSUMER_SECRET": CONSUMER_SECRET,
            "TWITTER_BEARER_TOKEN": CONFIG.bearer_token, "TWITTER_API_URL": sandbox.url,
        }  # fmt: skip
        settings = read_settings(env)
        app = create_app(settings)
        services = Services(settings)
        services.accounts.add("twitter", CREDENTIALS, "tests")
        services.store.outbox.seen(services.clock())
        services.store.watching.step("twitter", services.clock(), "", told=True)
        with serving(app) as url:
            webhook = register(sandbox.world.state, f"{url}/webhooks/twitter")
            subscribe(sandbox.world.state, webhook.id, BOT)
            made = Installation(run, env, sandbox, clock, services, webhook.url)
            made.activities("dm.read", "dm.received", "dm.sent")
            yield made
        services.close()
        app.extensions["webhook_app"].close()
