"""Slack's Web API at ``/api/<method>``: read cursors and ``auth.test``, as Slack's pages describe them.

A call is checked in this order: method, post type, charset, body, names, token; then faults befall it and the
team's window counts it; then errors on demand, scope, channel and timestamp.
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, g, jsonify, request
from flask.blueprints import BlueprintSetupState

from webhook_app.sandbox import slack_control
from webhook_app.sandbox.auth import state as sandbox_state
from webhook_app.sandbox.mark_faults import NO_FAULT, suffer
from webhook_app.sandbox.slack_config import XAPP
from webhook_app.sandbox.slack_control import slack
from webhook_app.sandbox.slack_errors import SlackRefusal, Switch, retired
from webhook_app.sandbox.slack_requests import post_type, read_arguments, token_of
from webhook_app.sandbox.slack_rules import (
    CONVERSATIONS,
    MPIM,
    MarkMethod,
    Scopes,
    check_channel,
    check_scope,
    check_ts,
    required,
)
from webhook_app.sandbox.slack_state import Grant, SlackState

_MARKS = {method.name: method for method in (CONVERSATIONS, MPIM)}

blueprint = Blueprint("slack", __name__)
blueprint.register_blueprint(slack_control.blueprint)


@blueprint.record_once
def found(setup: BlueprintSetupState) -> None:
    """Founds the workspaces of the app's configuration."""
    held = setup.app.extensions["sandbox_state"]
    setup.app.extensions["sandbox_slack"] = SlackState(held.config.slack, held.clock)


@blueprint.route("/api/<method>", methods=["GET", "POST"])
def call(method: str) -> Response:
    """Answers a call of the method."""
    if method == "auth.test":
        return _test()
    if method not in _MARKS:
        raise SlackRefusal("unknown_method")
    return _mark(_MARKS[method])


@blueprint.errorhandler(SlackRefusal)
def refuse(refusal: SlackRefusal) -> Response:
    """Answers a refusal."""
    return _reply(refusal.body(), refusal.error, refusal.status, refusal.headers())


def _test() -> Response:
    grant, arguments = _admitted(required=False)
    workspace, token = grant.workspace, grant.token
    if token.type == XAPP:
        raise SlackRefusal("not_allowed_token_type")
    if switch := _switch("auth.test", grant, arguments):
        raise switch.refusal("auth.test")
    body = {
        "ok": True,
        "url": f"https://{workspace.team_id.lower()}.slack.com/",
        "team": workspace.name,
        "user": token.name,
        "team_id": workspace.team_id,
        "user_id": token.user,
        "is_enterprise_install": False,
    }
    if token.bot_id:
        body["bot_id"] = token.bot_id
    if token.expires_at is not None:
        # https://docs.slack.dev/reference/methods/auth.test, of a rotating token: whole seconds.
        body["expires_in"] = int(token.expires_at - slack().clock())
    return _reply(body)


def _mark(method: MarkMethod) -> Response:
    if method is MPIM and not slack().config.mpim_alive:
        raise retired(method.name)
    grant, arguments = _admitted(required=True)
    scopes = method.scopes_for(grant.token)
    fault = suffer(sandbox_state().mark_faults, "slack", grant.account)
    slack().spend(grant, method.name)
    page = fault.page()
    if page is not None:
        _count(str(page.status_code))
        return page
    if isinstance(fault.code, str):
        raise Switch(fault.code, status=fault.status).refusal(method.name)
    switch = _switch(method.name, grant, arguments)
    if switch is None or switch.applied:
        _set_cursor(method, scopes, grant, arguments)
    if switch is not None:
        raise switch.refusal(method.name)
    return _reply({"ok": True})


def _admitted(*, required: bool) -> tuple[Grant, dict[str, str]]:
    """Whose call it is, and its arguments."""
    post = post_type(request)
    g.slack_warnings = post.warnings
    arguments = read_arguments(request, post, required=required)
    grant = g.slack_grant = slack().grant(token_of(request, post, arguments))
    return grant, arguments


def _switch(method: str, grant: Grant, arguments: Mapping[str, str]) -> Switch | None:
    return slack().switches.take(
        method=method,
        team=grant.workspace.team_id,
        token=grant.token.token,
        channel=arguments.get("channel", ""),
    )


def _set_cursor(method: MarkMethod, scopes: Scopes, grant: Grant, arguments: Mapping[str, str]) -> None:
    state, named = slack(), arguments.get("channel", "")
    channel = state.channel(grant, named, method.kind_of(named))
    check_scope(scopes, grant.token, channel)
    required(arguments, "channel")
    channel = check_channel(scopes, grant.token, channel)
    ts = required(arguments, "ts")
    cursor = check_ts(ts, state.clock(), state.config.future_seconds)
    state.record(grant, method.name, channel.id, ts, cursor)


def _reply(
    body: dict[str, Any], word: str = "ok", status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer with its warnings, the token's scopes, and what is to be told about the window."""
    _count(word)
    if warnings := list(g.get("slack_warnings", ())):
        told = body.get("response_metadata", {})
        body |= {"warning": ",".join(warnings), "response_metadata": {**told, "warnings": warnings}}
    answer = jsonify(body)
    answer.status_code = status
    if not g.get("mark_fault", NO_FAULT).without_headers:
        answer.headers.update(headers or {})
    if "slack_grant" in g:
        answer.headers["x-oauth-scopes"] = ",".join(g.slack_grant.token.scopes)
    return answer


def _count(word: str) -> None:
    method = str((request.view_args or {}).get("method"))
    with slack().lock:
        slack().answers[method, word] += 1
