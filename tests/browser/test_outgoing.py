"""Marks on their way out, in a browser: a failed one is tried again by who may."""

import json
import re
import sqlite3
from pathlib import Path

import requests
from playwright.sync_api import expect

from tests.browser.conftest import Site, Tab, log_in
from tests.browser.test_live import ATTACK
from tests.conftest import API_TOKEN
from tests.host.hosting import until
from tests.scenarios.clients import call
from webhook_app.sandbox.server import Sandbox
from webhook_app.storage import Store
from webhook_app.storage.tokens import Token, add_token

#: X's number for "You cannot send messages to this user".
REFUSED = 150


def fail(site: Site, sandbox: Sandbox, peer: str) -> None:
    """Mark what the platform refuses."""
    fault = json.dumps({"platform": "twitter", "code": REFUSED, "peer": peer, "count": 1})
    headers = {"Content-Type": "application/json"}
    requests.post(
        f"{sandbox.url}/_sandbox/mark_faults", fault, headers=headers, timeout=60
    ).raise_for_status()
    site.mark(peer)
    until(lambda: peer in [row["peer"] for row in site.marks("failed")])


def test_a_failed_mark_is_tried_again_by_an_admin(site: Site, sandbox: Sandbox, tab: Tab) -> None:
    page = tab()
    log_in(page, site, "/?platform=twitter")
    fail(site, sandbox, "501")
    row = page.locator("#outgoing li").filter(has_text="Reader Number1")
    # It has come by itself.
    expect(row).to_contain_text(f"failed, tried 1 time: {REFUSED}", timeout=60_000)
    page.reload()
    row.get_by_role("button", name="Retry 501").click()
    page.wait_for_url("**/?platform=twitter#outgoing")
    until(lambda: "501" in [row["peer"] for row in site.marks("delivered")])
    expect(row).to_have_count(0, timeout=60_000)
    deed = call(site, "GET", "/api/v1/audit").json()["items"][0]
    assert (deed["action"], deed["subject"].split("/")[-1]) == ("retry mark", "501")


def test_the_button_of_a_section_that_was_fetched_works_too(site: Site, sandbox: Sandbox, tab: Tab) -> None:
    page = tab()
    log_in(page, site)
    fail(site, sandbox, "502")
    button = page.get_by_role("button", name="Retry 502")
    expect(button).to_be_visible(timeout=60_000)
    button.click()
    page.wait_for_url("**/#outgoing")
    until(lambda: "502" in [row["peer"] for row in site.marks("delivered")])


def test_who_may_only_read_sees_why_and_no_button(
    site: Site, sandbox: Sandbox, tab: Tab, folder: Path
) -> None:
    fail(site, sandbox, "503")
    with sqlite3.connect(folder / "readmark.db") as connection:
        connection.execute("UPDATE outbox SET problem = ? WHERE peer = '503'", [ATTACK])
    connection.close()
    secret = "token-of-one-who-only-reads"
    store = Store(f"sqlite:///{folder}/readmark.db", ("unused",))
    reader = Token("reader", "of the tests", frozenset({"read"}), None, 0, None)
    store.write(lambda connection: add_token(connection, reader, secret))
    store.close()
    for token, buttons in ((secret, 0), (API_TOKEN, 1)):
        page = tab()
        log_in(page, site, token=token)
        row = page.locator("#outgoing li.failed").filter(has_text="Reader Number3")
        expect(row).to_contain_text(ATTACK)
        expect(row.get_by_role("button")).to_have_count(buttons)
        assert page.title() == "readmark"


def test_rate_windows_count_down(site: Site, tab: Tab) -> None:
    site.mark("504")
    until(lambda: "504" in [row["peer"] for row in site.marks("delivered")])
    page = tab()
    log_in(page, site)
    window = page.locator("#limits li")
    expect(window).to_contain_text(re.compile(r"\d+ of 1,000 used, resets in 1[45] min"))
    expect(window.get_by_role("img")).to_have_accessible_name(re.compile(r"\d+ of 1,000 used"))
    page.clock.install()
    page.reload()
    page.clock.run_for(130_000)
    expect(window).to_contain_text(re.compile(r"resets in 1[23] min"))
