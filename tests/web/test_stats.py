"""Figures over the API."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import NOW
from tests.web.callers import ALICE, BOB, BOT, CHARLIE, bearer, make_token, mark, message, record, services_of
from webhook_app.domain.counts import CALLS_OF, DELIVERIES_OF, MARKS_OF
from webhook_app.services import Services

STATS = "/api/v1/stats"
HOUR = 3_600_000
#: The hour before the tests' midnight.
LAST = "2026-11-20T23:00:00.000Z"


@pytest.fixture
def services(api: FlaskClient) -> Services:
    """The services behind the API, with something to count: two reads, after 2 s and 90 s."""
    here: Services = services_of(api.application)
    before = NOW - 1000
    record(
        here.store,
        mark(ALICE, message(-3), before),
        mark(BOB, message(-91), before),
        mark(BOB, message(-400_000), NOW - 100 * HOUR),
        mark(ALICE, message(-50), NOW - 30_000, peer=CHARLIE),
    )
    for kind, n in ((DELIVERIES_OF, 3), (MARKS_OF, 2), (CALLS_OF, 1)):
        here.counts.add(f"{kind}|twitter|{BOT}", before, n)
    here.flush()
    while here.store.make_figures(NOW, 90, "tests", HOUR):
        pass
    return here


def items(api: FlaskClient, query: str = "", **kwargs: Any) -> list[dict[str, Any]]:
    """What is listed."""
    answer = api.get(f"{STATS}?{query}", **kwargs)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.get_json()["items"]
    return found


def test_it_shows_figures_as_the_contract_says(api: FlaskClient, services: Services) -> None:
    (item,) = items(api, f"account={BOT}")
    waits = item.pop("seconds_to_read")
    assert item == {
        "platform": "twitter", "account": BOT, "start": LAST,
        "deliveries": 3, "reads": 2, "marks": 2, "calls": 1,
    }  # fmt: skip
    assert waits["based_on"] == 2
    assert waits["p50"] == pytest.approx(2, rel=0.05)
    assert waits["p90"] == waits["p99"] == pytest.approx(90, rel=0.05)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [(LAST, BOT), (LAST, CHARLIE)]),
        ("platform=twitter", [(LAST, BOT), (LAST, CHARLIE)]),
        ("platform=slack", []),
        (f"platform=twitter&account=0{CHARLIE}", [(LAST, CHARLIE)]),
        ("since=2026-11-20T23:59:30Z", [(LAST, BOT), (LAST, CHARLIE)]),
        ("until=2026-11-20T23:00:00Z", []),
        (
            f"account={BOT}&since=2026-11-16T00:00:00Z",
            [("2026-11-16T20:00:00.000Z", BOT), (LAST, BOT)],
        ),
        ("interval=minute", [("2026-11-20T23:59:00.000Z", BOT), ("2026-11-20T23:59:00.000Z", CHARLIE)]),
        (
            "interval=day",
            [
                ("2026-11-16T00:00:00.000Z", BOT),
                ("2026-11-20T00:00:00.000Z", BOT),
                ("2026-11-20T00:00:00.000Z", CHARLIE),
            ],
        ),
    ],
)
def test_it_filters(api: FlaskClient, services: Services, query: str, found: list[tuple[str, str]]) -> None:
    assert [(item["start"], item["account"]) for item in items(api, query)] == found


@pytest.mark.parametrize("interval", ["minute", "hour", "day"])
def test_it_pages(api: FlaskClient, services: Services, interval: str) -> None:
    query = f"{STATS}?interval={interval}&since=2026-11-01T00:00:00Z"
    whole, found = api.get(query).get_json()["items"], list[Any]()
    page: str | None = ""
    while page is not None:
        answer = api.get(f"{query}&limit=1{page and '&page='}{page}").get_json()
        found += answer["items"]
        page = answer["next_page"]
    assert found == whole
    assert len(whole) > 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("interval=week", "interval"),
        ("since=yesterday", "since"),
        ("until=2026-11-20", "until"),
        ("since=2026-11-20T00:00:00Z&until=2026-11-20T00:00:00Z", "until"),
        ("platform=pigeon", "platform"),
        ("platform=twitter&account=bot", "account"),
        ("account=%20", "account"),
        ("reader=1", "reader"),
        ("page=x", "page"),
        ("limit=0", "limit"),
    ],
)
def test_what_it_does_not_understand_is_named(api: FlaskClient, query: str, field: str) -> None:
    answer = api.get(f"{STATS}?{query}")
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]["query"]) == [field]


def test_a_token_bound_to_an_account_sees_its_own(api: FlaskClient, services: Services) -> None:
    _, secret = make_token(services.store, "read", account=("twitter", CHARLIE))
    client = api.application.test_client()
    own = client.get(f"{STATS}?platform=twitter&account={CHARLIE}", headers=bearer(secret))
    assert [item["account"] for item in own.get_json()["items"]] == [CHARLIE]
    assert client.get(STATS, headers=bearer(secret)).status_code == 403
    assert client.get(STATS).status_code == 401
