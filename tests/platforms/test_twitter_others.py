"""What else X delivers: messages' ids, revocations, ends of replay jobs."""

import json
import time
from typing import Any

import pytest

from tests.conftest import NOW
from tests.platforms.payloads import (
    BOT,
    CUSTOMER,
    MESSAGE,
    activity,
    encode,
    message_event,
    read_event,
    reads,
)
from webhook_app.domain.inbound import Inbound, Message, Notice
from webhook_app.platforms.twitter_events import read
from webhook_app.platforms.twitter_others import receiver

HOUR = 3_600_000
WRITTEN = Message("twitter", CUSTOMER, BOT, int(MESSAGE), 1586216881472)


def receive(document: Any) -> Inbound:
    """A document, as a verified delivery."""
    return read(encode(document), NOW)


@pytest.mark.parametrize(
    "document",
    [
        {"for_user_id": BOT, "direct_message_events": [message_event()], "users": {}},
        {"data": activity("dm.sent", {"direct_message_events": [message_event()]})},
        {"data": [activity("dm.received", {"direct_message_events": [message_event()]})]},
        # Beside a read event.
        reads(read_event(), direct_message_events=[message_event()]),
    ],
)
def test_a_message_leaves_its_id(document: dict[str, Any]) -> None:
    inbound = receive(document)
    assert inbound.messages == [WRITTEN]
    assert "never stored" not in repr(inbound)


@pytest.mark.parametrize(
    "event",
    [
        None,
        5,
        "x",
        {},
        message_event(message_create=None),
        message_event(message_create={"target": None}),
        message_event(id=5),
        message_event(id="-5"),
        message_event(id="9" * 19),
        message_event(id="1" * 30),
        message_event(id=None),
        message_event(author="x"),
        message_event(reader=None),
        # To oneself: nobody is waited for.
        message_event(author=CUSTOMER),
        message_event(id=str((NOW + HOUR + 1 - 1288834974657) << 22)),
    ],
)
def test_an_odd_message_is_passed_over(event: Any) -> None:
    inbound = receive({"direct_message_events": [event, message_event()]})
    assert inbound.messages == [WRITTEN]
    assert (inbound.ignored, inbound.quarantined) == (1, 0)


def revoked(at: Any, user: Any = CUSTOMER) -> list[Notice]:
    """The notices of a revocation, the same in both shapes."""
    old = {
        "user_event": {"revoke": {"date_time": at, "target": {"app_id": "1"}, "source": {"user_id": user}}}
    }
    new = {"data": activity("oauth.revoke", {"date_time": at, "user_id": user, "app_id": "1"}, filter={})}
    notices = receive(old).notices
    assert notices == receive(new).notices
    return notices


@pytest.mark.parametrize(
    ("date_time", "at"),
    [
        ("2018-05-24T09:48:12+00:00", 1527155292_000),
        ("2018-05-24T11:48:12+02:00", 1527155292_000),
        ("2018-05-24T09:48:12Z", 1527155292_000),
        ("2018-05-24T09:48:12.5Z", 1527155292_500),
        # Without a readable time it is now, and never later.
        ("yesterday", NOW),
        ("", NOW),
        (None, NOW),
        (1527155292, NOW),
        ("9999-12-31T23:59:59+00:00", NOW),
        ("0001-01-01T00:00:00+23:59", -62135683140_000),
    ],
)
def test_a_revocation_tells_who_and_when(date_time: Any, at: int) -> None:
    assert revoked(date_time) == [Notice("twitter", "revocation", CUSTOMER, at, "")]


def test_a_time_without_a_zone_is_utc_wherever_we_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "EST+5")
        time.tzset()
        (notice,) = revoked("2018-05-24T09:48:12")
    time.tzset()
    assert notice.at == 1527155292_000


@pytest.mark.parametrize("user", [None, 5, "x", "", "-1", "1" * 30, [], {}])
def test_a_revocation_of_nobody_is_passed_over(user: Any) -> None:
    assert revoked("2018-05-24T09:48:12Z", user) == []


@pytest.mark.parametrize("revoke", [None, 5, [], {}, {"source": None}, {"source": {}}])
def test_an_odd_revocation_is_ignored(revoke: Any) -> None:
    inbound = receive({"user_event": {"revoke": revoke}})
    assert (inbound.notices, inbound.ignored) == ([], 1)


def job(**changes: Any) -> list[Notice]:
    """The notices of the end of a replay job."""
    status = {"webhook_id": "1", "job_state": "Complete", "job_state_description": "Done", "job_id": "77"}
    return receive({"replay_job_status": {**status, **changes}}).notices


def test_the_end_of_a_replay_job_is_kept() -> None:
    (notice,) = job()
    assert notice[:4] == ("twitter", "replay", "77", NOW)
    assert json.loads(notice.detail) == {"state": "Complete", "description": "Done"}


@pytest.mark.parametrize("odd", ["x" * 5000, "é\0\ud800" * 500, None, 5, {"a": ["b"] * 1000}])
def test_what_is_kept_of_a_job_can_be_read_again(odd: Any) -> None:
    (notice,) = job(job_state_description=odd, job_id="7\0\ud800")
    assert json.loads(notice.detail)["state"] == "Complete"
    for text in (notice.subject, notice.detail):
        assert "\0" not in text
        text.encode()


@pytest.mark.parametrize("status", [{"job_id": None}, {"job_id": 5}, {"job_id": []}])
def test_a_job_without_an_id_is_passed_over(status: dict[str, Any]) -> None:
    assert job(**status) == []


@pytest.mark.parametrize(
    ("said", "account"),
    [
        ({"for_user_id": "042"}, "42"),
        ({"for_user_id": "42", "data": {"filter": {"user_id": "7"}}}, "42"),
        ({"data": {"filter": {"user_id": "42"}}}, "42"),
        ({"data": [{"filter": {"user_id": "42"}}, {"filter": {"user_id": "7"}}]}, "42"),
        ({}, ""),
        ({"for_user_id": 42}, ""),
        ({"for_user_id": "bot"}, ""),
        ({"for_user_id": str(2**63)}, ""),
        ({"data": [None]}, ""),
        ({"data": {"filter": "42"}}, ""),
    ],
)
def test_it_says_whom_a_delivery_is_for(said: dict[str, Any], account: str) -> None:
    assert receiver(said) == account
