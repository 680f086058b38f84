"""The command `sandbox`: its bot as a customer of the service, and its limit of marks."""

import json
from http.client import HTTPConnection
from typing import Any

from oauthlib.oauth1 import Client

from tests.cli.processes import Process, Start, ask
from tests.host.hosting import until
from tests.sandbox.consumer import Consumer, Reply

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


def _port(sandbox: Process) -> int:
    until(lambda: "sandbox: listening on http://127.0.0.1:" in sandbox.out)
    return int(sandbox.out.split()[-1].rpartition(":")[2])


def _json(port: int, path: str, headers: dict[str, str] | None = None) -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse().read()
    connection.close()
    return json.loads(answer)
