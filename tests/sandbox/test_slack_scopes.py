"""Which scope a token needs for which kind of conversation."""

import pytest

from tests.sandbox.conftest import Drive, Driver
from tests.sandbox.test_slack import CHANNEL
from tests.sandbox.test_slack_tables import WRONG, Caller
from webhook_app.sandbox.slack_config import SMALL, SlackConfig


@pytest.fixture
def driver(drive: Drive) -> Driver:
    """A sandbox in whose Slack ``mpim.mark`` still marks."""
    return drive(slack=SlackConfig(workspaces=(SMALL, WRONG), mpim_alive=True))


def test_old_method_knows_multiparty_messages_alone(driver: Driver) -> None:
    assert Caller(driver, "mpim.mark").form(channel=CHANNEL)["error"] == "channel_not_found"


C, G, D, M = "channels", "groups", "im", "mpim"
PLACES = {C: "C0GENERAL", G: "G0PRIVATE", D: "D0ALICE", M: "G0PARTY"}


@pytest.mark.parametrize(
    ("method", "kind_of_token", "scope", "places"),
    [
        ("conversations.mark", "bot", "channels:manage", {C}),
        ("conversations.mark", "bot", "channels:write", {C}),
        ("conversations.mark", "bot", "groups:write", {G}),
        ("conversations.mark", "bot", "im:write", {D}),
        ("conversations.mark", "bot", "mpim:write", {M}),
        ("conversations.mark", "bot", "bot", set()),
        ("conversations.mark", "user", "channels:manage", set()),
        ("conversations.mark", "user", "channels:write", {C}),
        ("conversations.mark", "user", "groups:write", {G}),
        ("conversations.mark", "user", "im:write", {D}),
        ("conversations.mark", "user", "mpim:write", {M}),
        ("conversations.mark", "user", "post", set()),
        ("conversations.mark", "classic", "bot", {C, G, D, M}),
        ("conversations.mark", "classic", "channels:write", set()),
        ("mpim.mark", "bot", "bot", {M}),
        ("mpim.mark", "bot", "mpim:write", set()),
        ("mpim.mark", "classic", "bot", {M}),
        ("mpim.mark", "user", "mpim:write", {M}),
        ("mpim.mark", "user", "post", {M}),
        ("mpim.mark", "user", "bot", set()),
    ],
)
def test_scopes_are_of_a_kind_of_token_and_of_channel(
    driver: Driver, method: str, kind_of_token: str, scope: str, places: set[str]
) -> None:
    token = {"token": "xox-new", "user": "U9", "type": kind_of_token, "scopes": ["identify", scope]}
    channels = [
        {"id": PLACES[C], "kind": "channel"},
        {"id": PLACES[G], "kind": "group"},
        {"id": PLACES[D], "kind": "im"},
        {"id": PLACES[M], "kind": "mpim"},
    ]
    workspace = {"team_id": "T0NEW", "tokens": [token], "channels": channels}
    driver.do("/slack/workspaces", workspaces=[workspace], expect=200)
    call = Caller(driver, method)
    answers = {place: call.form(token="xox-new", channel=id_) for place, id_ in PLACES.items()}
    assert {place for place, answer in answers.items() if answer["ok"]} == places
    asked = PLACES if method == "conversations.mark" else [M]
    for place in set(asked) - places:
        assert answers[place]["error"] == "missing_scope"
        assert answers[place]["provided"] == f"identify,{scope}"
        assert answers[place]["needed"] != ""


def test_it_says_which_scope_is_needed(driver: Driver) -> None:
    answer = Caller(driver, "conversations.mark").form(token="xoxb-scopeless", channel="C0MEMBERS")
    assert answer == {
        "ok": False,
        "error": "missing_scope",
        "needed": "channels:manage,channels:write",
        "provided": "chat:write",
    }
