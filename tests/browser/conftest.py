"""A service, a sandbox and a Chromium for all tests of the pages, and a tab for each."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize

from tests.chromium import CHROMIUM
from tests.conftest import API_TOKEN, CONSUMER_SECRET
from tests.host.hosting import until
from tests.scenarios.clients import BOT, CONSUMER
from tests.scenarios.deliveries import sign
from tests.scenarios.service import Service, serving
from webhook_app.sandbox.config import SandboxConfig
from webhook_app.sandbox.server import Sandbox
from webhook_app.storage.migrate import migrate

#: The user whose messages are read.
WRITER = BOT.access_token.partition("-")[0]
PHONE: ViewportSize = {"width": 390, "height": 844}
Tab = Callable[..., Page]


class Site(Service):
    """The service as browsers and platforms meet it."""

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def deliver(self, reader: str, name: str = "", handle: str = "", waited: float = 12) -> None:
        """Deliver a read event of now, as X would, for a message that waited so many seconds."""
        event = {
            "created_timestamp": str(int(time.time() * 1000)),
            "sender_id": reader,
            "target": {"recipient_id": WRITER},
            "last_read_event_id": _message(waited),
        }
        users = {reader: {"name": name, "screen_name": handle}, WRITER: {"name": "Helpful Bot"}}
        self._deliver({"direct_message_mark_read_events": [event], "users": users if name else {}})

    def write(self, *readers: str) -> None:
        """Deliver what the bot has written to these people, each a second before the next."""
        events = [
            {
                "id": _message(len(readers) - n),
                "message_create": {"sender_id": WRITER, "target": {"recipient_id": reader}},
            }
            for n, reader in enumerate(readers)
        ]
        self._deliver({"direct_message_events": events})

    def mark(self, peer: str) -> None:
        """Ask for a mark."""
        body = json.dumps({"platform": "twitter", "peer": peer, "cursor": _message(5)}).encode()
        headers = {"Authorization": f"Bearer {API_TOKEN}", "Content-Type": "application/json"}
        self._post("/api/v1/marks", body, headers)

    def marks(self, status: str) -> list[Any]:
        """The marks that fare so."""
        items: list[Any] = self.ask(f"/api/v1/marks?status={status}")["items"]
        return items

    def _deliver(self, told: dict[str, Any]) -> None:
        body = json.dumps(told).encode()
        self._post("/webhooks/twitter", body, {"X-Twitter-Webhooks-Signature": sign(body)})

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        urllib.request.urlopen(urllib.request.Request(self.url + path, body, headers), timeout=60).close()


def _message(seconds: float) -> str:
    """The id of a message that was sent so many seconds ago."""
    return str((int((time.time() - seconds) * 1000) - 1288834974657) << 22)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser there is nothing to test."""
    for item in items:
        if CHROMIUM is None and "browser" in item.path.parts:
            item.add_marker(pytest.mark.skip(reason="there is no Chromium on this machine"))


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """X."""
    config = SandboxConfig(*CONSUMER, "bearer", (BOT,), reads_per_second=0)
    with Sandbox(config, say=lambda _: None) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the service keeps its database."""
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="session")
def site(folder: Path, sandbox: Sandbox) -> Iterator[Site]:
    """A service whose marks the sandbox takes, with some people who have read."""
    bot = {
        "TWITTER_ACCESS_TOKEN": BOT.access_token,
        "TWITTER_ACCESS_TOKEN_SECRET": BOT.access_token_secret,
        "TWITTER_API_URL": sandbox.url,
        "COALESCE_SECONDS": "0.3",
    }
    with _serving(folder, **bot) as site:
        until(lambda: site.ask("/api/v1/accounts")["items"])
        for n in range(12):
            site.deliver(str(500 + n), f"Reader Number{n}", waited=n * n)
        yield site


@pytest.fixture(scope="session")
def empty_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service that nobody has delivered to."""
    with _serving(tmp_path_factory.mktemp("empty"), DISPATCH="0") as site:
        yield site


@contextmanager
def _serving(folder: Path, **more: str) -> Iterator[Site]:
    """A service on a SQLite of its own."""
    url = f"sqlite:///{folder}/readmark.db"
    migrate(url)
    app = {"TWITTER_CONSUMER_KEY": CONSUMER[0], "TWITTER_CONSUMER_SECRET": CONSUMER_SECRET}
    environ = {"DATABASE_URL": url, "API_TOKEN": API_TOKEN, "WEB_CONCURRENCY": "1", **app, **more}
    with serving(folder, **environ) as service:
        yield Site(service.process, service.port, folder / "log")


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Tab]:
    """Opens tabs of visitors of their own; whatever a console complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def hear(message: ConsoleMessage) -> None:
        # Chromium also says when an answer is not 2xx, which is no complaint about the page.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            complaints.append(message.text)

    def open_tab(**options: Any) -> Page:
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert complaints == []


def log_in(page: Page, site: Site, path: str = "/", token: str = API_TOKEN) -> None:
    """Go there, by way of the login."""
    page.goto(site.url + path)
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(site.url + path)
