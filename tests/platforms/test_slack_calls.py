"""Who calls in Slack's words, what is marked, and Slack's answers."""

import json
from typing import Any

import pytest

from tests.conftest import NOW
from tests.platforms.callers import WINDOW, Book, account, make
from webhook_app.domain.outbox import State
from webhook_app.errors import (
    CallRefused,
    DatabaseUnavailable,
    NotFound,
    OutboxFull,
    ReadmarkError,
    SchemaOutdated,
    Unstorable,
)
from webhook_app.platforms.native import Request
from webhook_app.platforms.slack import Slack
from webhook_app.platforms.slack_calls import digest
from webhook_app.settings import Settings

FORM, JSON = "application/x-www-form-urlencoded", "application/json;charset=utf-8"
TOKEN, CONFIGURED = "xoxb-1", "xoxb-environment"
slack = Slack(Settings(slack_token=CONFIGURED))
CHANNEL, TS = "C012345678", "1593473566.000200"
both_methods = pytest.mark.parametrize("method", ["conversations.mark", "mpim.mark"])


def book(**changes: Any) -> Book:
    """A book with one account."""
    return Book([(account("slack", "T1.U1", **{"digest": digest(TOKEN), **changes}), {"token": TOKEN})])


def call(
    method: str = "conversations.mark",
    *,
    header: str | None = f"Bearer {TOKEN}",
    kind: str = FORM,
    **arguments: str,
) -> Request:
    """A call, with channel and timestamp if nothing else is said."""
    said = {
        name: value
        for name, value in {"unused": "1", "channel": CHANNEL, "ts": TS, **arguments}.items()
        if value
    }
    form = "&".join(f"{name}={value}" for name, value in said.items())
    body = json.dumps(said) if kind == JSON else form
    headers = {"Content-Type": kind, **({} if header is None else {"Authorization": header})}
    path = f"/api/{method}"
    return Request("POST", f"http://h{path}", path, "", headers, body.encode())


def said(request: Request, who: Book) -> dict[str, Any]:
    """What is answered."""
    _, reply = make(slack, request, who, NOW)
    assert reply.status == 200
    assert dict(reply.headers)["Content-Type"] == "application/json; charset=utf-8"
    answer: dict[str, Any] = json.loads(reply.body)
    return answer


@both_methods
@pytest.mark.parametrize(
    "request_",
    [
        call(),
        call(header="bearer  xoxb-1 "),
        call(header=None, token=TOKEN),
        call(header="Basic YTpi", token=TOKEN),
        call(kind=JSON),
        call(header=None, kind=JSON, token=TOKEN),
        call(header=None)._replace(query=f"token={TOKEN}"),
        # The header outranks the argument.
        call(token="xoxb-unknown"),
    ],
)
def test_a_token_may_be_in_the_header_or_an_argument(method: str, request_: Request) -> None:
    request_ = request_._replace(path=f"/api/{method}")
    wanted, reply = make(slack, request_, book(), NOW)
    assert wanted == (CHANNEL, 1593473566000200)
    assert reply.body == b'{"ok":true}'


@both_methods
@pytest.mark.parametrize(
    ("request_", "changes", "error"),
    [
        (call(header=None), {}, "not_authed"),
        (call(header="Bearer "), {}, "not_authed"),
        (call(header="Bearer xoxb-2"), {}, "invalid_auth"),
        (call(header="Bearer \udcff"), {}, "invalid_auth"),
        # Known once auth.test has succeeded for it.
        (call(header=f"Bearer {CONFIGURED}"), {}, "service_unavailable"),
        (call(header="Bearer xapp-1-A1-1"), {}, "not_allowed_token_type"),
        (call(), {"state": State.REVOKED, "reason": "token_revoked"}, "token_revoked"),
        (call(), {"state": State.SUSPENDED, "reason": "account_inactive again"}, "account_inactive"),
        (call(), {"state": State.UNAUTHORISED, "reason": "token_expired"}, "token_expired"),
        (call(), {"state": State.SUSPENDED, "reason": "method_deprecated"}, "method_deprecated"),
        (call(), {"state": State.SUSPENDED, "reason": "deprecated_endpoint"}, "deprecated_endpoint"),
        # Stopped in nobody's words.
        (call(), {"state": State.REVOKED}, "token_revoked"),
        (call(), {"state": State.UNAUTHORISED, "reason": "somebody said so"}, "invalid_auth"),
        (call(), {"state": State.SUSPENDED}, "account_inactive"),
        *(
            (call(), {"refused_until": NOW + 1, "reason": word}, word)
            for word in ("no_permission", "org_login_required", "ekm_access_denied", "team_added_to_org",
                         "enterprise_is_restricted", "two_factor_setup_required", "accesslimited")
        ),
        (call(), {"refused_until": NOW + 1}, "service_unavailable"),
        (call(), {"scopes": ()}, "missing_scope"),
        (call(), {"scopes": ("chat:write", "users:read")}, "missing_scope"),
        *((call(channel=channel), {}, "channel_not_found")
          for channel in ("", "general", "c012345678", "C0", "U012345678", "C" + "0" * 21)),
        *((call(ts=ts), {}, "invalid_timestamp") for ts in ("", "now", "-1", "1.1234567", "12345678901")),
        # An hour and a second from now.
        (call(ts=f"{NOW // 1000 + 3601}.000000"), {}, "invalid_timestamp"),
        # The first fault in Slack's order is told.
        (call(header=None, channel="", ts=""), {}, "not_authed"),
        (call(channel="", ts=""), {"scopes": ()}, "missing_scope"),
        (call(channel="", ts=""), {}, "channel_not_found"),
    ],
)  # fmt: skip
def test_it_refuses_in_slacks_words(method: str, request_: Request, changes: Any, error: str) -> None:
    answer = said(request_._replace(path=f"/api/{method}"), book(**changes))
    assert (answer["ok"], answer["error"]) == (False, error)


@pytest.mark.parametrize(
    ("method", "scope"),
    [
        *(("conversations.mark", scope) for scope in
          ("channels:manage", "channels:write", "groups:write", "im:write", "mpim:write", "bot")),
        *(("mpim.mark", scope) for scope in ("bot", "mpim:write", "post")),
    ],
)  # fmt: skip
def test_each_scope_on_a_methods_page_will_do(method: str, scope: str) -> None:
    assert said(call(method), book(scopes=("users:read", scope))) == {"ok": True}


def test_a_missing_scope_is_named() -> None:
    assert said(call("mpim.mark"), book(scopes=("chat:write", "im:write"))) == {
        "ok": False,
        "error": "missing_scope",
        "needed": "bot,mpim:write,post",
        "provided": "chat:write,im:write",
    }


def test_a_remembered_verdict_is_told_in_slacks_word() -> None:
    opened, who = slack.open(call("mpim.mark")), account("slack", "T1.U1", scopes=("mpim:write",))
    reply = slack.answer(opened, who, CallRefused("not_in_channel"), WINDOW)
    assert json.loads(reply.body) == {"ok": False, "error": "not_in_channel"}
    reply = slack.answer(opened, who, CallRefused("missing_scope"), WINDOW)
    scopes = {"needed": "bot,mpim:write,post", "provided": "mpim:write"}
    assert json.loads(reply.body) == {"ok": False, "error": "missing_scope", **scopes}


@pytest.mark.parametrize(
    ("request_", "warning"),
    [
        (call(kind=f"{FORM};charset=utf-8"), "superfluous_charset"),
        (call()._replace(body=b'{"channel":"C012345678","ts":"1.5"}', headers={
            "Content-Type": "text/plain", "Authorization": f"Bearer {TOKEN}"}), "missing_charset"),
    ],
)  # fmt: skip
def test_warnings_are_told_with_success_and_with_failure(request_: Request, warning: str) -> None:
    told = {"warning": warning, "response_metadata": {"warnings": [warning]}}
    assert said(request_, book()) == {"ok": True, **told}
    assert said(request_, Book()) == {"ok": False, "error": "invalid_auth", **told}
    broken = request_._replace(body=b"")
    assert said(broken, book()) == {"ok": False, "error": "invalid_form_data", **told}


def test_auth_test_tells_whose_the_token_is() -> None:
    who = book(name="bot @ My Team", scopes=("im:write", "bot"))
    wanted, reply = make(slack, call("auth.test"), who, NOW)
    assert wanted is None
    assert json.loads(reply.body) == {
        "ok": True, "team": "My Team", "user": "bot", "team_id": "T1", "user_id": "U1"
    }  # fmt: skip
    assert dict(reply.headers)["X-OAuth-Scopes"] == "im:write,bot"


def test_auth_test_needs_no_scope_and_no_permission() -> None:
    who = book(scopes=(), refused_until=NOW + 1, reason="ekm_access_denied")
    assert said(call("auth.test"), who)["ok"]
    assert said(call("auth.test"), book(state=State.REVOKED))["error"] == "token_revoked"
    assert said(call("auth.test", header=None), book())["error"] == "not_authed"


@pytest.mark.parametrize(
    ("problem", "error"),
    [
        (DatabaseUnavailable(), "service_unavailable"),
        (SchemaOutdated("0001"), "service_unavailable"),
        # A fault that we have a name for, and one that we have not.
        (Unstorable(), "internal_error"),
        (ReadmarkError(), "fatal_error"),
        (ZeroDivisionError(), "fatal_error"),
        # Removed while it called.
        (NotFound(), "invalid_auth"),
    ],
)
def test_our_faults_have_slacks_words(problem: Exception, error: str) -> None:
    reply = slack.answer(slack.open(call()), account("slack", "T1.U1"), problem, WINDOW)
    assert reply.status == 200
    assert json.loads(reply.body) == {"ok": False, "error": error}


@pytest.mark.parametrize(
    ("retry_in", "seconds"), [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (60_000, "60")]
)
def test_a_full_outbox_is_slacks_rate_limit(retry_in: int, seconds: str) -> None:
    reply = slack.answer(slack.open(call()), account("slack", "T1.U1"), OutboxFull(retry_in), WINDOW)
    assert reply.status == 429
    assert json.loads(reply.body) == {"ok": False, "error": "ratelimited"}
    assert dict(reply.headers)["Retry-After"] == seconds
