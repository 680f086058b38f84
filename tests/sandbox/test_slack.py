"""Slack's Web API, called by Slack's own SDK."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import slack_sdk
from slack_sdk.errors import SlackApiError

from tests.sandbox.conftest import Clock, Drive, Driver
from webhook_app.sandbox.slack_config import SlackConfig, many_workspaces

BOT, USER, CLASSIC, APP = "xoxb-sandbox-bot", "xoxp-sandbox-user", "xoxb-sandbox-classic", "xapp-sandbox-app"
CHANNEL, TS = "C0GENERAL", "1593473566.000200"


def client(driver: Driver, token: str | None = BOT) -> slack_sdk.WebClient:
    """The SDK as a bot makes it; it tries nothing twice."""
    return slack_sdk.WebClient(token=token, base_url=f"{driver.sandbox.url}/api/", retry_handlers=[])


def error(call: Callable[[], object]) -> str:
    """The error that the SDK raises."""
    with pytest.raises(SlackApiError) as raised:
        call()
    return str(raised.value.response["error"])


def test_a_mark_is_recorded(drive: Drive) -> None:
    clock = Clock()
    driver = drive(clock)
    answer = client(driver).conversations_mark(channel=CHANNEL, ts=TS)
    assert answer.data == {"ok": True}
    (mark,) = driver.get("/slack/marks")["items"]
    assert mark == {
        "at": clock.now,
        "method": "conversations.mark",
        "team": "T0SANDBOX",
        "user": "U0BOT",
        "channel": CHANNEL,
        "ts": TS,
    }


@pytest.mark.parametrize(
    ("token", "user", "name", "bot"),
    [
        (BOT, "U0BOT", "helpful_bot", "B0BOT"),
        (CLASSIC, "U0CLASSIC", "old_bot", "B0CLASSIC"),
        (USER, "U0ALICE", "alice", None),
    ],
)
def test_a_token_is_introduced(driver: Driver, token: str, user: str, name: str, bot: str | None) -> None:
    answer = client(driver, token).auth_test()
    assert (answer["team_id"], answer["team"]) == ("T0SANDBOX", "Sandbox")
    assert (answer["user_id"], answer["user"], answer.get("bot_id")) == (user, name, bot)


def test_the_scopes_of_a_token_are_in_a_header(driver: Driver) -> None:
    assert client(driver, CLASSIC).auth_test().headers["x-oauth-scopes"] == "identify,bot"


@pytest.mark.parametrize("token", ["xoxe.xoxb-rotating", "xoxe.xoxp-rotating"])
def test_a_rotating_token_says_how_long_it_lasts_and_then_is_expired(drive: Drive, token: str) -> None:
    clock = Clock()
    driver = drive(clock)
    rotating = {"token": token, "user": "U1", "expires_at": clock.now + 12 * 3600}
    driver.do("/slack/workspaces", workspaces=[{"team_id": "T1", "tokens": [rotating]}], expect=200)
    assert client(driver, token).auth_test()["expires_in"] == 12 * 3600
    assert "expires_in" not in client(driver).auth_test()
    clock.now += 12 * 3600 - 0.5
    assert client(driver, token).auth_test()["expires_in"] == 0
    clock.now += 0.5
    assert error(lambda: client(driver, token).auth_test()) == "token_expired"
    assert error(lambda: client(driver, token).conversations_mark(channel="C1", ts=TS)) == "token_expired"


@pytest.mark.parametrize(
    ("token", "expected"),
    [(None, "not_authed"), ("xoxb-unknown", "invalid_auth"), (APP, "not_allowed_token_type")],
)
def test_no_one_else_is_introduced(driver: Driver, token: str | None, expected: str) -> None:
    assert error(lambda: client(driver, token).auth_test()) == expected


def test_the_method_for_multiparty_messages_has_been_retired(driver: Driver) -> None:
    with pytest.warns(UserWarning, match=r"mpim\.mark is deprecated"), pytest.raises(SlackApiError) as raised:
        client(driver, CLASSIC).mpim_mark(channel="G0PARTY", ts=TS)
    answer = raised.value.response
    assert answer["error"] == "method_deprecated"
    (message,) = answer["response_metadata"]["messages"]
    assert "Please use conversations.mark instead." in message


def test_the_method_for_multiparty_messages_can_be_brought_back(drive: Drive) -> None:
    driver = drive(slack=SlackConfig(mpim_alive=True))
    with pytest.warns(UserWarning, match=r"mpim\.mark is deprecated"):
        answer = client(driver, CLASSIC).mpim_mark(channel="G0PARTY", ts=TS)
    assert answer["ok"] is True
    assert driver.get("/slack/marks")["items"][0]["method"] == "mpim.mark"


def test_other_methods_are_unknown(driver: Driver) -> None:
    assert error(lambda: client(driver).chat_postMessage(channel=CHANNEL, text="Hi")) == "unknown_method"


def test_a_cursor_that_goes_back_is_counted(driver: Driver) -> None:
    for ts in ("2.000000", "3.000000", "2.999999", "3.000000", "3.000000"):
        client(driver).conversations_mark(channel=CHANNEL, ts=ts)
    # Another user's cursor, and another channel's, are others.
    client(driver, USER).conversations_mark(channel=CHANNEL, ts="1.000000")
    client(driver).conversations_mark(channel="D0ALICE", ts="1.000000")
    shown = driver.get("/slack/marks")
    assert (shown["accepted"], shown["backwards"]) == (7, 1)


def test_the_rate_limit_is_an_error_of_http(drive: Drive) -> None:
    clock = Clock()
    driver = drive(clock, slack=SlackConfig(limit=2))
    slack = client(driver)
    slack.conversations_mark(channel=CHANNEL, ts=TS)
    clock.now += 20.5
    slack.conversations_mark(channel=CHANNEL, ts=TS)
    with pytest.raises(SlackApiError) as raised:
        slack.conversations_mark(channel=CHANNEL, ts=TS)
    answer = raised.value.response
    assert (answer.status_code, answer.data) == (429, {"ok": False, "error": "ratelimited"})
    assert answer.headers["Retry-After"] == "40"


def test_a_window_opens_with_the_first_call_and_stays_where_it_is(drive: Drive) -> None:
    clock = Clock()
    driver = drive(clock, slack=SlackConfig(limit=2))
    opened = clock.now

    def mark() -> bool:
        return client(driver).api_call("conversations.mark", params=GOOD).get("ok") is True

    assert mark()
    clock.now = opened + 59.9
    assert mark()
    assert error(mark) == "ratelimited"
    clock.now = opened + 60
    assert mark()
    assert driver.get("/slack/windows") == {
        "items": [
            {**WINDOW, "opened_at": opened, "counted": 2, "refused": 1},
            {**WINDOW, "opened_at": opened + 60, "counted": 1, "refused": 0},
        ],
        "violations": 1,
    }


GOOD = {"channel": CHANNEL, "ts": TS}
WINDOW = {"team": "T0SANDBOX", "method": "conversations.mark"}


def test_all_tokens_of_a_team_share_its_window_of_each_method(drive: Drive) -> None:
    driver = drive(slack=SlackConfig(limit=2, mpim_alive=True))
    for token in (BOT, USER):
        client(driver, token).conversations_mark(channel=CHANNEL, ts=TS)
    assert error(lambda: client(driver, CLASSIC).conversations_mark(channel=CHANNEL, ts=TS)) == "ratelimited"
    with pytest.warns(UserWarning, match=r"mpim\.mark"):
        client(driver, CLASSIC).mpim_mark(channel="G0PARTY", ts=TS)
    client(driver, CLASSIC).auth_test()


def test_teams_do_not_share_windows_users_or_channels(drive: Drive) -> None:
    driver = drive(slack=SlackConfig(many_workspaces(40, 25), limit=25))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda team: _mark_all(driver, team), driver.get("/slack/workspaces")["items"]))
    assert driver.get("/slack/marks")["accepted"] == 1000
    windows = driver.get("/slack/windows")
    assert [window["counted"] for window in windows["items"]] == [25] * 40
    assert windows["violations"] == 0
    theirs = driver.get("/slack/workspaces")["items"][1]["channels"][0]["id"]
    (token,) = driver.get("/slack/workspaces")["items"][0]["tokens"]
    driver.call("PUT", "/_sandbox/slack/settings", json={"limit": 26}, expect=200)
    mark = client(driver, token["token"]).conversations_mark
    assert error(lambda: mark(channel=theirs, ts=TS)) == "channel_not_found"


def _mark_all(driver: Driver, team: dict[str, list[dict[str, str]]]) -> None:
    slack = client(driver, team["tokens"][0]["token"])
    for channel in team["channels"]:
        slack.conversations_mark(channel=channel["id"], ts=TS)


def test_a_window_is_exact_when_calls_arrive_together(drive: Drive) -> None:
    driver = drive(slack=SlackConfig(limit=50))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: _status(driver), range(60)))
    assert sorted(answers) == [200] * 50 + [429] * 10


def _status(driver: Driver) -> int:
    headers = {"Authorization": f"Bearer {BOT}"}
    return driver.call("POST", "/api/conversations.mark", data=GOOD, headers=headers).status_code
