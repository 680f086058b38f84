"""What goes wrong with marks on demand, as tweepy and callers by hand meet it."""

from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests
import tweepy

from tests.sandbox.callers import STATUS, call, error, mark, tweepy_api
from tests.sandbox.conftest import ALICE, BOB, CHARLIE, Clock, Drive, Driver
from tests.sandbox.consumer import eventually
from webhook_app.sandbox.mark_faults import NO_FAULT, MarkFault, MarkFaults

NOW = 1_795_219_200
#: By status, what tweepy raises.
RAISED = {
    400: tweepy.BadRequest,
    401: tweepy.Unauthorized,
    403: tweepy.Forbidden,
    404: tweepy.NotFound,
    410: tweepy.HTTPException,
    429: tweepy.TooManyRequests,
    500: tweepy.TwitterServerError,
    503: tweepy.TwitterServerError,
}


def _fault(driver: Driver, **fault: Any) -> None:
    driver.do("/mark_faults", expect=200, **fault)


def _marked(driver: Driver) -> int:
    return int(driver.get("/marks")["accepted"])


@pytest.mark.parametrize(
    ("code", "status"),
    [
        # The caller is not known, or not any more.
        (32, 401), (215, 401), (135, 401), (89, 401), (99, 401),
        # What is named does not exist.
        (17, 404), (34, 404), (50, 404), (144, 404),
        # The call itself is wrong.
        (38, 400), (44, 400), (214, 400),
        # The account, or the app, is stopped.
        (64, 403), (326, 403), (416, 403),
        # The app may not do this.
        (87, 403), (93, 403), (220, 403), (261, 403), (453, 403),
        # Not to this person.
        (150, 403), (151, 403), (349, 403), (354, 403),
        (226, 403),
        (251, 410),
        (88, 429),
        (67, 503), (130, 503), (131, 500),
        # A code that no page names.
        (9999, 403),
    ],
)  # fmt: skip
def test_it_refuses_in_x_words(driver: Driver, code: int, status: int) -> None:
    _fault(driver, platform="twitter", code=code)
    with pytest.raises(tweepy.HTTPException) as refused:
        tweepy_api(driver).mark_direct_message_read(7, CHARLIE)
    assert type(refused.value) is RAISED[status]
    assert (refused.value.response.status_code, refused.value.api_codes) == (status, [code])
    assert refused.value.api_messages[0]
    assert _marked(driver) == 0


def test_a_code_can_come_with_another_status(driver: Driver) -> None:
    _fault(driver, code=215, status=400)
    assert error(call(driver, form=mark(7, CHARLIE))) == (400, 215)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize(("html", "body"), [(True, "<!DOCTYPE html>"), (False, "")])
def test_the_front_door_fails_with_a_page_or_with_nothing(
    driver: Driver, status: int, html: bool, body: str
) -> None:
    _fault(driver, platform="twitter", status=status, html=html)
    with pytest.raises(tweepy.TwitterServerError) as failed:
        tweepy_api(driver).mark_direct_message_read(7, CHARLIE)
    assert (failed.value.response.status_code, failed.value.api_codes) == (status, [])
    assert failed.value.response.text.startswith(body)
    assert failed.value.response.headers["Content-Type"].startswith("text/html")
    assert _marked(driver) == 0
    assert call(driver, "GET", STATUS).status_code == status


@pytest.mark.parametrize(("more", "marked"), [({}, 1), ({"status": 503}, 0), ({"code": 131}, 0)])
def test_the_connection_is_reset_and_the_mark_made_or_not(
    driver: Driver, more: dict[str, Any], marked: int
) -> None:
    _fault(driver, reset=True, count=1, **more)
    with pytest.raises(tweepy.TweepyException, match="Connection reset by peer"):
        tweepy_api(driver).mark_direct_message_read(7, CHARLIE)
    assert _marked(driver) == marked
    tweepy_api(driver).mark_direct_message_read(8, CHARLIE)
    assert [window["counted"] for window in driver.get("/windows")["items"]] == [2]


def test_the_answer_comes_too_late_and_the_mark_is_made(driver: Driver) -> None:
    _fault(driver, hang=3600, count=1)
    with pytest.raises(tweepy.TweepyException, match="timed out"):
        tweepy_api(driver, timeout=0.2).mark_direct_message_read(7, CHARLIE)
    eventually(lambda: _marked(driver) == 1)


def test_a_slow_call_is_counted_when_it_arrives(driver: Driver) -> None:
    _fault(driver, latency=0.1)
    begun = driver.sandbox.world.state.clock()
    assert call(driver, form=mark(7, CHARLIE)).status_code == 204
    (window,) = driver.get("/windows")["items"]
    assert window["opened_at"] >= begun + 0.1


def test_a_call_that_never_arrives_is_not_counted(driver: Driver) -> None:
    _fault(driver, latency=3600, count=1)
    with pytest.raises(requests.Timeout):
        call(driver, form=mark(7, CHARLIE), timeout=0.2)
    assert driver.get("/windows")["items"] == []


@pytest.mark.parametrize("limit", [1, 1000])
@pytest.mark.parametrize("silent", [True, False])
def test_a_429_tells_the_window_unless_it_shall_not(drive: Drive, limit: int, silent: bool) -> None:
    driver = drive(mark_read_limit=(limit, 900))
    if limit > 1:
        _fault(driver, code=88)
    _fault(driver, without_headers=silent, rate_headers=True)
    call(driver, form=mark(7, CHARLIE))
    with pytest.raises(tweepy.TooManyRequests) as refused:
        tweepy_api(driver).mark_direct_message_read(8, CHARLIE)
    told = {name for name in refused.value.response.headers if name.startswith("x-rate-limit-")}
    assert len(told) == (0 if silent else 3)
    if not silent:
        assert refused.value.response.headers["x-rate-limit-remaining"] == "0"
    # Only what is beyond the limit is a violation; a 429 without a reason is none.
    assert driver.get("/marks")["violations"] == (1 if limit == 1 else 0)


def test_every_answer_can_tell_the_window(driver: Driver) -> None:
    _fault(driver, rate_headers=True)
    answers = [call(driver, form=mark(7, CHARLIE)), call(driver, form=mark("x", CHARLIE))]
    assert [answer.headers["x-rate-limit-remaining"] for answer in answers] == ["999", "998"]


@pytest.mark.parametrize("skew", [-86_400, -301, 301, 86_400])
def test_the_clock_is_wrong_in_every_respect(drive: Drive, skew: int) -> None:
    driver = drive(Clock(NOW), mark_read_headers=True)
    _fault(driver, clock_skew=skew)
    refused = call(driver, form=mark(7, CHARLIE), timestamp=str(NOW))
    assert error(refused) == (401, 135)
    accepted = call(driver, form=mark(7, CHARLIE), timestamp=str(NOW + skew))
    assert accepted.status_code == 204
    for answer in (refused, accepted):
        assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == NOW + skew
    assert int(accepted.headers["x-rate-limit-reset"]) == NOW + skew + 900
    status = call(driver, "GET", STATUS, timestamp=str(NOW + skew))
    shown = status.json()["resources"]["direct_messages"]["/direct_messages/mark_read"]
    assert shown["reset"] == int(status.headers["x-rate-limit-reset"]) == NOW + skew + 900
    # What is recorded is true.
    assert driver.get("/windows")["items"][0]["opened_at"] == NOW


def test_without_faults_answers_are_dated_by_the_sandbox(drive: Drive) -> None:
    answer = drive(Clock(NOW)).call("GET", "/_sandbox/marks")
    assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == NOW


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({}, [403, 403, 403, 403]),
        ({"count": 1}, [403, 204, 204, 204]),
        ({"count": 3}, [403, 403, 403, 204]),
        ({"user": ALICE.user_id}, [403, 204, 403, 204]),
        ({"user": BOB.user_id, "count": 1}, [204, 403, 204, 204]),
        ({"peer": CHARLIE}, [403, 403, 204, 204]),
        ({"user": BOB.user_id, "peer": "1"}, [204, 204, 204, 403]),
        ({"platform": "slack"}, [204, 204, 204, 204]),
    ],
)
def test_a_fault_concerns_whom_it_names(driver: Driver, fault: dict[str, Any], expected: list[int]) -> None:
    _fault(driver, code=349, **fault)
    calls = [(ALICE, CHARLIE), (BOB, CHARLIE), (ALICE, "1"), (BOB, "1")]
    answers = [call(driver, form=mark(7, peer), account=account) for account, peer in calls]
    assert [answer.status_code for answer in answers] == expected


def test_faults_add_up_and_the_newest_has_the_last_word(driver: Driver) -> None:
    _fault(driver, rate_headers=True)
    _fault(driver, code=130)
    _fault(driver, code=131, count=1)
    statuses = []
    for _ in range(2):
        answer = call(driver, form=mark(7, CHARLIE))
        statuses.append(answer.status_code)
        assert "x-rate-limit-reset" in answer.headers
    assert statuses == [500, 503]


def test_faults_are_cleared_by_platform_or_all_together(driver: Driver) -> None:
    _fault(driver, platform="twitter", code=130)
    driver.call("DELETE", "/_sandbox/mark_faults?platform=slack", expect=200)
    assert call(driver, form=mark(7, CHARLIE)).status_code == 503
    driver.call("DELETE", "/_sandbox/mark_faults?platform=twitter", expect=200)
    assert call(driver, form=mark(7, CHARLIE)).status_code == 204
    _fault(driver, code=130)
    driver.call("DELETE", "/_sandbox/mark_faults", expect=200)
    assert call(driver, form=mark(7, CHARLIE)).status_code == 204


def test_a_word_of_another_platform_is_none_here(driver: Driver) -> None:
    _fault(driver, code="channel_not_found")
    assert call(driver, form=mark(7, CHARLIE)).status_code == 204


def test_taking_a_fault_uses_it_up() -> None:
    faults = MarkFaults()
    faults.add(MarkFault(clock_skew=5))
    faults.add(MarkFault(platform="slack", status=503, count=2))
    assert faults.take("twitter", "1") == MarkFault(clock_skew=5)
    both = faults.take("slack", "T1.U1")
    assert both is not None
    assert (both.clock_skew, both.status, both.refuses) == (5, 503, True)
    faults.take("slack", "T1.U1")
    assert faults.take("slack", "T1.U1") == MarkFault(clock_skew=5)
    faults.clear()
    assert faults.take("slack", "T1.U1") is None
    assert not NO_FAULT.refuses


@pytest.mark.parametrize(
    "asked",
    [
        {"explode": 1}, {"platform": "myspace"}, {"platform": ["twitter"]},
        {"latency": -1}, {"latency": True}, {"latency": "1"}, {"hang": 3601},
        {"status": 99}, {"status": 600}, {"status": "503"}, {"status": True},
        {"html": 1}, {"reset": "yes"}, {"without_headers": 0}, {"rate_headers": []},
        {"code": True}, {"code": 1.5}, {"code": ""}, {"user": 42}, {"peer": ""},
        {"clock_skew": "1"}, {"clock_skew": 1e9}, {"count": 0}, {"count": True}, {"count": 1.5},
    ],
)  # fmt: skip
def test_it_says_which_fault_it_does_not_understand(driver: Driver, asked: dict[str, Any]) -> None:
    (said,) = driver.do("/mark_faults", expect=400, **asked)["errors"]
    assert said["message"].startswith(f"MarkFaultInvalid: {next(iter(asked))} cannot be ")
    assert call(driver, form=mark(7, CHARLIE)).status_code == 204
