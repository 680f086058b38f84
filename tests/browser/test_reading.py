"""The pages as they are read: by keyboard, by machines for the blind, on phones, without scripts."""

import re
from itertools import pairwise
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Site, Tab, log_in
from tests.conftest import API_TOKEN
from webhook_app.web.pages.words import duration, initials, tint, told

WIDE = {"width": 1200, "height": 800}


def faults(page: Page) -> list[str]:
    """What axe-core finds serious or critical."""
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {node['html']}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_serious_stands_in_the_way(
    site: Site, empty_site: Site, tab: Tab, scheme: str, size: dict[str, int]
) -> None:
    for where, paths in (
        (site, ["/", "/?platform=twitter&q=number1", "/?q=nobody", "/?x=1"]),
        (empty_site, ["/"]),
    ):
        page = tab(color_scheme=scheme, viewport=size)
        page.goto(f"{where.url}/login")
        assert faults(page) == []
        log_in(page, where)
        for path in paths:
            answer = page.goto(where.url + path)
            assert answer
            assert answer.status == (422 if "x=" in path else 200)
            if page.locator("#live").count():
                expect(page.locator("#live")).not_to_be_empty()
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            assert faults(page) == [], path
            # Nothing sticks out at the side.
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path


def test_it_can_be_used_by_keyboard(site: Site, tab: Tab) -> None:
    page = tab()
    log_in(page, site)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    # The jump list is for phones.
    expect(page.get_by_label("Person")).to_be_focused()
    page.keyboard.type("number1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=number1*")
    levels = [int(one.evaluate("e => e.tagName[1]")) for one in page.locator("h1, h2, h3").all()]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_what_is_fetched_anew_keeps_what_is_open_and_where_the_keyboard_is(site: Site, tab: Tab) -> None:
    page = tab()
    site.write(*(str(600 + n) for n in range(9)))
    log_in(page, site)
    more = page.locator("#more-waiting")
    expect(more).to_have_text(re.compile("3 more"))
    more.locator("summary").click()
    expect(more.locator("li").first).to_contain_text("606")
    site.write("609")
    expect(more).to_have_text(re.compile("4 more"), timeout=60_000)
    expect(more).to_have_attribute("open", "")
    expect(more.locator("summary")).to_be_focused()


def test_it_works_without_scripts(site: Site, tab: Tab) -> None:
    page = tab(java_script_enabled=False)
    log_in(page, site)
    expect(page.locator("#positions li").first).to_contain_text("has read")
    page.get_by_label("Person").fill("number8")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#positions li")).to_have_count(1)
    expect(page.locator("#positions time").first).to_contain_text("ago")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_wrong_token_is_told_in_words(site: Site, tab: Tab) -> None:
    page = tab()
    page.goto(f"{site.url}/login")
    page.get_by_label("Token").fill("not the token at all")
    with page.expect_response("**/login") as answer:
        page.get_by_role("button", name="Log in").click()
    assert answer.value.status == 403
    expect(page.get_by_role("alert")).to_be_visible()


def test_the_first_visit_offers_commands_to_copy_and_goes_on_by_itself(empty_site: Site, tab: Tab) -> None:
    page = tab(permissions=["clipboard-read", "clipboard-write"])
    log_in(page, empty_site)
    expect(page.get_by_text("Nobody has read anything yet")).to_be_visible()
    page.get_by_role("button", name="Copy").first.click()
    assert page.evaluate("navigator.clipboard.readText()") == "readmark demo"


WORDS: list[tuple[str, list[Any]]] = [
    ("duration", [0]), ("duration", [59.9]), ("duration", [61]), ("duration", [7300]), ("duration", [1e6]),
    *[("told", [kind, at, 1_000_000]) for kind in ("ago", "since", "in", "minute")
      for at in (0, 939_000, 941_000, 1_000_000, 1_059_000, 5_000_000)],
    *[("initials", [name, "123456789"]) for name in (
        "Ann Öhm", "ann", "Ann B. van der Berg", "  Siobhán   O'Brien ", "<script>alert(1)</script>",
        "王小明",
        "Sam 🌻👩‍🚀", "🌻", "", "  ", "ßa", "سارة الحسن", "³ ½", "a\u0301 b", "_x y_",
    )],
    *[("tint", [one]) for one in ("", "1693649419", "T1.U1", "🌻")],
]  # fmt: skip


def test_scripts_say_times_and_people_as_the_server_does(site: Site, tab: Tab) -> None:
    page = tab()
    log_in(page, site)
    ours: dict[str, Any] = {"duration": duration, "told": told, "initials": initials, "tint": tint}
    said = page.evaluate(
        "async (asked) => { const words = await import('/static/told.js');"
        " return asked.map(([name, args]) => words[name](...args)); }",
        WORDS,
    )
    assert said == [ours[name](*args) for name, args in WORDS]


def test_a_time_that_is_said_in_full_stays_as_it_is(site: Site, tab: Tab) -> None:
    page = tab()
    log_in(page, site)
    said = page.evaluate(
        "async () => { const time = document.createElement('time');"
        " time.dateTime = '2026-11-21T17:45:00Z'; time.textContent = '17:45';"
        " document.getElementById('main').append(time);"
        " (await import('/static/told.js')).tick(); return time.textContent; }"
    )
    assert said == "17:45"


def test_an_unknown_visitor_of_a_filtered_page_comes_back_to_it(site: Site, tab: Tab) -> None:
    page = tab()
    log_in(page, site, "/?platform=twitter&q=number9", API_TOKEN)
    expect(page.locator("#positions li")).to_have_count(1)
