"""What the page and the metrics say of webhooks and of what was missed."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import NOW, Clock
from tests.web.callers import services_of
from tests.web.test_metrics import sample
from tests.web.texts import Texts
from webhook_app.domain.replay import Fate, Piece
from webhook_app.domain.watching import Watched, miss
from webhook_app.storage.watching import Watching

MINUTE = 60_000
URL = "https://your.host/webhooks/twitter"
VALID = Watched("twitter", "7", URL, True, NOW, NOW, None, None, "", 0, 0)
INVALID = VALID._replace(
    # What stands in a query may be nobody's business.
    url=f"{URL}?key=1",
    valid=False,
    invalid_since=NOW - 180 * MINUTE,
    reason="<b>No</b> answer.",
    validate_at=NOW + 4 * MINUTE,
    attempts=5,
)


@pytest.fixture
def watching(app: Flask) -> Watching:
    """What a watchdog writes with."""
    found: Watching = services_of(app).store.watching
    return found


def health_of(browser: FlaskClient) -> str:
    """What the page says of health, without the marks on the way out."""
    html = browser.get("/").text
    return Texts(html[html.index('<section id="health"') :].split("</section>")[0]).text


def piece(fate: Fate, minutes: int, problem: str = "") -> Piece:
    """Ten minutes that were missed."""
    since = NOW - minutes * MINUTE
    return Piece("twitter", "7", since, since + 10 * MINUTE, fate, problem=problem)


def test_without_a_platform_to_watch_nothing_is_said(browser: FlaskClient, api: FlaskClient) -> None:
    assert "Webhook last checked" in health_of(browser)
    assert "not watched" not in health_of(browser)
    assert "not registered" not in health_of(browser)
    assert "readmark_watchdog_unseen_seconds " not in api.get("/metrics").text


def test_a_valid_webhook_is_said_to_be(
    browser: FlaskClient, api: FlaskClient, watching: Watching, clock: Clock
) -> None:
    watching.step("twitter", NOW, "", told=True)
    assert "Webhook not registered" in health_of(browser)
    watching.keep("twitter", [VALID], {})
    assert "Webhook valid" in health_of(browser)
    clock.advance(30)
    text = api.get("/metrics").text
    assert sample(text, 'readmark_webhook_valid{platform="twitter",webhook="7"}') == 1
    assert sample(text, 'readmark_webhooks_told_timestamp_seconds{platform="twitter"}') == NOW / 1000
    assert sample(text, "readmark_watchdog_unseen_seconds") == 30
    assert sample(text, 'readmark_missed_seconds{fate="waiting",platform="twitter"}') == 0


def test_an_invalid_one_is_said_to_be_since_when_and_why(
    browser: FlaskClient, api: FlaskClient, watching: Watching
) -> None:
    watching.step("twitter", NOW, "", told=True)
    watching.keep("twitter", [INVALID], {})
    said = health_of(browser)
    assert "Webhook invalid" in said
    assert f"twitter {URL} has been invalid for 3 h : nothing is delivered. <b>No</b> answer." in said
    assert "Tried 5 times, next in 4 min ." in said
    assert sample(api.get("/metrics").text, 'readmark_webhook_valid{platform="twitter",webhook="7"}') == 0


def test_what_is_missing_for_watching_is_said(
    browser: FlaskClient, api: FlaskClient, watching: Watching
) -> None:
    watching.step("twitter", NOW, "THE_TOKEN is not set.", told=False)
    assert "Webhook not watched" in health_of(browser)
    assert "twitter not watched: THE_TOKEN is not set." in health_of(browser)
    # Of what was never told there is no time.
    assert "readmark_webhooks_told_timestamp_seconds{" not in api.get("/metrics").text


def test_one_that_is_gone_is_said_to_be_and_counts_as_invalid(
    browser: FlaskClient, api: FlaskClient, watching: Watching, clock: Clock
) -> None:
    watching.step("twitter", NOW, "", told=True)
    watching.keep("twitter", [miss(VALID, NOW)], {})
    clock.advance(120)
    assert "Webhook gone" in health_of(browser)
    assert f"twitter {URL} has been gone for 2 min : The platform does not list it" in health_of(browser)
    assert sample(api.get("/metrics").text, 'readmark_webhook_valid{platform="twitter",webhook="7"}') == 0


def test_of_what_was_not_told_for_long_there_is_no_metric(
    api: FlaskClient, watching: Watching, clock: Clock
) -> None:
    watching.step("twitter", NOW, "", told=True)
    watching.keep("twitter", [VALID], {})
    clock.advance(300)
    watching.step("twitter", clock(), "THE_TOKEN is not set.", told=False)
    assert "readmark_webhook_valid{" in api.get("/metrics").text
    clock.advance(1)
    assert "readmark_webhook_valid{" not in api.get("/metrics").text


def test_a_watchdog_that_is_gone_is_missed(browser: FlaskClient, watching: Watching, clock: Clock) -> None:
    watching.step("twitter", NOW, "", told=True)
    watching.keep("twitter", [VALID], {})
    clock.advance(180)
    assert "Webhook valid" in health_of(browser)
    clock.advance(1)
    assert "Webhook not watched" in health_of(browser)
    assert "The watchdog was last seen 3 min ago : no process has held its lease since." in health_of(browser)


def test_what_was_missed_is_said_with_its_fate(
    browser: FlaskClient, api: FlaskClient, watching: Watching
) -> None:
    watching.step("twitter", NOW, "", told=True)
    assert "Deliveries were missed" not in health_of(browser)
    pieces = [piece(fate, 100 - 10 * n, "No." if fate is Fate.FAILED else "") for n, fate in enumerate(Fate)]
    watching.keep("twitter", [VALID], {"7": pieces})
    said = health_of(browser)
    for line in (
        "2026-11-20 22:20 \N{EN DASH} 22:30 UTC: to be replayed",
        "22:40 UTC: being replayed",
        "23:00 UTC: replayed, to what end was not told",
        "23:10 UTC: not replayed . No.",
        "23:20 UTC: lost",
    ):
        assert line in said
    # What is done is no longer of interest.
    assert "22:50 UTC" not in said
    text = api.get("/metrics").text
    for fate in Fate:
        assert sample(text, f'readmark_missed_seconds{{fate="{fate.value}",platform="twitter"}}') == 600
