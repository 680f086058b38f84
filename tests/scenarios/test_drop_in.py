"""Unmodified clients mark by way of the service: tweepy, slack_sdk, and what the vendors' pages show."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
import tweepy
from oauthlib.oauth1 import Client
from slack_sdk.errors import SlackApiError

from tests.conftest import API_TOKEN
from tests.host.hosting import until
from tests.scenarios.clients import (
    BOT,
    CONSUMER,
    SLACK_TOKEN,
    bot_before,
    call,
    event,
    knows,
    on_slack,
    on_x,
    said,
    slack_at,
    ts,
    tweepy_at,
)
from tests.scenarios.service import Service, serving
from tests.scenarios.wire import Wire
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.server import Sandbox

OTHER = Account("42-other", "other-secret")
PERSON = "1693649419"
COALESCE_SECONDS = 0.3
#: Another token of the sandbox's workspace.
SLACK_USER = "xoxp-sandbox-user"
MARK_READ = "/1.1/direct_messages/mark_read.json"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """X and Slack."""
    config = SandboxConfig(*CONSUMER, "bearer", (BOT, OTHER), reads_per_second=0)
    with Sandbox(config, say=lambda _: None) as sandbox:
        yield sandbox


@pytest.fixture
def own(environ: dict[str, str], sandbox: Sandbox) -> dict[str, str]:
    """The environment of a service behind a proxy that terminates TLS, with an account on each platform."""
    return (
        environ
        | bot_before(sandbox)
        | {
            "SLACK_TOKEN": SLACK_TOKEN,
            "SLACK_API_URL": f"{sandbox.url}/api/",
            "COALESCE_SECONDS": str(COALESCE_SECONDS),
            "TRUSTED_PROXIES": "1",
            "WEB_CONCURRENCY": "2",
        }
    )


@pytest.fixture
def service(own: dict[str, str], tmp_path: Path) -> Iterator[Service]:
    """The service when it knows its accounts."""
    with serving(tmp_path, **own) as service:
        until_known(service)
        yield service


def until_known(service: Service) -> None:
    """Return when the service knows the accounts of its environment."""
    until(lambda: len(service.ask("/api/v1/accounts")["items"]) == 2)
    until(lambda: knows(service, SLACK_TOKEN))


def test_tweepy_marks(service: Service, sandbox: Sandbox) -> None:
    api, up_to = tweepy_at(service), event(60)
    assert api.mark_direct_message_read(last_read_event_id=up_to, recipient_id=PERSON) is None
    assert api.last_response.status_code == 204
    until(lambda: on_x(sandbox) == {(BOT.user_id, PERSON, up_to)})
    # An older one is answered and not sent.
    api.mark_direct_message_read(last_read_event_id=event(3600), recipient_id=PERSON)
    assert {"x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"} <= {
        name.lower() for name in api.last_response.headers
    }
    with pytest.raises(tweepy.BadRequest) as refusal:
        api.mark_direct_message_read(last_read_event_id="x", recipient_id=PERSON)
    assert refusal.value.api_codes == [214]
    with pytest.raises(tweepy.Unauthorized) as unauthorised:
        tweepy_at(service, secret="wrong").mark_direct_message_read(up_to, PERSON)
    assert unauthorised.value.api_codes == [32]
    with pytest.raises(tweepy.NotFound) as elsewhere:
        api.verify_credentials()
    assert elsewhere.value.api_codes == [34]
    assert len(on_x(sandbox)) == 1


def test_slack_sdk_marks(service: Service, sandbox: Sandbox) -> None:
    client, (first, second) = slack_at(service), (ts(60), ts(50))
    assert client.conversations_mark(channel="C0GENERAL", ts=first).data == {"ok": True}
    with pytest.warns(UserWarning, match="deprecated"):
        assert client.mpim_mark(channel="G0PARTY", ts=second).get("ok")
    assert client.auth_test()["user_id"] == "U0BOT"
    until(lambda: on_slack(sandbox) == {("U0BOT", "C0GENERAL", first), ("U0BOT", "G0PARTY", second)})
    # Slack has retired the other method.
    assert "mpim.mark" not in said(sandbox, "slack/marks")["answers"]
    for broken, word in (
        ({"channel": "general", "ts": first}, "channel_not_found"),
        ({"channel": "C0GENERAL", "ts": "now"}, "invalid_timestamp"),
    ):
        with pytest.raises(SlackApiError) as refusal:
            client.conversations_mark(**broken)
        assert refusal.value.response["error"] == word
    with pytest.raises(SlackApiError) as stranger:
        slack_at(service, "xoxb-of-nobody").conversations_mark(channel="C0GENERAL", ts=first)
    assert stranger.value.response["error"] == "invalid_auth"


@pytest.mark.parametrize("proto", ["https", "http", None])
def test_what_the_pages_show_works(service: Service, sandbox: Sandbox, proto: str | None) -> None:
    """Twurl's form, signed for either scheme; curl's JSON, form and query."""
    forwarded = {"X-Forwarded-Proto": proto} if proto else {}
    form = {"last_read_event_id": event(60), "recipient_id": PERSON}
    url = f"http://127.0.0.1:{service.port}"
    keys = (*CONSUMER, BOT.access_token, BOT.access_token_secret)
    signed_for = f"{proto or 'https'}://127.0.0.1:{service.port}{MARK_READ}"
    _, headers, body = Client(*keys).sign(signed_for, "POST", urlencode(form), {"Content-Type": FORM})
    twurl = requests.post(url + MARK_READ, data=body, headers={**headers, **forwarded}, timeout=60)
    assert (twurl.status_code, twurl.content) == (204, b"")
    ours = {**form, "recipient_id": OTHER.user_id}
    assert call(service, "POST", MARK_READ, json=ours, headers=forwarded).status_code == 204
    until(lambda: len(on_x(sandbox)) == 2)

    method = f"{url}/api/conversations.mark"
    token = {"Authorization": f"Bearer {SLACK_TOKEN}"}
    answers = [
        requests.post(method, json={"channel": "C0GENERAL", "ts": ts(60)}, headers=token, timeout=60),
        requests.post(method, data={"token": SLACK_TOKEN, "channel": "D0ALICE", "ts": ts(60)}, timeout=60),
        requests.post(
            method, params={"token": SLACK_TOKEN, "channel": "G0PRIVATE", "ts": ts(60)}, timeout=60
        ),
    ]
    assert [answer.json()["ok"] for answer in answers] == [True] * 3
    until(lambda: {channel for _, channel, _ in on_slack(sandbox)} == {"C0GENERAL", "D0ALICE", "G0PRIVATE"})


def test_an_account_is_added_and_marks_at_once(service: Service, sandbox: Sandbox) -> None:
    with pytest.raises(SlackApiError):
        slack_at(service, SLACK_USER).conversations_mark(channel="C0GENERAL", ts=ts(60))
    for platform, credentials in (
        ("slack", {"token": SLACK_USER}),
        ("twitter", {"access_token": OTHER.access_token, "access_token_secret": OTHER.access_token_secret}),
    ):
        added = call(
            service, "POST", "/api/v1/accounts", json={"platform": platform, "credentials": credentials}
        )
        assert added.status_code == 201, added.text
        assert not [secret for secret in credentials.values() if secret in added.text]
    slack_at(service, SLACK_USER).conversations_mark(channel="C0GENERAL", ts=ts(60))
    tweepy_at(service, OTHER).mark_direct_message_read(event(60), PERSON)
    until(lambda: {user for user, _, _ in on_x(sandbox)} == {OTHER.user_id})
    until(lambda: {user for user, _, _ in on_slack(sandbox)} == {"U0ALICE"})


def test_a_burst_becomes_one_call(service: Service, sandbox: Sandbox) -> None:
    client, burst, began = slack_at(service), [ts(seconds) for seconds in range(40, 9, -1)], time.monotonic()
    for cursor in burst:
        client.conversations_mark(channel="C0GENERAL", ts=cursor)
    until(lambda: ("U0BOT", "C0GENERAL", burst[-1]) in on_slack(sandbox))
    # As many as the timer fits into the time it took, and not thirty-one.
    took = time.monotonic() - began
    assert said(sandbox, "slack/marks")["accepted"] <= took / COALESCE_SECONDS + 1


def test_who_prefers_to_wait_learns_that_it_is_delivered(service: Service, sandbox: Sandbox) -> None:
    batch = [
        {"platform": "slack", "peer": "C0GENERAL", "cursor": ts(60)},
        {"platform": "twitter", "peer": PERSON, "cursor": event(60)},
    ]
    answer = call(service, "POST", "/api/v1/marks", json=batch, headers={"Prefer": "wait=20"})
    assert answer.status_code == 200
    assert [item["status"] for item in answer.json()["items"]] == ["delivered", "delivered"]
    assert len(on_slack(sandbox)) == len(on_x(sandbox)) == 1


@pytest.mark.parametrize("processes", ["1", "4"])
def test_what_waits_is_sent_when_the_service_ends(
    own: dict[str, str], tmp_path: Path, sandbox: Sandbox, processes: str
) -> None:
    with serving(tmp_path, **own | {"COALESCE_SECONDS": "60", "WEB_CONCURRENCY": processes}) as service:
        until_known(service)
        for n in range(20):
            slack_at(service).conversations_mark(channel=("C0GENERAL", "D0ALICE")[n % 2], ts=ts(60 - n))
        assert on_slack(sandbox) == set()
        service.process.terminate()
        assert service.process.wait(25) == 0
    assert {channel for _, channel, _ in on_slack(sandbox)} == {"C0GENERAL", "D0ALICE"}
    assert said(sandbox, "slack/marks")["accepted"] == 2


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Service]:
    """The service without a database: what is refused for its form needs none."""
    environ = {"DATABASE_URL": f"sqlite:///{tmp_path}/x.db", "SECRET_KEY": "k", "DISPATCH": "0"}
    with serving(tmp_path, TWITTER_CONSUMER_SECRET=CONSUMER[1], **environ) as service:
        yield service


@pytest.mark.parametrize("rest", [b"", b"channel=C0GENERAL&"])
def test_a_body_that_breaks_off_is_refused(bare: Service, rest: bytes) -> None:
    head = [
        "POST /api/conversations.mark HTTP/1.1", "Host: bot.example", "Content-Length: 100",
        f"Content-Type: {FORM}", f"Authorization: Bearer {SLACK_TOKEN}", "", "",
    ]  # fmt: skip
    with Wire(bare.port) as wire:
        wire.socket.sendall("\r\n".join(head).encode() + rest)
        wire.socket.shutdown(socket.SHUT_WR)
        answer = wire.answer()
    assert (answer.status, json.loads(answer.body)) == (200, {"ok": False, "error": "request_timeout"})


def test_a_body_that_takes_too_long_is_refused(bare: Service) -> None:
    head = [
        f"POST {MARK_READ} HTTP/1.1", "Host: bot.example", "Content-Length: 100", f"Content-Type: {FORM}",
        f"Authorization: Bearer {API_TOKEN}", "", "recipient_id=",
    ]  # fmt: skip
    with Wire(bare.port) as wire:
        answer = wire.exchange("\r\n".join(head).encode())
    assert answer.status == 400
    assert "errors" in json.loads(answer.body)
