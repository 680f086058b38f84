"""The challenge: what is sent, and which answers pass."""

import base64
import threading
from urllib.parse import parse_qs
from uuid import UUID

import pytest
import requests
from xdk.webhooks.models import CreateRequest

from tests.sandbox.conftest import CONFIG, Drive, Driver, refusal
from tests.sandbox.consumer import Consumer, Reply, signature


def test_a_challenge_looks_like_the_captured_ones(driver: Driver, consumer: Consumer) -> None:
    driver.register(consumer)
    (received,) = consumer.challenges
    query = parse_qs(received.query, strict_parsing=True)
    assert list(query) == ["crc_token", "nonce"]
    assert len(query["crc_token"][0]) == 48
    UUID(base64.b64decode(query["crc_token"][0]).decode())
    assert base64.b64decode(query["nonce"][0] + "==").isdigit()
    assert received.signature == signature(CONFIG.consumer_secret, received.query.encode())


def test_no_two_challenges_are_alike(driver: Driver, consumer: Consumer) -> None:
    driver.app.webhooks.validate(driver.register(consumer))
    assert len({received.query for received in consumer.challenges}) == 2


def test_a_challenge_keeps_the_query_of_the_url(driver: Driver, consumer: Consumer) -> None:
    driver.app.webhooks.create(CreateRequest(url=consumer.url + "?tenant=7"))
    assert consumer.challenges[0].query.startswith("tenant=7&crc_token=")


_RIGHT_FOR_ANOTHER_TOKEN = b'{"response_token":"%s"}' % signature(CONFIG.consumer_secret, b"foo").encode()


@pytest.mark.parametrize(
    ("reply", "details"),
    [
        (Reply(302, headers=(("Location", "/elsewhere"),)), "Redirect"),
        (Reply(308, headers=(("Location", "/webhooks/twitter/"),)), "Redirect"),
        (Reply(404), "Non-200"),
        (Reply(503), "Non-200"),
        (Reply(201), "Non-200"),
        (Reply(content_type="text/html"), "Content type"),
        (Reply(body=b""), "Invalid CRC token"),
        (Reply(body=b"[1]"), "Invalid CRC token"),
        (Reply(body=b'{"response_token":7}'), "Invalid CRC token"),
        (Reply(body=b"[" * 60_000), "Invalid CRC token"),
        (Reply(body=b'{"response_token":"sha256="}'), "Invalid CRC token"),
        (Reply(body=b'{"response_token":"\xc3\xa4"}'), "Invalid CRC token"),
        (Reply(body=_RIGHT_FOR_ANOTHER_TOKEN), "Invalid CRC token"),
        (Reply(headers=(("Content-Encoding", "gzip"),)), "Content-Encoding"),
    ],
)
def test_it_refuses_a_wrong_answer(driver: Driver, consumer: Consumer, reply: Reply, details: str) -> None:
    consumer.crc_reply = reply
    with pytest.raises(requests.HTTPError) as error:
        driver.register(consumer)
    status, message = refusal(error)
    assert status == 400
    assert message.startswith(f"CrcValidationFailed: {details}")
    assert driver.app.webhooks.get().data == []


def test_it_refuses_an_answer_that_comes_too_late(drive: Drive, consumer: Consumer) -> None:
    too_late = threading.Event()
    consumer.crc_reply = Reply(after=too_late)
    with pytest.raises(requests.HTTPError) as error:
        drive(crc_timeout=0.1).register(consumer)
    too_late.set()
    assert refusal(error)[1].startswith("CrcValidationFailed: High latency")


def test_it_refuses_a_url_where_nobody_listens(driver: Driver, consumer: Consumer) -> None:
    with Consumer("gone") as gone:
        pass
    with pytest.raises(requests.HTTPError) as error:
        driver.register(gone)
    assert refusal(error)[1].startswith("CrcValidationFailed: Connection failed")


@pytest.mark.parametrize(
    ("reply", "stays_valid"),
    [
        # X gives up at once after a 2xx with a wrong token and after any 3xx …
        (Reply(body=b"{}"), False),
        (Reply(301), False),
        # … and forgives 4xx and 5xx for a day.
        (Reply(404), True),
        (Reply(503), True),
    ],
)
def test_a_failed_validation_may_end_the_webhook(
    driver: Driver, consumer: Consumer, reply: Reply, stays_valid: bool
) -> None:
    webhook_id = driver.register(consumer)
    consumer.crc_reply = reply
    with pytest.raises(requests.HTTPError) as error:
        driver.app.webhooks.validate(webhook_id)
    assert refusal(error)[1].startswith("CrcValidationFailed: ")
    assert [webhook.valid for webhook in driver.app.webhooks.get().data or []] == [stays_valid]

    consumer.crc_reply = None
    driver.app.webhooks.validate(webhook_id)
    assert [webhook.valid for webhook in driver.app.webhooks.get().data or []] == [True]
