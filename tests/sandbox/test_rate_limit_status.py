"""``rate_limit_status.json``: what is left of the calls that mark."""

from collections import Counter

import pytest

from tests.sandbox.callers import STATUS, call, error, tweepy_api
from tests.sandbox.conftest import ALICE, CHARLIE, Driver


def test_tweepy_asks_what_is_left_without_spending_it(driver: Driver) -> None:
    api = tweepy_api(driver)

    def left() -> dict[str, int]:
        shown: dict[str, int] = api.rate_limit_status(resources="direct_messages")["resources"][
            "direct_messages"
        ]["/direct_messages/mark_read"]
        return shown

    now = driver.sandbox.world.state.clock()
    assert (left()["limit"], left()["remaining"]) == (1000, 1000)
    assert 0 <= left()["reset"] - 900 - now < 10
    assert driver.get("/windows")["items"] == []
    api.mark_direct_message_read(7, CHARLIE)
    assert left()["remaining"] == 999
    assert left()["reset"] - driver.get("/windows")["items"][0]["closes_at"] < 1


@pytest.mark.parametrize(
    ("query", "resources"),
    [({}, ["direct_messages"]), ({"resources": "search,direct_messages"}, ["direct_messages"]),
     ({"resources": "search"}, [])],
)  # fmt: skip
def test_the_status_names_the_resources_wanted(
    driver: Driver, query: dict[str, str], resources: list[str]
) -> None:
    answer = call(driver, "GET", STATUS, query=query)
    assert answer.headers["x-rate-limit-remaining"] == "179"
    assert answer.json()["rate_limit_context"] == {"access_token": ALICE.access_token}
    assert list(answer.json()["resources"]) == resources


def test_the_status_has_a_signature_and_a_limit_of_its_own(driver: Driver) -> None:
    assert error(driver.call("GET", STATUS)) == (401, 215)
    answers = Counter(call(driver, "GET", STATUS).status_code for _ in range(181))
    assert answers == {200: 180, 429: 1}
    assert error(call(driver, "GET", STATUS)) == (429, 88)
