"""Searching and filtering by the page's address."""

import pytest
from flask.testing import FlaskClient

from tests.conftest import NOW
from tests.web.callers import ALICE, BOB, BOT, CHARLIE, mark, name, record
from tests.web.texts import Texts
from webhook_app.domain.inbound import Inbound, Person
from webhook_app.domain.position import Mark
from webhook_app.storage import Store

CHANNEL = "C0GENERAL"


@pytest.fixture
def people(store: Store) -> Store:
    """A store in which Zoë, Bob and a nameless one have read the bot, and the bot has read Zoë."""
    record(store, mark(ALICE), mark(BOB), mark(CHARLIE), mark(BOT, peer=ALICE))
    store.record(Inbound("slack", marks=[Mark("slack", "T1.U1", CHANNEL, 1, NOW)]))
    persons = [(ALICE, "Zoë Müller", "zoe_m"), (BOB, "Bob 100%", "bobby"), (BOT, "The Bot", "bot")]
    store.record(
        Inbound("twitter", people=[Person("twitter", who, text, at, "", NOW) for who, text, at in persons])
    )
    return store


def found(browser: FlaskClient, query: str) -> set[tuple[str, str]]:
    """(reader, peer) of the positions on the page."""
    answer = browser.get(f"/?{query}")
    assert answer.status_code == 200, answer.text
    keys = [part.split('"')[0].split("/") for part in answer.text.split('<li data-key="')[1:-1]]
    return {(reader, peer) for _, reader, peer in keys}


OF_ALICE = {(ALICE, BOT), (BOT, ALICE)}
ON_SLACK = {("T1.U1", CHANNEL)}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=zoë", OF_ALICE),
        ("q=ZOË", OF_ALICE),
        ("q=müller", OF_ALICE),
        ("q=zoe_m", OF_ALICE),  # the handle
        ("q=@ZOE_M", OF_ALICE),
        ("q=%25", {(BOB, BOT)}),  # no wildcard
        ("q=_", OF_ALICE),
        (f"q={ALICE}", OF_ALICE),  # an id
        (f"q={CHARLIE}", {(CHARLIE, BOT)}),  # of somebody nameless
        (f"q={ALICE[:-1]}", set()),  # a part of an id is none
        ("q=nobody", set()),
        ("q=%3Cscript%3E", set()),
        ("q=T1.U1", ON_SLACK),
        ("q=bob&platform=slack", set()),
        ("platform=slack", ON_SLACK),
        (f"reader={ALICE}", {(ALICE, BOT)}),
        (f"peer={ALICE}", {(BOT, ALICE)}),
        (f"platform=twitter&peer={BOT}", {(ALICE, BOT), (BOB, BOT), (CHARLIE, BOT)}),
        (f"peer={BOT}&q=bob", {(BOB, BOT)}),
        (f"reader={ALICE}&peer={BOT}", {(ALICE, BOT)}),
        ("q=&platform=&reader=", OF_ALICE | ON_SLACK | {(BOB, BOT), (CHARLIE, BOT)}),  # an empty form
    ],
)
def test_the_address_says_whose_positions_are_shown(
    browser: FlaskClient, people: Store, query: str, expected: set[tuple[str, str]]
) -> None:
    assert found(browser, query) == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("raeder=1", "raeder"),
        ("platform=icq", "platform"),
        ("platform=twitter&reader=T1.U1", "reader"),
        ("reader=%20!", "reader"),
        ("peer=%2Fetc", "peer"),
        ("q=a&q=b", "q"),
        (f"q={'a' * 101}", "q"),
        ("q=a%00b", "q"),
        ("name=limits", "name"),
        ("%3Cscript%3E=1", "<script>"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_its_name(
    browser: FlaskClient, query: str, field: str
) -> None:
    answer = browser.get(f"/?{query}")
    assert (answer.status_code, answer.mimetype) == (422, "text/html")
    page = Texts(answer.text)
    assert f"{field} :" in page.text
    assert "<script>" not in answer.text.replace("&lt;script&gt;", "")
    assert page.inline == []


def test_the_form_keeps_what_was_asked_and_each_filter_can_be_taken_away(
    browser: FlaskClient, people: Store
) -> None:
    html = browser.get(f"/?platform=twitter&q=bo&peer={BOT}").text
    page = Texts(html)
    assert 'name="q" type="search" maxlength="100" placeholder="Name, handle or id" value="bo"' in html
    assert "<option selected>twitter</option>" in html
    assert f'<input type="hidden" name="peer" value="{BOT}">' in html
    for filter_ in ("platform twitter", "search bo", "peer The Bot"):
        assert filter_ in page.text
    for rest in (f"q=bo&peer={BOT}", f"platform=twitter&peer={BOT}", "platform=twitter&q=bo"):
        assert f"/?{rest}" in page.addresses


def test_nothing_found_is_told(browser: FlaskClient, people: Store) -> None:
    page = Texts(browser.get("/?q=nobody").text).text
    assert "Nothing found." in page
    assert "readmark demo" not in page


def test_names_in_filters_are_text(browser: FlaskClient, store: Store) -> None:
    record(store, mark(ALICE))
    name(store, ALICE, "<b onclick=x>")
    html = browser.get(f"/?reader={ALICE}").text
    assert "<b onclick" not in html
    assert "&lt;b onclick=x&gt;" in html
