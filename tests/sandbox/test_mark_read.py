"""``mark_read.json`` and the rate limit's status, called by tweepy and by hand."""

import threading
from collections import Counter
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import tweepy

from tests.sandbox.callers import MARK_READ, STATUS, call, error, mark, tweepy_api
from tests.sandbox.conftest import ALICE, BOB, CHARLIE, CONFIG, Clock, Drive, Driver
from tests.sandbox.consumer import Consumer
from webhook_app.sandbox.config import Account
from webhook_app.sandbox.moments import milliseconds, snowflake

#: Of 2020-04: no message of this sandbox.
EVENT = 1247310121283321862
#: Nobody has this id before tomorrow.
UNBORN = str(snowflake(milliseconds(Clock()) + 86_400_000))


def test_it_takes_a_mark_from_tweepy(driver: Driver) -> None:
    assert tweepy_api(driver).mark_direct_message_read(last_read_event_id=EVENT, recipient_id=CHARLIE) is None
    shown = driver.get("/marks")
    counts = {name: shown[name] for name in ("calls", "accepted", "violations", "backwards", "repeated")}
    assert counts == {"calls": 1, "accepted": 1, "violations": 0, "backwards": 0, "repeated": 0}
    (item,) = shown["items"]
    (window,) = driver.get("/windows")["items"]
    assert item == {"at": window["opened_at"], "user": ALICE.user_id, "last_read_event_id": str(EVENT),
                    "recipient_id": CHARLIE}  # fmt: skip


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "how",
    [
        {"form": mark(EVENT, CHARLIE)},
        {"query": mark(EVENT, CHARLIE)},
        {"json": mark(EVENT, CHARLIE)},
        # JavaScript's clients write numbers, where they can.
        {"json": {"last_read_event_id": EVENT, "recipient_id": int(CHARLIE)}},
        {"query": {"recipient_id": CHARLIE}, "json": {"last_read_event_id": str(EVENT)}},
        {"query": {"recipient_id": CHARLIE}, "form": {"last_read_event_id": str(EVENT)}},
    ],
)
def test_it_takes_parameters_from_query_form_and_json(
    driver: Driver, scheme: str, how: dict[str, Any]
) -> None:
    answer = call(driver, scheme=scheme, **how)
    assert (answer.status_code, answer.content) == (204, b"")
    (item,) = driver.get("/marks")["items"]
    assert (item["recipient_id"], item["last_read_event_id"]) == (CHARLIE, str(EVENT))


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, (400, 38)),
        ({"recipient_id": CHARLIE}, (400, 38)),
        ({"last_read_event_id": "7"}, (400, 38)),
        (mark("", CHARLIE), (400, 38)),
        (mark("seven", CHARLIE), (400, 214)),
        (mark("-7", CHARLIE), (400, 214)),
        (mark("7.0", CHARLIE), (400, 214)),
        (mark("0x7", CHARLIE), (400, 214)),
        (mark("\u0667", CHARLIE), (400, 214)),
        (mark(2**63, CHARLIE), (400, 214)),
        (mark("7", "@charlie"), (400, 214)),
        (mark("7", "0"), (404, 50)),
        (mark("7", UNBORN), (404, 50)),
    ],
)
@pytest.mark.parametrize("where", ["query", "form", "json"])
def test_it_refuses_wrong_parameters(
    drive: Drive, where: str, params: dict[str, str], expected: tuple[int, int]
) -> None:
    clock = Clock()
    driver = drive(clock)
    how: dict[str, Any] = {where: params}
    answer = call(driver, **how, timestamp=str(int(clock.now)))
    assert error(answer) == expected
    shown = driver.get("/marks")
    assert (shown["calls"], shown["items"]) == (1, [])
    # Counted all the same.
    assert [window["counted"] for window in driver.get("/windows")["items"]] == [1]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"12", b"\xff", b"[" * 100_000])
def test_a_json_body_that_is_no_object_has_no_parameters(driver: Driver, body: bytes) -> None:
    headers = call(driver).request.headers
    answer = driver.call(
        "POST", MARK_READ, data=body,
        headers={"Authorization": str(headers["Authorization"]), "Content-Type": "application/json"},
    )  # fmt: skip
    assert error(answer) == (400, 38)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", MARK_READ),
        ("PUT", MARK_READ),
        ("POST", MARK_READ + "/"),
        ("POST", STATUS),
        ("GET", "/1.1/"),
        ("POST", "/1.1/direct_messages/mark_read"),
        ("POST", "/1.1/direct_messages/indicate_typing.json"),
        ("DELETE", "/1.1/account_activity/all/dev/webhooks/1.json"),
    ],
)
def test_every_other_page_does_not_exist(driver: Driver, method: str, path: str) -> None:
    assert error(driver.call(method, path)) == (404, 34)


def test_a_window_opens_with_a_call_and_closes_after_its_length(drive: Drive) -> None:
    clock = Clock(1_795_219_200.5)
    driver = drive(clock, mark_read_limit=(3, 900))

    def marks(count: int, account: Account = ALICE) -> list[int]:
        at = str(int(clock.now))
        return [
            call(driver, form=mark(7, CHARLIE), account=account, timestamp=at).status_code
            for _ in range(count)
        ]

    assert marks(3) == [204] * 3
    clock.now += 899.75
    assert marks(2) == [429, 429]
    # Another user's is another window.
    assert marks(1, BOB) == [204]
    clock.now += 0.25
    assert marks(4) == [204, 204, 204, 429]
    first, bobs, second = driver.get("/windows")["items"]
    assert first == {"user": ALICE.user_id, "limit": 3, "opened_at": 1_795_219_200.5,
                     "closes_at": 1_795_220_100.5, "counted": 3, "violations": 2}  # fmt: skip
    assert (bobs["user"], bobs["counted"], bobs["violations"]) == (BOB.user_id, 1, 0)
    assert (second["opened_at"], second["counted"], second["violations"]) == (1_795_220_100.5, 3, 1)
    shown = driver.get("/marks")
    assert (shown["calls"], shown["accepted"], shown["violations"]) == (10, 7, 3)
    assert shown["items"][4:] == driver.get("/marks?since=4")["items"]


def test_tweepy_is_told_when_to_come_again(drive: Drive) -> None:
    api = tweepy_api(drive(mark_read_limit=(1, 900)))
    api.mark_direct_message_read(EVENT, CHARLIE)
    with pytest.raises(tweepy.TooManyRequests) as refused:
        api.mark_direct_message_read(EVENT, CHARLIE)
    assert refused.value.api_codes == [88]
    headers = refused.value.response.headers
    assert (headers["x-rate-limit-limit"], headers["x-rate-limit-remaining"]) == ("1", "0")
    date = parsedate_to_datetime(headers["Date"]).timestamp()
    assert 899 <= int(headers["x-rate-limit-reset"]) - date <= 901


@pytest.mark.parametrize(("told", "expected"), [(False, None), (True, "999")])
def test_success_tells_the_window_only_if_configured(drive: Drive, told: bool, expected: str | None) -> None:
    answer = call(drive(mark_read_headers=told), form=mark(7, CHARLIE))
    assert (answer.status_code, answer.headers.get("x-rate-limit-remaining")) == (204, expected)


def test_it_counts_what_comes_again_or_out_of_order(driver: Driver) -> None:
    for up_to, recipient in ((5, CHARLIE), (9, CHARLIE), (7, CHARLIE), (9, CHARLIE), (7, "1"), (8, CHARLIE)):
        assert call(driver, form=mark(up_to, recipient)).status_code == 204
    assert call(driver, form=mark(1, CHARLIE), account=BOB).status_code == 204
    shown = driver.get("/marks")
    assert (shown["accepted"], shown["backwards"], shown["repeated"]) == (7, 2, 1)


def test_the_other_side_hears_of_it_in_both_shapes(driver: Driver, consumer: Consumer) -> None:
    webhook_id = driver.subscribe(consumer)
    user_filter = {"user_id": ALICE.user_id}
    asked = {"event_type": "dm.read", "filter": user_filter, "webhook_id": webhook_id}
    driver.alice.activity.create_subscription(asked)
    tweepy_api(driver, BOB).mark_direct_message_read(EVENT, ALICE.user_id)
    # Who reads is not told, nor is anybody of a mark for somebody without a subscription.
    tweepy_api(driver, ALICE).mark_direct_message_read(EVENT, BOB.user_id)
    driver.settled()
    assert len(consumer.deliveries) == 2
    bodies = [delivery.json for delivery in consumer.deliveries]
    leaves = [
        event for body in bodies
        for event in body.get("data", {}).get("payload", body)["direct_message_mark_read_events"]
    ]  # fmt: skip
    for leaf in leaves:
        assert leaf.pop("created_timestamp").isdecimal()
        assert leaf == {"sender_id": BOB.user_id, "target": {"recipient_id": ALICE.user_id},
                        "last_read_event_id": str(EVENT)}  # fmt: skip
    assert sorted("data" in body for body in bodies) == [False, True]


def test_no_window_is_overspent_by_calls_at_the_same_time(drive: Drive) -> None:
    driver = drive(mark_read_limit=(20, 900))
    statuses: list[int] = []

    def mark_much() -> None:
        for _ in range(8):
            statuses.append(call(driver, form=mark(7, CHARLIE)).status_code)

    threads = [threading.Thread(target=mark_much) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(statuses) == {204: 20, 429: 20}
    (window,) = driver.get("/windows")["items"]
    assert (window["counted"], window["violations"]) == (20, 20)


def test_the_limit_is_x_own_unless_configured() -> None:
    assert CONFIG.mark_read_limit == (1000, 900)
