"""Every row of the tables of errors and warnings on Slack's pages, by its own condition or on demand."""

import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.sandbox.conftest import Drive, Driver
from tests.sandbox.test_slack import APP, BOT, CHANNEL, CLASSIC, TS
from webhook_app.sandbox.slack_config import SMALL, SlackChannel, SlackConfig, SlackToken, SlackWorkspace

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
JSON, TEXT = "application/json; charset=utf-8", "text/plain; charset=utf-8"

#: https://api.slack.com/methods/mpim.mark
OLD_PAGE = [
    "channel_not_found", "invalid_timestamp", "not_authed", "invalid_auth", "account_inactive",
    "no_permission", "invalid_arg_name", "invalid_array_arg", "invalid_charset", "invalid_form_data",
    "invalid_post_type", "missing_post_type", "team_added_to_org", "request_timeout", "fatal_error",
]  # fmt: skip
#: https://docs.slack.dev/reference/methods/conversations.mark
NEW_PAGE = [
    "channel_not_found", "invalid_timestamp", "not_in_channel", "not_authed", "invalid_auth",
    "account_inactive", "token_revoked", "no_permission", "org_login_required", "ekm_access_denied",
    "missing_scope", "not_allowed_token_type", "method_deprecated", "deprecated_endpoint",
    "two_factor_setup_required", "enterprise_is_restricted", "invalid_arguments", "invalid_arg_name",
    "invalid_array_arg", "invalid_charset", "invalid_form_data", "invalid_post_type", "missing_post_type",
    "team_added_to_org", "ratelimited", "accesslimited", "request_timeout", "service_unavailable",
    "fatal_error", "internal_error",
]  # fmt: skip
PAGES = [*(("mpim.mark", row) for row in OLD_PAGE), *(("conversations.mark", row) for row in NEW_PAGE)]
WARNINGS = ["missing_charset", "superfluous_charset"]

#: A workspace of tokens and conversations with which something is wrong.
WRONG = SlackWorkspace(
    "T0WRONG",
    tokens=(
        SlackToken("xoxb-fine", "U1", scopes=("bot", "channels:manage", "mpim:write")),
        SlackToken("xoxb-inactive", "U2", state="inactive"),
        SlackToken("xoxb-revoked", "U3", state="revoked"),
        SlackToken("xoxb-expired", "U4", state="expired"),
        SlackToken("xoxb-scopeless", "U5", scopes=("chat:write",)),
    ),
    channels=(
        SlackChannel("C0MEMBERS", members=("U2", "U3")),
        SlackChannel("G0MEMBERS", "mpim", members=("U2", "U3")),
    ),
)


class Caller:
    """Posts a good call of a method, but for what a test changes."""

    def __init__(self, driver: Driver, method: str) -> None:
        self.driver = driver
        self.path = f"/api/{method}"
        self.method = method
        old = method == "mpim.mark"
        self.token = CLASSIC if old else BOT
        self.good = {"channel": "G0PARTY" if old else CHANNEL, "ts": TS}
        self.members_only = "G0MEMBERS" if old else "C0MEMBERS"

    def post(
        self, body: bytes | None, kind: str | None = FORM, *, token: str | None = "", query: str = ""
    ) -> Any:
        """Posts bytes; the token is the method's own unless another, or None, is given."""
        bearer = self.token if token == "" else token
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        if kind is not None:
            headers["Content-Type"] = kind
        answer = self.driver.call("POST", self.path + query, data=body, headers=headers)
        assert answer.status_code == (429 if answer.json().get("error") == "ratelimited" else 200)
        return answer.json()

    def form(self, *, token: str | None = "", **changes: str) -> Any:
        """Posts a form."""
        return self.post(urlencode({**self.good, **changes}).encode(), token=token)

    def truncated(self) -> Any:
        """Announces more than it sends."""
        body = urlencode(self.good)
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: {FORM}\r\nContent-Length: {len(body) + 10}\r\nConnection: close\r\n\r\n"
        )
        return raw(self.driver, (head + body).encode())

    def overspent(self) -> Any:
        """Calls once more than the limit allows."""
        self.driver.call("PUT", "/_sandbox/slack/settings", json={"limit": 1}, expect=200)
        self.form()
        return self.form()


def raw(driver: Driver, request: bytes) -> Any:
    """The JSON that bytes are answered with, after which nothing more is sent."""
    port = urlsplit(driver.sandbox.url).port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port), timeout=8) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answer:
            while answer.readline().strip():
                pass
            return json.loads(answer.read())


def bodies(arguments: dict[str, str]) -> dict[str, bytes]:
    """The arguments, posted as each type."""
    parts = (
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in arguments.items()
    )
    described = ", ".join(f'"{name}": "{value}"' for name, value in arguments.items())
    return {
        FORM: urlencode(arguments).encode(),
        MULTIPART: ("".join(parts) + "--b--\r\n").encode(),
        "application/json": f"{{{described}}}".encode(),
        "text/plain": urlencode(arguments).encode(),
    }


#: How each row comes about that a call can bring on itself.
CHECKED: dict[str, Callable[[Caller], Any]] = {
    "missing_post_type": lambda call: call.post(b"channel=C0GENERAL", None),
    "invalid_post_type": lambda call: call.post(b"<mark/>", "application/xml"),
    "invalid_charset": lambda call: call.post(b"channel=C0GENERAL", f"{FORM}; charset=utf-7"),
    "request_timeout": lambda call: call.truncated(),
    "invalid_form_data": lambda call: call.post(b"channel=%zz"),
    "invalid_arguments": lambda call: call.post(b"[]", JSON),
    "invalid_array_arg": lambda call: call.form(**{"foo[7]": "1"}),
    "invalid_arg_name": lambda call: call.form(**{"foo-bar": "1"}),
    "not_authed": lambda call: call.form(token=None),
    "invalid_auth": lambda call: call.form(token="xoxb-unknown"),
    "account_inactive": lambda call: call.form(token="xoxb-inactive"),
    "token_revoked": lambda call: call.form(token="xoxb-revoked"),
    "not_allowed_token_type": lambda call: call.form(token=APP),
    "ratelimited": lambda call: call.overspent(),
    "missing_scope": lambda call: call.form(token="xoxb-scopeless"),
    "channel_not_found": lambda call: call.form(channel="C0NOWHERE"),
    "not_in_channel": lambda call: call.form(token="xoxb-fine", channel=call.members_only),
    "invalid_timestamp": lambda call: call.form(ts="yesterday"),
}
#: Rows that only Slack itself could know to be true, and token_expired, which no page lists.
ON_DEMAND = [
    "no_permission", "org_login_required", "ekm_access_denied", "method_deprecated",
    "deprecated_endpoint", "two_factor_setup_required", "enterprise_is_restricted", "team_added_to_org",
    "accesslimited", "service_unavailable", "fatal_error", "internal_error", "token_expired",
]  # fmt: skip


@pytest.fixture
def driver(drive: Drive) -> Driver:
    """A sandbox in whose Slack something can go wrong, and ``mpim.mark`` still marks."""
    return drive(slack=SlackConfig(workspaces=(SMALL, WRONG), mpim_alive=True))


@pytest.fixture
def call(driver: Driver) -> Caller:
    """Calls of ``conversations.mark``."""
    return Caller(driver, "conversations.mark")


def test_every_row_can_be_produced() -> None:
    assert {*OLD_PAGE, *NEW_PAGE} <= {*CHECKED, *ON_DEMAND}


@pytest.mark.parametrize("method", ["mpim.mark", "conversations.mark"])
def test_a_call_with_nothing_wrong_is_good(driver: Driver, method: str) -> None:
    assert Caller(driver, method).form() == {"ok": True}


@pytest.mark.parametrize(("method", "row"), [each for each in PAGES if each[1] in CHECKED])
def test_a_row_comes_about_by_its_own_condition(driver: Driver, method: str, row: str) -> None:
    answer = CHECKED[row](Caller(driver, method))
    assert (answer["ok"], answer["error"]) == (False, row)
    accepted = 1 if row == "ratelimited" else 0
    assert driver.get("/slack/marks")["accepted"] == accepted


@pytest.mark.parametrize(("method", "row"), PAGES)
def test_a_row_comes_about_on_demand(driver: Driver, method: str, row: str) -> None:
    driver.do("/slack/errors", error=row, expect=200)
    assert Caller(driver, method).form()["error"] == row
    assert driver.get("/slack/marks")["accepted"] == 0


@pytest.mark.parametrize("method", ["mpim.mark", "conversations.mark", "auth.test"])
@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("missing_charset", "application/json"),
        ("missing_charset", "text/plain"),
        ("superfluous_charset", f"{FORM}; charset=utf-8"),
        ("superfluous_charset", f"{FORM};charset=ISO-8859-1"),
        ("superfluous_charset", f"{MULTIPART}; boundary=b; charset=utf-8"),
    ],
)
def test_a_call_is_answered_with_warnings(driver: Driver, method: str, row: str, kind: str) -> None:
    assert row in WARNINGS
    call = Caller(driver, method)
    answer = call.post(bodies(call.good)[kind.partition(";")[0]], kind)
    assert answer["ok"] is True
    assert (answer["warning"], answer["response_metadata"]) == (row, {"warnings": [row]})


@pytest.mark.parametrize(
    "kind", [FORM, f"{MULTIPART}; boundary=b", JSON, TEXT, 'text/plain; charset="UTF-8"']
)
def test_a_call_of_each_type_is_good_without_warning(call: Caller, kind: str) -> None:
    assert call.post(bodies(call.good)[kind.partition(";")[0]], kind) == {"ok": True}


def test_a_refusal_has_warnings_too(call: Caller) -> None:
    answer = call.post(b"{", "application/json")
    assert (answer["error"], answer["warning"]) == ("invalid_arguments", "missing_charset")
    assert answer["response_metadata"] == {
        "messages": ["[ERROR] the body is no JSON"],
        "warnings": ["missing_charset"],
    }
