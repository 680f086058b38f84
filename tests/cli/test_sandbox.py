"""The command `sandbox`: what it tells a newcomer, its bot as a customer of a service, its limits."""

import json
import re
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import click
import pytest
from oauthlib.oauth1 import Client

from tests.cli.conftest import Run
from tests.cli.processes import Process, Start, ask
from tests.host.hosting import free_port, until
from tests.sandbox.consumer import Consumer, Reply
from webhook_app.cli import main
from webhook_app.environment import environment
from webhook_app.platforms.slack import Slack
from webhook_app.settings import Settings, read_settings

CREDENTIALS = {
    "TWITTER_CONSUMER_KEY": "key", "TWITTER_CONSUMER_SECRET": "consumer-secret",
    "TWITTER_ACCESS_TOKEN": "42-bot", "TWITTER_ACCESS_TOKEN_SECRET": "token-secret",
}  # fmt: skip
STATUS = "/1.1/application/rate_limit_status.json"


def test_its_bot_marks_what_people_write_at_the_service_named(process: Start) -> None:
    with Consumer("secret", reply=Reply(204, b"")) as service:
        base = service.url.removesuffix("/webhooks/twitter")
        sandbox = process("sandbox", "--port", "0", "--bot-marks-at", base, **CREDENTIALS)
        port = _port(sandbox)
        status, body = ask(port, "POST", "/_sandbox/messages", b'{"sender": "7", "recipient": "42"}')
        assert status == 202
        until(lambda: _json(port, "/_sandbox/bot")["marked"] == 1)
        (call,) = service.deliveries
        assert call.body == f"last_read_event_id={json.loads(body)['id']}&recipient_id=7".encode()
        assert call.headers["authorization"].startswith("OAuth ")
        assert sandbox.end() == 0


def test_it_limits_marks_as_the_settings_say(process: Start) -> None:
    sandbox = process("sandbox", "--port", "0", TWITTER_MARK_READ_LIMIT="7/30", **CREDENTIALS)
    port = _port(sandbox)
    client = Client("key", "consumer-secret", "42-bot", "token-secret")
    _, headers, _ = client.sign(f"http://127.0.0.1:{port}{STATUS}")
    shown = _json(port, STATUS, headers)["resources"]["direct_messages"]["/direct_messages/mark_read"]
    assert (shown["limit"], shown["remaining"]) == (7, 7)
    assert sandbox.end() == 0


def test_it_tells_a_service_how_to_take_it_for_x_and_slack(process: Start) -> None:
    sandbox = process("sandbox", "--port", "0", **CREDENTIALS)
    port = _port(sandbox)
    told = dict(line.split("=") for line in sandbox.out.splitlines() if not line.startswith("# "))
    url = f"http://127.0.0.1:{port}"
    del told["TWITTER_BEARER_TOKEN"]
    assert told == {
        "TWITTER_API_URL": url, "SLACK_API_URL": f"{url}/api/", "SLACK_TOKEN": "xoxb-sandbox-bot"
    }  # fmt: skip
    platform = Slack(Settings(slack_api_url=told["SLACK_API_URL"]))
    credentials = {"token": told["SLACK_TOKEN"]}
    bot = platform.introduce(credentials)
    assert bot.id == "T0SANDBOX.U0BOT"
    (channels,) = re.findall(rf"Slack's channels are (.*); paths below {url}/_sandbox/ control", sandbox.out)
    for channel in channels.split(", "):
        platform.deliver(bot.id, credentials, channel, 1593473566000200)
    assert len(_json(port, "/_sandbox/slack/marks")["items"]) == len(channels.split(", ")) == 4
    assert sandbox.end() == 0


def test_all_that_it_prints_may_stand_in_a_file_of_settings(process: Start) -> None:
    sandbox = process("sandbox", "--port", "0", "--webhook", f"http://127.0.0.1:{free_port()}/")
    until(lambda: "waiting for" in sandbox.out and "listening on" in sandbox.out)
    Path(".env").write_text(sandbox.out)
    settings = read_settings(environment())
    assert settings.slack_api_url == f"{settings.twitter_api_url}/api/"
    assert settings.slack_token == "xoxb-sandbox-bot"
    assert str(settings.twitter_access_token).startswith("2244994945-")
    assert sandbox.end() == 0


def test_it_tells_no_setting_to_whom_the_settings_have_told_it(process: Start) -> None:
    port = free_port()
    known = {"TWITTER_API_URL": f"http://127.0.0.1:{port}", "TWITTER_BEARER_TOKEN": "bearer", **CREDENTIALS}
    sandbox = process("sandbox", "--port", str(port), **known)
    assert _port(sandbox) == port
    channels, listening = sandbox.out.splitlines()
    assert channels.startswith("# sandbox: Slack's channels are C0GENERAL, ")
    assert f"http://127.0.0.1:{port}/_sandbox/ " in channels
    assert listening == f"# sandbox: listening on http://127.0.0.1:{port}"
    assert sandbox.end() == 0


@pytest.mark.parametrize("rate", ["nan", "inf", "-1"])
@pytest.mark.parametrize("command", ["demo", "sandbox"])
def test_people_write_at_a_rate_that_is_a_number(command: str, rate: str) -> None:
    with pytest.raises(click.BadParameter):
        main.commands[command].make_context(command, ["--rate", rate])


def test_its_help_names_both_platforms(run_bare: Run) -> None:
    assert "X and Slack" in run_bare("sandbox", "--help").output


def _port(sandbox: Process) -> int:
    until(lambda: "sandbox: listening on http://127.0.0.1:" in sandbox.out)
    return int(sandbox.out.split()[-1].rpartition(":")[2])


def _json(port: int, path: str, headers: dict[str, str] | None = None) -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse().read()
    connection.close()
    return json.loads(answer)
