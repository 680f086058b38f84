"""The bot that marks what people write to it as read, by a service: a second sandbox stands in for that."""

from typing import Any

import pytest

from tests.sandbox.conftest import ALICE, BOB, CHARLIE, Drive, Driver
from tests.sandbox.consumer import eventually


@pytest.fixture
def service(drive: Drive) -> Driver:
    """What the bot takes for the service: it knows the same credentials."""
    return drive()


def _write(driver: Driver, sender: str, recipient: str) -> str:
    return str(driver.do("/messages", sender=sender, recipient=recipient)["id"])


def _settled(driver: Driver, calls: int) -> dict[str, Any]:
    def bot() -> dict[str, Any]:
        shown: dict[str, Any] = driver.get("/bot")
        return shown

    eventually(lambda: bot()["marked"] + bot()["failed"] >= calls)
    return bot()


def test_it_marks_each_conversation_up_to_its_newest_message(drive: Drive, service: Driver) -> None:
    driver = drive(bot_marks_at=service.sandbox.url + "/")
    _write(driver, CHARLIE, ALICE.user_id)
    newest = _write(driver, CHARLIE, ALICE.user_id)
    only = _write(driver, BOB.user_id, ALICE.user_id)
    # Neither its own messages nor other people's are the bot's to read.
    _write(driver, ALICE.user_id, CHARLIE)
    _write(driver, CHARLIE, BOB.user_id)
    assert _settled(driver, 2) == {"marked": 2, "failed": 0, "problem": None}
    marks = [
        (item["user"], item["recipient_id"], item["last_read_event_id"])
        for item in service.get("/marks")["items"]
    ]
    assert marks == [(ALICE.user_id, CHARLIE, newest), (ALICE.user_id, BOB.user_id, only)]


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ({"code": 89}, '401: {"errors":[{"code":89,'),
        ({"status": 503, "html": True}, "503: <!DOCTYPE html>"),
        ({"reset": True}, "ProtocolError: "),
    ],
)
def test_a_failure_is_counted_and_the_next_message_tried_again(
    drive: Drive, service: Driver, fault: dict[str, Any], problem: str
) -> None:
    driver = drive(bot_marks_at=service.sandbox.url)
    service.do("/mark_faults", expect=200, count=1, **fault)
    _write(driver, CHARLIE, ALICE.user_id)
    bot = _settled(driver, 1)
    assert (bot["marked"], bot["failed"]) == (0, 1)
    assert bot["problem"].startswith(problem)
    _write(driver, CHARLIE, ALICE.user_id)
    assert _settled(driver, 2)["marked"] == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nowhere", "http://[", "ftp://127.0.0.1"])
def test_people_go_on_while_the_service_cannot_be_reached(drive: Drive, url: str) -> None:
    driver = drive(bot_marks_at=url, reading_seconds=(0.0, 0.01))
    driver.do("/life", visits_per_second=50, expect=200)
    bot = _settled(driver, 3)
    assert bot["marked"] == 0
    assert bot["problem"]
    eventually(lambda: any(thread["read_up_to"] != "0" for thread in driver.get("/conversations")["items"]))


def test_without_a_service_it_reads_nothing(driver: Driver) -> None:
    _write(driver, CHARLIE, ALICE.user_id)
    assert driver.get("/bot") == {"marked": 0, "failed": 0, "problem": None}


def test_everybody_who_writes_is_read(drive: Drive, service: Driver) -> None:
    driver = drive(bot_marks_at=service.sandbox.url)
    driver.do("/life", visits_per_second=60, expect=200)
    people = driver.sandbox.world.state.crowd
    eventually(lambda: service.get("/marks")["accepted"] >= len(people))
    shown = service.get("/marks")
    assert {item["recipient_id"] for item in shown["items"]} == {person.id for person in people}
    assert (shown["backwards"], shown["violations"]) == (0, 0)
