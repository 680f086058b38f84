"""``/_sandbox/slack``: what Slack would never offer: look inside, add workspaces, refuse on demand."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from webhook_app.sandbox.problems import Invalid
from webhook_app.sandbox.slack_config import (
    KINDS,
    STATES,
    TOKEN_TYPES,
    SlackChannel,
    SlackToken,
    SlackWorkspace,
    many_workspaces,
)
from webhook_app.sandbox.slack_errors import read_switch
from webhook_app.sandbox.slack_state import SlackState
from webhook_app.sandbox.webhooks import json_object

blueprint = Blueprint("control", __name__, url_prefix="/_sandbox/slack")


def slack() -> SlackState:
    """The Slack of the sandbox that serves this request."""
    held: SlackState = current_app.extensions["sandbox_slack"]
    return held


@blueprint.get("/marks")
def marks() -> ResponseReturnValue:
    """The accepted marks, oldest first; how often a cursor went backwards; all answers, counted by error."""
    return slack().marks_as_json()


@blueprint.get("/windows")
def windows() -> ResponseReturnValue:
    """The windows there have been, oldest first, and how many calls were one too many."""
    with slack().lock:
        return {"items": slack().windows.as_json(), "violations": slack().windows.violations}


@blueprint.get("/workspaces")
def workspaces() -> ResponseReturnValue:
    """All workspaces with their tokens and channels."""
    with slack().lock:
        return {"items": [workspace.as_json() for workspace in slack().workspaces.values()]}


@blueprint.post("/workspaces")
def add_workspaces() -> ResponseReturnValue:
    """Adds or replaces ``workspaces``, shaped as shown, or adds ``teams`` new ones of ``channels`` each."""
    asked = json_object()
    added = _described(asked["workspaces"]) if "workspaces" in asked else _numbered(asked)
    slack().add(added)
    return {"items": [workspace.as_json() for workspace in added]}


@blueprint.get("/errors")
def errors() -> ResponseReturnValue:
    """The errors on demand, newest first."""
    return {"items": slack().switches.as_json()}


@blueprint.post("/errors")
def add_error() -> ResponseReturnValue:
    """From now on calls are answered this ``error``, see ``Switch`` for which, how often and how."""
    slack().switches.add(read_switch(json_object()))
    return {}


@blueprint.delete("/errors")
def clear_errors() -> ResponseReturnValue:
    """All is well again."""
    slack().switches.clear()
    return {}


@blueprint.put("/settings")
def set_settings() -> ResponseReturnValue:
    """Changes the given settings of ``SlackConfig``; answers them all."""
    asked = json_object()
    for name, value in asked.items():
        understood = _SETTINGS.get(name)
        if understood is None or not understood(value):
            raise Invalid("SettingInvalid", f"{name} cannot be {value!r}")
    with slack().lock:
        slack().config = replace(slack().config, **asked)
        return {name: value for name, value in asdict(slack().config).items() if name in _SETTINGS}


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 10**6


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_moment(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _is_number(value: object) -> bool:
    return type(value) is int and 0 < value <= 100_000


_LISTS = frozenset({"tokens", "channels", "scopes", "members"})
_MOMENTS: Mapping[str, Callable[[object], bool]] = {"expires_at": _is_moment}
_SETTINGS: Mapping[str, Callable[[object], bool]] = {
    "limit": _is_number,
    "window_seconds": _is_seconds,
    "any_channel": _is_flag,
    "mpim_alive": _is_flag,
    "future_seconds": _is_seconds,
}


def _list(value: object) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise Invalid("WorkspaceInvalid", f"no list: {value!r}")
    return list(value)


def _numbered(asked: Mapping[str, Any]) -> tuple[SlackWorkspace, ...]:
    teams, channels = asked.get("teams"), asked.get("channels", 25)
    if (
        type(teams) is not int
        or type(channels) is not int
        or not (0 < teams <= 10_000 and 0 < channels <= 1000)
    ):
        raise Invalid("WorkspaceInvalid", "neither workspaces, nor numbers of teams and channels")
    return many_workspaces(teams, channels, first=len(slack().workspaces) + 1)


def _described(asked: object) -> tuple[SlackWorkspace, ...]:
    try:
        return tuple(_workspace(described) for described in _list(asked))
    except TypeError as exc:
        raise Invalid("WorkspaceInvalid", f"{exc}") from exc


def _object(value: object) -> dict[str, Any]:
    """An object whose values are strings, but for the lists and a moment."""
    if not isinstance(value, dict):
        raise Invalid("WorkspaceInvalid", f"no object: {value!r}")
    for name, inner in value.items():
        understood = _MOMENTS.get(name, _is_text)
        if name not in _LISTS and not understood(inner):
            raise Invalid("WorkspaceInvalid", f"{name} cannot be {inner!r}")
    return value


def _workspace(value: object) -> SlackWorkspace:
    described = _object(value)
    tokens = tuple(_token(each) for each in _list(described.get("tokens", ())))
    channels = tuple(_channel(each) for each in _list(described.get("channels", ())))
    return SlackWorkspace(**{**described, "tokens": tokens, "channels": channels})


def _token(value: object) -> SlackToken:
    token = SlackToken(**_object(value))
    if token.type not in TOKEN_TYPES or token.state not in STATES:
        raise Invalid("WorkspaceInvalid", f"no such type or state of token: {token.type}, {token.state}")
    return replace(token, scopes=tuple(map(str, _list(token.scopes))))


def _channel(value: object) -> SlackChannel:
    channel = SlackChannel(**_object(value))
    if channel.kind not in KINDS:
        raise Invalid("WorkspaceInvalid", f"no such kind of conversation: {channel.kind}")
    return replace(channel, members=None if channel.members is None else tuple(_list(channel.members)))
