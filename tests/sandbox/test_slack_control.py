"""What Slack would never offer: to look inside, to add workspaces, and to let it refuse on demand."""

from functools import partial
from typing import Any

import pytest
import requests
from slack_sdk.errors import SlackApiError

from tests.sandbox.conftest import Clock, Drive, Driver
from tests.sandbox.test_slack import BOT, CHANNEL, TS, USER, client, error
from webhook_app.sandbox.slack_config import SlackConfig


def mark(driver: Driver, token: str = BOT, channel: str = CHANNEL) -> object:
    """Marks a channel by Slack's SDK."""
    return client(driver, token).conversations_mark(channel=channel, ts=TS)


def test_an_error_on_demand_concerns_so_many_calls(driver: Driver) -> None:
    driver.do("/slack/errors", error="service_unavailable", count=2, expect=200)
    assert [error(lambda: mark(driver)) for _ in range(2)] == ["service_unavailable"] * 2
    mark(driver)
    assert driver.get("/slack/errors")["items"] == []


@pytest.mark.parametrize(
    ("concerned", "spared"),
    [
        ({"token": BOT}, (USER, CHANNEL)),
        ({"channel": CHANNEL}, (BOT, "D0ALICE")),
        ({"team": "T0SANDBOX", "channel": CHANNEL, "token": BOT}, (USER, CHANNEL)),
        ({"method": "conversations.mark", "channel": CHANNEL}, (BOT, "G0PRIVATE")),
    ],
)
def test_an_error_on_demand_concerns_a_token_or_a_channel(
    driver: Driver, concerned: dict[str, str], spared: tuple[str, str]
) -> None:
    driver.do("/slack/errors", error="no_permission", **concerned, expect=200)
    assert error(lambda: mark(driver)) == "no_permission"
    mark(driver, *spared)
    driver.call("DELETE", "/_sandbox/slack/errors", expect=200)
    mark(driver)


def test_the_newest_error_has_the_last_word(driver: Driver) -> None:
    driver.do("/slack/errors", error="accesslimited", expect=200)
    driver.do("/slack/errors", error="org_login_required", method="auth.test", expect=200)
    assert [item["error"] for item in driver.get("/slack/errors")["items"]] == [
        "org_login_required",
        "accesslimited",
    ]
    assert error(lambda: client(driver).auth_test()) == "org_login_required"
    assert error(lambda: mark(driver)) == "accesslimited"


def test_an_error_can_come_with_a_status(driver: Driver) -> None:
    driver.do("/slack/errors", error="internal_error", status=500, expect=200)
    with pytest.raises(SlackApiError) as raised:
        mark(driver)
    assert (raised.value.response.status_code, raised.value.response["error"]) == (500, "internal_error")


def test_a_rate_limit_on_demand_is_no_violation(driver: Driver) -> None:
    driver.do("/slack/errors", error="ratelimited", retry_after=7, expect=200)
    with pytest.raises(SlackApiError) as raised:
        mark(driver)
    assert (raised.value.response.status_code, raised.value.response.headers["Retry-After"]) == (429, "7")
    assert driver.get("/slack/windows")["violations"] == 0


def test_some_aspect_of_a_call_that_fails_can_succeed(driver: Driver) -> None:
    driver.do("/slack/errors", error="fatal_error", applied=True, expect=200)
    assert error(lambda: mark(driver)) == "fatal_error"
    assert driver.get("/slack/marks")["accepted"] == 1


def test_all_answers_are_counted(driver: Driver) -> None:
    mark(driver)
    client(driver).auth_test()
    assert error(lambda: mark(driver, channel="C0NOWHERE")) == "channel_not_found"
    assert error(lambda: client(driver).api_call("rtm.start")) == "unknown_method"
    assert driver.get("/slack/marks")["answers"] == {
        "conversations.mark": {"ok": 1, "channel_not_found": 1},
        "auth.test": {"ok": 1},
        "rtm.start": {"unknown_method": 1},
    }


def test_any_channel_comes_into_being_if_told(driver: Driver) -> None:
    names = ("C0NEW", "G0NEW", "D0NEW")
    for name in names:
        assert error(partial(mark, driver, channel=name)) == "channel_not_found"
    driver.call("PUT", "/_sandbox/slack/settings", json={"any_channel": True}, expect=200)
    for name in names:
        mark(driver, channel=name)
    for name in ("c0new", "C", "X0NEW", "C0-NEW"):
        assert error(partial(mark, driver, channel=name)) == "channel_not_found"


def test_workspaces_are_added_by_number(driver: Driver) -> None:
    added = driver.do("/slack/workspaces", teams=40, channels=25, expect=200)["items"]
    assert len({workspace["team_id"] for workspace in added}) == 40
    assert len({channel["id"] for workspace in added for channel in workspace["channels"]}) == 1000
    for workspace in (added[0], added[39]):
        (token,) = workspace["tokens"]
        assert client(driver, token["token"]).auth_test()["team_id"] == workspace["team_id"]
        for channel in workspace["channels"]:
            mark(driver, token["token"], channel["id"])
    more = driver.do("/slack/workspaces", teams=1, channels=1, expect=200)["items"]
    assert len(driver.get("/slack/workspaces")["items"]) == 42
    assert more[0]["team_id"] not in {workspace["team_id"] for workspace in added}


def test_a_workspace_can_be_replaced(driver: Driver) -> None:
    (workspace,) = driver.get("/slack/workspaces")["items"]
    workspace["tokens"][0]["state"] = "revoked"
    del workspace["tokens"][1]
    driver.do("/slack/workspaces", workspaces=[workspace], expect=200)
    assert error(lambda: client(driver).auth_test()) == "token_revoked"
    assert error(lambda: client(driver, USER).auth_test()) == "invalid_auth"


@pytest.mark.parametrize(
    ("method", "path", "asked"),
    [
        ("POST", "/errors", {}),
        ("POST", "/errors", {"error": "No Permission"}),
        ("POST", "/errors", {"error": "no_permission", "count": 0}),
        ("POST", "/errors", {"error": "no_permission", "user": "U0BOT"}),
        ("POST", "/errors", {"error": "ratelimited", "retry_after": True}),
        ("POST", "/workspaces", {}),
        ("POST", "/workspaces", {"teams": 0}),
        ("POST", "/workspaces", {"workspaces": 1}),
        ("POST", "/workspaces", {"workspaces": [7]}),
        ("POST", "/workspaces", {"workspaces": [{}]}),
        ("POST", "/workspaces", {"workspaces": [{"team_id": 1}]}),
        ("POST", "/workspaces", {"workspaces": [{"team_id": "T1", "url": "x"}]}),
        ("POST", "/workspaces", {"workspaces": [{"team_id": "T1", "tokens": [{"token": "x"}]}]}),
        ("POST", "/workspaces", {"workspaces": [{"team_id": "T1", "channels": [{"id": "C1", "kind": "x"}]}]}),
        (
            "POST",
            "/workspaces",
            {
                "workspaces": [
                    {"team_id": "T1", "tokens": [{"token": "x", "user": "U1", "expires_at": "soon"}]}
                ]
            },
        ),
        ("PUT", "/settings", {"limit": 0}),
        ("PUT", "/settings", {"any_channel": 1}),
        ("PUT", "/settings", {"workspaces": []}),
    ],
)
def test_it_says_what_it_does_not_understand(
    driver: Driver, method: str, path: str, asked: dict[str, Any]
) -> None:
    driver.call(method, "/_sandbox/slack" + path, json=asked, expect=400)


def fault(driver: Driver, **asked: Any) -> None:
    """Lets something go wrong with calls to Slack."""
    driver.call("POST", "/_sandbox/mark_faults", json={"platform": "slack", **asked})


def test_the_front_door_fails_in_html(driver: Driver) -> None:
    fault(driver, status=503, html=True, count=1)
    with pytest.raises(SlackApiError) as raised:
        mark(driver)
    assert raised.value.response.status_code == 503
    assert "non-JSON" in raised.value.response["error"]
    assert driver.get("/slack/marks")["accepted"] == 0
    assert driver.get("/slack/windows")["items"][0]["counted"] == 1
    mark(driver)


def test_a_fault_concerns_a_user_of_a_team(driver: Driver) -> None:
    fault(driver, code="ekm_access_denied", user="T0SANDBOX.U0BOT")
    assert error(lambda: mark(driver)) == "ekm_access_denied"
    mark(driver, USER)
    client(driver).auth_test()


def test_an_answer_gets_lost_after_the_mark_is_made(driver: Driver) -> None:
    fault(driver, reset=True, count=1)
    with pytest.raises(requests.ConnectionError):
        _post(driver)
    assert driver.get("/slack/marks")["accepted"] == 1


def test_a_rate_limit_says_nothing_about_the_window(drive: Drive) -> None:
    driver = drive(slack=SlackConfig(limit=1))
    mark(driver)
    fault(driver, without_headers=True, count=1)
    answer = _post(driver)
    assert (answer.status_code, answer.headers.get("Retry-After")) == (429, None)
    assert _post(driver).headers["Retry-After"] == "60"


def test_the_clock_of_slack_is_wrong(drive: Drive) -> None:
    driver = drive(Clock())
    fault(driver, clock_skew=3600, count=1)
    assert [_post(driver).headers["Date"] for _ in range(2)] == [
        "Sat, 21 Nov 2026 01:00:00 GMT",
        "Sat, 21 Nov 2026 00:00:00 GMT",
    ]


def _post(driver: Driver) -> requests.Response:
    data = {"token": BOT, "channel": CHANNEL, "ts": TS}
    return driver.call("POST", "/api/conversations.mark", data=data)
