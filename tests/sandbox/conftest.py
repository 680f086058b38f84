"""A sandbox, a consumer, and X's own SDK between them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests
import xdk
from xdk.oauth1_auth import OAuth1

from tests.sandbox.consumer import Consumer, eventually
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.server import Sandbox

#: Alice owns the bot, Bob has authorised the app, too; Charlie only writes to people.
ALICE = Account("1245855954975051776-alice", "alice-secret", "alice-oauth2")
BOB = Account("42-bob", "bob-secret", "bob-oauth2")
CHARLIE = "1693649419"

CONFIG = SandboxConfig(
    consumer_key="consumer-key",
    consumer_secret="consumer-secret",
    bearer_token="bearer-token",
    accounts=(ALICE, BOB),
    people=12,
    seed=1,
    retry_delays=(0.01, 0.02, 0.03),
    delivery_timeout=60.0,
    crc_timeout=60.0,
    in_flight=4,
)


class Clock:
    """A clock that stands still until told."""

    def __init__(self, now: float = 1_795_219_200.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class Driver:
    """A running sandbox with everything a test drives it by."""

    sandbox: Sandbox
    session: requests.Session
    #: By the app's own token, by Alice's and Bob's OAuth 1.0a, by Alice's OAuth 2.0.
    app: xdk.Client
    alice: xdk.Client
    bob: xdk.Client
    alice_oauth2: xdk.Client

    def call(self, method: str, path: str, *, expect: int | None = None, **kwargs: Any) -> requests.Response:
        """A plain call to the sandbox; a control call must succeed unless the test expects otherwise."""
        answer = self.session.request(method, self.sandbox.url + path, **kwargs)
        if expect is not None:
            assert answer.status_code == expect, answer.text
        return answer

    def get(self, path: str) -> Any:
        """What a control endpoint shows."""
        return self.call("GET", "/_sandbox" + path, expect=200).json()

    def do(self, path: str, *, expect: int = 202, **asked: Any) -> Any:
        """Asks a control endpoint to do something."""
        return self.call("POST", "/_sandbox" + path, json=asked, expect=expect).json()

    def register(self, consumer: Consumer) -> str:
        """Registers the consumer; returns the webhook's id."""
        created = self.app.webhooks.create(xdk.webhooks.models.CreateRequest(url=consumer.url))
        assert created.data is not None
        return str(created.data.id)

    def subscribe(self, consumer: Consumer) -> str:
        """Registers the consumer and subscribes Alice by Account Activity; returns the webhook's id."""
        webhook_id = self.register(consumer)
        self.alice.account_activity.create_subscription(webhook_id, xdk_body())
        return webhook_id

    def settled(self) -> Any:
        """All deliveries, once none waits any more; at least one must have been made."""
        eventually(lambda: self._is_settled(self.get("/deliveries?limit=0")["counts"]))
        return self.get("/deliveries")

    @staticmethod
    def _is_settled(counts: dict[str, int]) -> bool:
        return counts["waiting"] == 0 and sum(counts.values()) > 0


def xdk_body() -> Any:
    """The empty body of a subscription, as the SDK wants it built."""
    return xdk.account_activity.models.CreateSubscriptionRequest({})


def refusal(error: pytest.ExceptionInfo[requests.HTTPError]) -> tuple[int, str]:
    """Status and first message of what the SDK raised."""
    assert error.value.response is not None
    body = error.value.response.json()
    return error.value.response.status_code, body["errors"][0]["message"] if "errors" in body else body[
        "title"
    ]


Drive = Callable[..., Driver]


@pytest.fixture
def drive() -> Iterator[Drive]:
    """Starts sandboxes with the configuration changed as a test needs it."""
    with ExitStack() as stack:

        def start(clock: Clock | None = None, **changes: Any) -> Driver:
            kwargs: dict[str, Any] = {} if clock is None else {"clock": clock}
            sandbox = stack.enter_context(Sandbox(replace(CONFIG, **changes), **kwargs))
            session = stack.enter_context(requests.Session())

            def client(**credentials: Any) -> xdk.Client:
                made = xdk.Client(base_url=sandbox.url, **credentials)
                stack.enter_context(made.session)
                return made

            def oauth1(account: Account) -> OAuth1:
                tokens = (account.access_token, account.access_token_secret)
                return OAuth1(CONFIG.consumer_key, CONFIG.consumer_secret, "oob", *tokens)

            return Driver(
                sandbox,
                session,
                app=client(bearer_token=CONFIG.bearer_token),
                alice=client(auth=oauth1(ALICE)),
                bob=client(auth=oauth1(BOB)),
                alice_oauth2=client(access_token=ALICE.oauth2_token),
            )

        yield start


@pytest.fixture
def driver(drive: Drive) -> Driver:
    """A sandbox as most tests want it."""
    return drive()


@pytest.fixture
def consumer() -> Iterator[Consumer]:
    """A consumer that knows the secret and behaves."""
    with Consumer(CONFIG.consumer_secret) as consumer:
        yield consumer
