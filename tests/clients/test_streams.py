"""What is told live: curl, Python and browsers, as the document has them."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.chromium import CHROMIUM
from tests.clients.conftest import SENT, later, serving_told, tell
from tests.clients.examples import environment, examples
from tests.conftest import API_TOKEN
from tests.host.hosting import until
from tests.scenarios.service import Service
from webhook_app.storage import Store

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
SENTENCE = "Ann Öhm has read up to "


@contextmanager
def running(words: list[str], service: Service, folder: Path) -> Iterator[Path]:
    """Run an example that does not end; yields the file that it prints to."""
    printed = folder / "printed"
    env = environment(service) | {"PYTHONIOENCODING": "utf-8"}
    with printed.open("wb") as file:
        process = subprocess.Popen(words, env=env, cwd=folder, stdout=file)
    try:
        yield printed
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def read_on(store: Store, step: int) -> str:
    """Let Ann read a further message, and return it."""
    cursor = later(10**9 + step)
    tell(store, "1001", cursor, SENT + 2 * 10**9)
    return str(cursor)


def test_curl_hears_of_a_change(service: Service, told: Store, tmp_path: Path) -> None:
    (code,) = examples("Live, with curl")
    # Without the shell between, so that it ends when it is told to.
    with running(["bash", "-c", f"exec {code}"], service, tmp_path) as printed:
        until(lambda: b"\n\n" in printed.read_bytes())
        cursor = read_on(told, 1)
        until(lambda: f'"{cursor}"' in printed.read_text())
        assert "event: position\n" in printed.read_text()


def test_python_hears_of_changes_and_comes_back(service: Service, told: Store, tmp_path: Path) -> None:
    (code,) = examples("Live, with Python")
    with running([sys.executable, "-W", "error", "-c", code], service, tmp_path) as printed:
        first = read_on(told, 1)
        until(lambda: SENTENCE + first in printed.read_text())
        # The worker goes, another comes; what happens between is told too.
        service.workers[0].kill()
        second = read_on(told, 2)
        until(lambda: SENTENCE + second in printed.read_text())


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A tab."""
    page = chromium.new_page()
    yield page
    page.close()


def heard(page: Page) -> list[str]:
    """What the page's scripts write to the console from now on."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    return said


def expect_to_hear(page: Page, said: list[str], cursor: str) -> None:
    """Wait until the page has said that Ann has read so far."""
    waits = iter(range(300))
    while SENTENCE + cursor not in said:
        assert next(waits, None) is not None, said
        page.wait_for_timeout(100)


@needs_browser
def test_a_page_of_the_same_origin_hears_of_a_change(service: Service, told: Store, page: Page) -> None:
    (code,) = examples("Live, in a page of the same origin")
    page.goto(f"http://127.0.0.1:{service.port}/login")
    page.get_by_label("Token").fill(API_TOKEN)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"http://127.0.0.1:{service.port}/")
    said = heard(page)
    with page.expect_response("**/api/v1/stream**") as answer:
        page.evaluate(f"() => {{ {code} }}")
    assert answer.value.status == 200
    expect_to_hear(page, said, read_on(told, 1))


@contextmanager
def dashboard() -> Iterator[tuple[list[str], str]]:
    """Serve somebody else's page; yields its scripts, to be filled, and its origin."""
    scripts: list[str] = []

    class Dashboard(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            html = '<!doctype html><link rel="icon" href="data:,"><script src="/script.js"></script>'
            script = self.path == "/script.js"
            self.send_response(200)
            self.send_header("Content-Type", f"text/{'javascript' if script else 'html'}; charset=utf-8")
            self.end_headers()
            self.wfile.write((scripts[0] if script else html).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Dashboard) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield scripts, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@needs_browser
def test_a_page_of_another_origin_hears_of_a_change(told: Store, page: Page, tmp_path: Path) -> None:
    (code,) = examples("Live, in a page of another origin")
    said = heard(page)
    with dashboard() as (scripts, origin), serving_told(tmp_path, CORS_ORIGINS=origin) as service:
        here = f"http://127.0.0.1:{service.port}"
        scripts.append(code.replace("https://your.host", here).replace("rm_…", API_TOKEN))
        with page.expect_response("**/api/v1/stream") as answer:
            page.goto(origin)
        assert answer.value.status == 200
        expect_to_hear(page, said, read_on(told, 1))
        # The connection breaks; what happens meanwhile is told when the page has come back.
        service.workers[0].kill()
        expect_to_hear(page, said, read_on(told, 2))
        page.close()
