"""The page while somebody looks: positions arrive, over the stream or without it."""

import re
import time
from threading import Event
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Site, Tab, log_in

STREAM = re.compile("/api/v1/stream")
ATTACK = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"


def rows(page: Page) -> Any:
    """The positions on the page."""
    return page.locator("#positions li")


def refuse(route: Route) -> None:
    """Answer as a process does that has no room for a stream."""
    route.fulfill(status=503, body="{}")


def test_a_position_arrives_over_the_stream(site: Site, tab: Tab) -> None:
    page = tab()
    log_in(page, site)
    expect(page.get_by_role("status")).to_have_text("live")
    # Whatever shows it now, it was not asked for.
    page.route(re.compile("/read-positions"), lambda route: route.abort())
    site.deliver("1001", "Ann Öhm")
    row = rows(page).filter(has_text="Ann Öhm")
    expect(row).to_contain_text("Ann Öhm has read Helpful Bot", use_inner_text=True)
    expect(row).to_contain_text("read 12 s after it was sent")
    expect(row.locator(".disc")).to_have_text("AÖ")
    expect(row.locator("time")).to_have_text(re.compile(r"\d+ s ago"))
    # The same as the server draws.
    drawn = row.inner_html()
    page.reload()
    again = rows(page).filter(has_text="Ann Öhm").inner_html()

    def same(html: str) -> str:
        return re.sub(r">\d+ s ago<|\s+", " ", html).replace("> ", ">").replace(" <", "<")

    assert same(again) == same(drawn)


def test_without_a_stream_the_page_asks(site: Site, tab: Tab) -> None:
    page = tab()
    page.route(STREAM, refuse)
    log_in(page, site)
    expect(page.get_by_role("status")).to_have_text("polling")
    site.deliver("1002", "Bob")
    expect(rows(page).first).to_contain_text("Bob has read Helpful Bot", use_inner_text=True)
    # The session is over: back to the login, and from there to where one was.
    page.context.clear_cookies()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_stream_that_says_nothing_is_given_up(site: Site, tab: Tab) -> None:
    """Some hosts keep an answer until it is complete."""
    page = tab()
    page.route(STREAM, lambda route: None)
    log_in(page, site)
    site.deliver("1003", "Cleo")
    expect(page.get_by_role("status")).to_have_text("polling", timeout=60_000)
    expect(rows(page).first).to_contain_text("Cleo")
    page.unroute_all(behavior="ignoreErrors")


def test_a_stream_that_is_cut_off_again_and_again_is_given_up(site: Site, tab: Tab) -> None:
    """Some proxies do."""
    page = tab()
    page.route(STREAM, lambda route: route.abort())
    log_in(page, site)
    expect(page.get_by_role("status")).to_have_text("polling", timeout=60_000)
    page.unroute(STREAM)


def test_after_an_outage_the_stream_is_tried_at_once(site: Site, tab: Tab) -> None:
    page, everything = tab(), re.compile(r"/api/v1/|/sections\?")
    page.clock.install()
    page.route(everything, lambda route: route.abort())
    log_in(page, site)
    page.clock.pause_at(time.time() + 3600)

    for _ in range(15):
        page.clock.run_for(1000)
        page.wait_for_timeout(100)
    expect(page.get_by_role("status")).to_have_text("no connection")
    page.unroute(everything)
    tried = Event()
    page.on("request", lambda request: tried.set() if STREAM.search(request.url) else None)
    # A host that lets no stream through is left alone for a minute.
    for _ in range(40):
        if not tried.is_set():
            page.clock.run_for(1000)
            page.wait_for_timeout(100)
    expect(page.get_by_role("status")).to_have_text("live")


def test_a_stream_that_begins_and_then_says_nothing_is_doubted(site: Site, tab: Tab) -> None:
    page = tab()
    page.clock.install()
    page.route(STREAM, lambda route: route.fulfill(status=503))
    # Open for ever, and silent.
    page.add_init_script(
        "window.EventSource = class extends EventTarget {"
        " constructor() { super(); this.readyState = 1; setTimeout(() => this.onopen(), 10); }"
        " close() { this.readyState = 2; } static CLOSED = 2; }"
    )
    log_in(page, site)
    page.clock.run_for(1500)
    expect(page.get_by_role("status")).to_have_text("live")
    site.deliver("1004", "Dora")
    page.clock.run_for(12_000)
    expect(rows(page).first).to_contain_text("Dora")
    page.clock.run_for(2000)
    expect(page.get_by_role("status")).to_have_text("polling")


def test_who_is_searched_for_arrives_too(site: Site, tab: Tab) -> None:
    page = tab()
    log_in(page, site, "/?q=Emil")
    expect(page.get_by_text("Nothing found.")).to_be_visible()
    site.deliver("1005", "Emil")
    expect(rows(page)).to_contain_text(["Emil"], timeout=60_000)
    expect(page.get_by_text("Nothing found.")).to_be_hidden()


def test_only_whom_the_filter_names_arrives(site: Site, tab: Tab) -> None:
    page = tab()
    site.deliver("1006", "Fay Weiß")
    log_in(page, site)
    page.get_by_label("Person").fill("fay w")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/?q=fay+w*")
    expect(rows(page)).to_have_count(1)
    rows(page).get_by_role("link", name="Fay Weiß").click()
    page.wait_for_url("**/?platform=twitter&reader=1006")
    expect(page.get_by_role("list", name="Filters")).to_contain_text("reader Fay Weiß")
    expect(page.get_by_role("status")).to_have_text("live")
    site.deliver("500", "Reader Number0")
    site.deliver("1006", "Fay Weiß", waited=3)
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text(["read 3 s after it was sent"])
    page.get_by_role("link", name="Remove the filter reader").click()
    page.wait_for_url("**/?platform=twitter")
    expect(rows(page).filter(has_text="Reader Number0")).to_have_count(1)


def test_names_are_nothing_but_text(site: Site, tab: Tab) -> None:
    page = tab()
    log_in(page, site)
    site.deliver("1666", ATTACK, handle=ATTACK)
    for path in ("", "/?q=%3Cimg", "/?platform=twitter&reader=1666"):
        if path:
            page.goto(site.url + path)
        expect(rows(page).filter(has_text=ATTACK)).to_have_count(1)
        assert page.locator("main img, main script").count() == 0
    page.goto(f"{site.url}/?reader={ATTACK}")
    expect(page.get_by_role("heading")).to_contain_text("422")
    assert page.title() != "owned"


def test_what_arrives_is_merged_by_the_law(site: Site, tab: Tab) -> None:
    page = tab()
    page.route(STREAM, refuse)
    log_in(page, site)
    year = "2100-01-01T00:00:0"

    def arrive(reader: str, second: int, **more: Any) -> None:
        item = {
            "platform": "twitter", "reader": reader, "peer": "1", "cursor": f"up to {second}",
            "read_at": f"{year}0.000Z", "updated_at": f"{year}{second}.000Z", "seconds_to_read": None,
            "reader_name": None, "peer_name": None,
        }  # fmt: skip
        page.evaluate("item => import('/static/positions.js').then(m => m.collect(item))", {**item, **more})

    cursor = rows(page).filter(has_text="77777").locator(".cursor")
    arrive("77777", 5)
    expect(cursor).to_have_text("up to 5")
    arrive("77777", 4)
    arrive("77778", 3)
    expect(rows(page).nth(1)).to_contain_text("77778")
    expect(cursor).to_have_text("up to 5")
    # An operator has put it back.
    arrive("77777", 2, corrected=True)
    expect(cursor).to_have_text("up to 2")
    expect(rows(page).first).to_contain_text("77778")
    for n in range(60):
        arrive(str(88_000 + n), 9)
    expect(rows(page)).to_have_count(50)
