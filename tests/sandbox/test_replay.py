"""``/2/webhooks/replay`` with X's SDK as its client: what comes once more, and every refusal."""

import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from xdk.webhooks.models import CreateWebhookReplayJobRequest

from tests.sandbox.conftest import ALICE, CHARLIE, CONFIG, Clock, Drive, Driver, refusal
from tests.sandbox.consumer import Consumer, Reply, eventually, signature
from webhook_app.sandbox.memory import Memory, Remembered
from webhook_app.sandbox.replay import LIMIT

MINUTE, HOUR = 60, 3600


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at the begin of a minute: the SDK signs with the machine's."""
    return Clock(time.time() // MINUTE * MINUTE)


@pytest.fixture
def driver(drive: Drive, clock: Clock) -> Driver:
    """A sandbox that goes by the test's clock."""
    return drive(clock)


def minute(seconds: float) -> str:
    """A moment as replays write it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d%H%M")


def replay(driver: Driver, webhook_id: str, since: float | str, until: float | str) -> str:
    """Asks for a replay by X's SDK; returns the job's id."""
    begin, end = (value if isinstance(value, str) else minute(value) for value in (since, until))
    asked = CreateWebhookReplayJobRequest(webhook_id=webhook_id, from_date=begin, to_date=end)
    created = driver.app.webhooks.create_webhook_replay_job(asked).data
    assert created is not None
    return str(created.job_id)


def read(driver: Driver, up_to: int) -> None:
    """Charlie reads what Alice has written."""
    driver.do("/reads", reader=CHARLIE, peer=ALICE.user_id, last_read_event_id=str(up_to))


def ended(driver: Driver, consumer: Consumer) -> Any:
    """The notice that a replay has ended, once it has come."""
    eventually(lambda: consumer.deliveries and b"replay_job_status" in consumer.deliveries[-1].body)
    driver.settled()
    return consumer.deliveries[-1].json["replay_job_status"]


def test_the_events_of_the_time_come_once_more_in_the_same_bytes_oldest_first(
    drive: Drive, clock: Clock, consumer: Consumer
) -> None:
    driver = drive(clock, in_flight=1)
    webhook_id, begin = driver.subscribe(consumer), clock.now
    for up_to in range(1, 7):
        read(driver, up_to)
        driver.settled()
        clock.now += MINUTE
    first = [received.body for received in consumer.deliveries]
    consumer.deliveries.clear()
    clock.now += HOUR
    # The first minute is of it, the last one is not.
    job_id = replay(driver, webhook_id, begin + MINUTE, begin + 4 * MINUTE)
    assert ended(driver, consumer) == {
        "webhook_id": webhook_id,
        "job_state": "Complete",
        "job_state_description": "Job completed successfully",
        "job_id": job_id,
    }
    assert [received.body for received in consumer.deliveries[:-1]] == first[1:4]
    for received in consumer.deliveries:
        assert received.signature == signature(CONFIG.consumer_secret, received.body)
    (job,) = driver.get("/replays")["items"]
    assert (job["id"], job["state"], job["events"], job["delivered"]) == (job_id, "Complete", 3, 3)


def test_the_last_minute_is_of_it_where_openapi_is_right(
    drive: Drive, clock: Clock, consumer: Consumer
) -> None:
    driver = drive(clock, replay_end_included=True)
    webhook_id, begin = driver.subscribe(consumer), clock.now
    for up_to in (1, 2, 3):
        read(driver, up_to)
        clock.now += MINUTE
    clock.now += HOUR
    replay(driver, webhook_id, begin, begin + MINUTE)
    ended(driver, consumer)
    assert driver.get("/replays")["items"][0]["delivered"] == 2


def test_what_happened_while_the_webhook_was_invalid_or_mute_comes_too(
    drive: Drive, clock: Clock, consumer: Consumer
) -> None:
    driver = drive(clock, retry_delays=())
    webhook_id, begin = driver.subscribe(consumer), clock.now
    driver.sandbox.world.state.webhooks[webhook_id].valid = False
    read(driver, 7)
    driver.app.webhooks.validate(webhook_id)
    consumer.reply = Reply(503)
    read(driver, 8)
    assert driver.settled()["counts"]["lost"] == 1
    consumer.reply = Reply()
    clock.now += HOUR
    replay(driver, webhook_id, begin, begin + MINUTE)
    assert ended(driver, consumer)["job_state"] == "Complete"
    (position,) = driver.get("/positions")["items"]
    assert position["acknowledged"]["last_read_event_id"] == "8"
    # A replay, and what it replays, are nothing to be replayed.
    clock.now += HOUR
    replay(driver, webhook_id, begin, begin + 45 * MINUTE)
    eventually(lambda: [job["delivered"] for job in driver.get("/replays")["items"]] == [2, 2])


def test_a_replay_is_not_tried_again_and_says_that_it_is_incomplete(
    driver: Driver, clock: Clock, consumer: Consumer
) -> None:
    webhook_id, begin = driver.subscribe(consumer), clock.now
    for up_to in (1, 2):
        read(driver, up_to)
    driver.settled()
    consumer.deliveries.clear()
    consumer.replies = [Reply(503)]
    clock.now += HOUR
    replay(driver, webhook_id, begin, begin + MINUTE)
    assert ended(driver, consumer)["job_state"] == "Incomplete"
    assert len(consumer.deliveries) == 3
    assert driver.get("/replays")["items"][0]["delivered"] == 1


def test_one_job_a_webhook_at_a_time(driver: Driver, clock: Clock, consumer: Consumer) -> None:
    webhook_id, begin = driver.subscribe(consumer), clock.now
    read(driver, 1)
    driver.settled()
    gate = threading.Event()
    consumer.replies = [Reply(after=gate)]
    clock.now += HOUR
    replay(driver, webhook_id, begin, begin + MINUTE)
    with pytest.raises(requests.HTTPError) as error:
        replay(driver, webhook_id, begin, begin + MINUTE)
    gate.set()
    assert refusal(error)[0] == 409
    assert refusal(error)[1].startswith("ReplayConflictError: ")
    ended(driver, consumer)
    replay(driver, webhook_id, begin, begin + MINUTE)


@pytest.mark.parametrize(
    ("since", "until", "cause"),
    [
        (24 * HOUR + MINUTE, HOUR, "from_date is older than 24 hours"),
        (30 * MINUTE, 20 * MINUTE, "from_date must be at least 31 minutes"),
        (HOUR, 2 * HOUR, "from_date must be before to_date"),
        (HOUR, HOUR, "from_date must be before to_date"),
        (-MINUTE, -2 * HOUR, "from_date is in the future"),
        (HOUR, 9 * MINUTE, "to_date must be at least 10 minutes"),
        (HOUR, -MINUTE, "to_date is in the future"),
        ("2026112116", HOUR, "from_date is not in the format yyyymmddhhmm"),
        (HOUR, "202613010000", "to_date is not in the format yyyymmddhhmm"),
    ],
)
def test_it_refuses_times_that_x_refuses(
    driver: Driver, clock: Clock, consumer: Consumer, since: float | str, until: float | str, cause: str
) -> None:
    webhook_id = driver.register(consumer)
    moments = [value if isinstance(value, str) else clock.now - value for value in (since, until)]
    with pytest.raises(requests.HTTPError) as error:
        replay(driver, webhook_id, *moments)
    assert refusal(error)[0] == 400
    assert refusal(error)[1].startswith(f"QueryParamInvalid: {cause}")


@pytest.mark.parametrize(
    ("since", "until"), [(24 * HOUR, 10 * MINUTE), (31 * MINUTE, 10 * MINUTE), (31 * MINUTE, 30 * MINUTE)]
)
def test_it_accepts_times_at_the_edge(
    driver: Driver, clock: Clock, consumer: Consumer, since: float, until: float
) -> None:
    replay(driver, driver.register(consumer), clock.now - since, clock.now - until)
    # Nothing to send is a job, too.
    assert ended(driver, consumer)["job_state"] == "Complete"


def test_it_refuses_a_webhook_that_it_does_not_know(driver: Driver, clock: Clock) -> None:
    with pytest.raises(requests.HTTPError) as error:
        replay(driver, "77", clock.now - HOUR, clock.now - HOUR / 2)
    assert refusal(error)[1].startswith("WebhookIdInvalid: ")


def test_it_refuses_a_webhook_that_fails_its_challenge(
    driver: Driver, clock: Clock, consumer: Consumer
) -> None:
    webhook_id = driver.register(consumer)
    consumer.crc_reply = Reply(301)
    # Once for the redirect, and then because that has made it invalid.
    for _ in range(2):
        with pytest.raises(requests.HTTPError) as error:
            replay(driver, webhook_id, clock.now - HOUR, clock.now - HOUR / 2)
        assert refusal(error)[1].startswith("CrcValidationFailed: ")
        consumer.crc_reply = None
    assert len(consumer.challenges) == 2
    assert driver.get("/replays")["items"] == []


def test_it_counts_calls(driver: Driver, clock: Clock) -> None:
    for _ in range(LIMIT):
        driver.sandbox.world.state.windows.spend("create_replay_job", "", LIMIT, clock.now)
    with pytest.raises(requests.HTTPError) as error:
        replay(driver, "77", clock.now - HOUR, clock.now - HOUR / 2)
    assert refusal(error) == (429, "Too Many Requests")


def test_it_remembers_a_day_and_knows_when_there_was_too_much() -> None:
    memory = Memory(most=2)

    def happen(at: float) -> Remembered:
        event = Remembered(at, "read", b"{}", ())
        memory.add("7", event)
        return event

    first, second = happen(1), happen(2)
    assert memory.between("7", 0, 3) == ([first, second], True)
    third = happen(3)
    assert memory.between("7", 1, 4) == ([second, third], False)
    assert memory.between("7", 2, 3) == ([second], True)
    last = happen(3 + 24 * HOUR)
    assert memory.between("7", 3, 10**6) == ([third, last], True)
    memory.forget("7")
    assert memory.between("7", 0, 10**6) == ([], True)
