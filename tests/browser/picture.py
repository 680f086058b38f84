"""Takes the README's picture of the page from the demo: `make picture`. Not a test; it takes five minutes."""

import base64
import re
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.chromium import CHROMIUM, QUIET
from tests.host.hosting import ROOT, free_port

SIZE = (1200, 800)
#: After so long figures go over some minutes, and marks have been refused by the rate window.
ALIVE_AFTER = 300  # seconds
MOST_BYTES = 150_000


def take(path: str, seconds: float) -> None:
    """Run the demo for so long, then write what it looks like as WebP."""
    began = time.monotonic()
    port = free_port()
    words = [sys.executable, "-m", "webhook_app", "demo", "--port", str(port), "--rate", "3"]
    demo = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert demo.stdout is not None
        link = next(found[0] for line in demo.stdout if (found := re.search(r"http://\S+/login\S+", line)))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            size: ViewportSize = {"width": SIZE[0], "height": SIZE[1]}
            # What lights up and fades has too many colours.
            page = browser.new_page(viewport=size, color_scheme="light", reduced_motion="reduce")
            page.goto(link)
            _wait(page, seconds - (time.monotonic() - began))
            # Playwright itself makes no WebP, which is a third of a PNG.
            camera = page.context.new_cdp_session(page)
            shot = camera.send("Page.captureScreenshot", {"format": "webp", "quality": 85})
            picture = base64.b64decode(shot["data"])
            browser.close()
    finally:
        demo.terminate()
        demo.wait(60)
    assert len(picture) < MOST_BYTES, f"{len(picture)} bytes: too large"
    Path(path).write_bytes(picture)


def _wait(page: Page, seconds: float) -> None:
    """Until there is something of everything, and for so long at least."""
    page.locator("#positions li").nth(15).wait_for(timeout=120_000)
    page.wait_for_timeout(max(0.0, seconds) * 1000)
    page.reload()
    page.locator("#figures svg.chart").nth(2).wait_for()
    page.locator("#live.live").wait_for()


if __name__ == "__main__":
    take(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else ALIVE_AFTER)
