"""`doctor` on Slack's side: tokens that are dead, lack scopes, or end by themselves."""

from collections.abc import Iterator

import pytest

from tests.cli.conftest import Run
from tests.cli.examined import NOWHERE, Said, examine
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.server import Sandbox
from webhook_app.sandbox.slack_config import GRANULAR, SlackConfig, SlackToken, SlackWorkspace

TOKENS = {
    "all": SlackToken("xoxb-of-the-tests-all", "U1"),
    "classic": SlackToken("xoxb-of-the-tests-classic", "U2", "classic", ("identify", "bot")),
    "user": SlackToken("xoxp-of-the-tests-user", "U3", "user", GRANULAR[1:]),
    "some": SlackToken("xoxb-of-the-tests-some", "U4", scopes=("channels:manage", "im:write")),
    "none": SlackToken("xoxb-of-the-tests-none", "U5", scopes=("chat:write",)),
    "revoked": SlackToken("xoxb-of-the-tests-revoked", "U6", state="revoked"),
    "expired": SlackToken("xoxb-of-the-tests-expired", "U7", state="expired"),
    "inactive": SlackToken("xoxb-of-the-tests-inactive", "U8", state="inactive"),
    "rotating": SlackToken("xoxe.xoxb-1-of-the-tests", "U9"),
}


@pytest.fixture(scope="module")
def slack() -> Iterator[str]:
    """The URL of a Slack that knows these tokens."""
    workspace = SlackWorkspace("T1", tuple(TOKENS.values()))
    config = SandboxConfig(
        "key",
        "secret",
        "bearer",
        (Account("42-x", "y"),),
        reads_per_second=0,
        slack=SlackConfig((workspace,)),
    )
    with Sandbox(config, say=lambda _: None) as sandbox:
        yield f"{sandbox.url}/api/"


def found(run: Run, token: str, url: str) -> list[Said]:
    """What is found about a token in the environment, of which no database knows."""
    report = examine(run, DATABASE_URL="sqlite:///none.db", SLACK_TOKEN=token, SLACK_API_URL=url)
    return [one for one in report.findings if one.subject.startswith("slack/")]


@pytest.mark.parametrize("name", ["all", "classic", "user"])
def test_a_token_that_may_mark_everything_is_well(run_bare: Run, slack: str, name: str) -> None:
    (one,) = found(run_bare, TOKENS[name].token, slack)
    assert (one.judgement, one.subject) == ("ok", f"slack/T1.{TOKENS[name].user}")


@pytest.mark.parametrize(
    ("name", "judgement", "said"),
    [
        ("some", "doubt", "lacks the scopes of private channels (groups:write), group messages (mpim:write)"),
        ("none", "wrong", "lacks the scopes of public channels (channels:manage or channels:write), private"),
        ("revoked", "wrong", "Slack refuses its token: token_revoked"),
        ("inactive", "wrong", "Slack refuses its token: account_inactive"),
        ("expired", "wrong", "Slack refuses its token: token_expired"),
        ("rotating", "wrong", "its token ends 12 hours after it was made, and readmark does not renew it"),
    ],
)
def test_a_token_that_will_not_do_is_found(
    run_bare: Run, slack: str, name: str, judgement: str, said: str
) -> None:
    one = found(run_bare, TOKENS[name].token, slack)[0]
    assert one.judgement == judgement
    assert said in one.words
    assert one.remedy


def test_a_slack_that_does_not_answer_is_unknown(run_bare: Run) -> None:
    (one,) = found(run_bare, TOKENS["all"].token, f"{NOWHERE}/")
    assert one.judgement == "unknown"
    assert one.words.startswith("Slack cannot say: no answer")
