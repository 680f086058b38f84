"""The page in a real Chromium: log in, watch a position arrive, and names that are nothing but text."""

import json
import shutil
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect, sync_playwright

from tests.conftest import API_TOKEN, CONSUMER_SECRET
from tests.scenarios.service import Service, serving
from webhook_app.platforms.twitter import sign
from webhook_app.storage.migrate import migrate

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
#: A browser of a test asks nobody but us.
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
ATTACK = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """The service on a SQLite of its own."""
    url = f"sqlite:///{tmp_path}/readmark.db"
    migrate(url)
    # Nobody passes marks on.
    bot = {"TWITTER_ACCESS_TOKEN": "42-bot", "TWITTER_ACCESS_TOKEN_SECRET": "secret", "DISPATCH": "0"}
    app = {"TWITTER_CONSUMER_KEY": "key", "TWITTER_CONSUMER_SECRET": CONSUMER_SECRET}
    with serving(tmp_path, DATABASE_URL=url, API_TOKEN=API_TOKEN, **app, **bot) as service:
        yield service


@pytest.fixture
def page() -> Iterator[Page]:
    """A tab; whatever the console complains of fails the test."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page()
        complaints: list[str] = []

        def hear(message: ConsoleMessage) -> None:
            if message.type == "error":
                complaints.append(message.text)

        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        browser.close()
        # Chromium also says when an answer is not 2xx, which is no complaint about the page.
        assert [text for text in complaints if not text.startswith("Failed to load resource")] == []


def deliver(service: Service, reader: str, name: str) -> None:
    """Deliver a read event of now, as X would."""
    now = int(time.time() * 1000)
    event = {
        "created_timestamp": str(now),
        "sender_id": reader,
        "target": {"recipient_id": "42"},
        "last_read_event_id": str((now - 12_000 - 1288834974657) << 22),
    }
    users = {reader: {"name": name}, "42": {"name": "Helpful Bot"}}
    body = json.dumps({"direct_message_mark_read_events": [event], "users": users}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{service.port}/webhooks/twitter",
        body,
        {"X-Twitter-Webhooks-Signature": sign(CONSUMER_SECRET.encode(), body)},
    )
    urllib.request.urlopen(request, timeout=10).close()


def mark(service: Service) -> None:
    """Ask for a mark."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{service.port}/api/v1/marks",
        json.dumps({"platform": "twitter", "peer": "1001", "cursor": "900"}).encode(),
        {"Authorization": f"Bearer {API_TOKEN}", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=10).close()


def test_a_position_arrives_while_somebody_looks(service: Service, page: Page) -> None:
    page.goto(f"http://127.0.0.1:{service.port}/")
    page.get_by_label("Token").fill(API_TOKEN)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Nobody has read anything yet")).to_be_visible()
    deliver(service, "1001", "Ann Öhm")
    expect(page.locator("#positions li")).to_have_count(1)
    expect(page.locator("#positions li")).to_contain_text("Ann Öhm has read Helpful Bot")
    expect(page.locator("#positions li")).to_contain_text("read 12 s after it was sent")
    deliver(service, "1002", ATTACK)
    expect(page.locator("#positions li")).to_have_count(2)
    expect(page.locator("#positions li").first).to_contain_text(ATTACK)
    page.reload()
    expect(page.locator("#positions li").first).to_contain_text(ATTACK)
    assert page.title() != "owned"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_that_nobody_passes_on_are_told_while_somebody_looks(
    service: Service, page: Page, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 375, "height": 667})
    page.goto(f"http://127.0.0.1:{service.port}/")
    page.get_by_label("Token").fill(API_TOKEN)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#outbox")).to_contain_text("No marks waiting")
    mark(service)
    warning = page.locator("#outbox .problem")
    expect(warning).to_contain_text("1 mark waiting, no dispatcher ever seen, the oldest for", timeout=10_000)
    # On a phone nothing sticks out at the side, and what alarms looks it.
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    alarm = {"light": "rgb(163, 38, 27)", "dark": "rgb(255, 155, 143)"}
    expect(warning).to_have_css("color", alarm[scheme])


def test_a_wrong_token_is_told_in_words(service: Service, page: Page) -> None:
    page.goto(f"http://127.0.0.1:{service.port}/login")
    page.get_by_label("Token").fill("not the token at all")
    with page.expect_response("**/login") as answer:
        page.get_by_role("button", name="Log in").click()
    assert answer.value.status == 403
    expect(page.get_by_role("alert")).to_be_visible()
