"""Accounts are added without showing their credentials, listed, paused, resumed and removed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import Result

from tests.cli.conftest import Run
from webhook_app.domain.account import Identity
from webhook_app.errors import NotFound
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.server import Sandbox
from webhook_app.services import Services
from webhook_app.storage import Store
from webhook_app.storage.audit import list_audit

BOT = "1245855954975051776"
CREDENTIALS = {"access_token": f"{BOT}-of-the-tests", "access_token_secret": "a-secret-of-the-tests"}

SHAPE = '{"access_token": "…", "access_token_secret": "…"}'


def add(run: Run, credentials: Any = CREDENTIALS, *words: str) -> Result:
    """Add an account on X."""
    return run("accounts", "add", "twitter", "--from", "-", *words, typed=json.dumps(credentials))


def hides_secrets(*results: Result) -> bool:
    """Whether no credential has been printed."""
    printed = "".join(result.output + result.stderr for result in results)
    return not any(secret in printed for secret in CREDENTIALS.values())


def test_it_asks_for_the_credentials(run: Run, store: Store) -> None:
    result = run("accounts", "add", "twitter", typed="\n".join(CREDENTIALS.values()) + "\n")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith(f"twitter/{BOT}  active  since 20")
    assert store.accounts.credentials("twitter", BOT) == CREDENTIALS
    assert hides_secrets(result)


def test_it_asks_for_what_is_missing_only(run: Run, store: Store) -> None:
    given = f"access_token={CREDENTIALS['access_token']}"
    words = ("accounts", "add", "twitter", "--credential", given)
    assert run(*words, typed=CREDENTIALS["access_token_secret"] + "\n").exit_code == 0
    assert store.accounts.credentials("twitter", BOT) == CREDENTIALS


def test_it_reads_the_credentials_from_a_file(run: Run, store: Store) -> None:
    result = add(run, CREDENTIALS, "--json")
    assert json.loads(result.stdout) == {
        **json.loads(result.stdout),
        "platform": "twitter", "id": BOT, "owner": BOT, "state": "active", "reason": None,
        "refused_until": None, "scopes": None, "configured": False,
    }  # fmt: skip
    assert json.loads(run("accounts", "list", "--json").stdout) == json.loads(result.stdout)
    assert store.accounts.credentials("twitter", BOT) == CREDENTIALS
    assert hides_secrets(result, run("accounts", "list"), run("accounts", "list", "--json"))


@pytest.fixture
def slack() -> Iterator[str]:
    """The URL of a Slack that knows its tokens."""
    config = SandboxConfig("key", "secret", "bearer", (Account(f"{BOT}-x", "y"),), reads_per_second=0)
    with Sandbox(config, say=lambda _: None) as sandbox:
        yield f"{sandbox.url}/api/"


def test_the_platform_says_whose_a_token_is(run: Run, slack: str) -> None:
    result = run("accounts", "add", "slack", "--json", typed="xoxb-sandbox-bot\n", SLACK_API_URL=slack)
    account = json.loads(result.stdout.splitlines()[-1])
    assert (account["id"], account["owner"]) == ("T0SANDBOX.U0BOT", "T0SANDBOX")
    assert "channels:manage" in account["scopes"]
    assert "xoxb-sandbox-bot" not in result.output


def test_a_token_that_the_platform_refuses_is_not_stored(run: Run, slack: str) -> None:
    result = run("accounts", "add", "slack", typed="xoxb-of-nobody\n", SLACK_API_URL=slack)
    assert (result.exit_code, result.stderr.splitlines()[-1][:13]) == (1, "Error: token:")
    assert "xoxb-of-nobody" not in result.output
    assert run("accounts", "list").stdout == ""


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("{", f"--from: Not JSON like {SHAPE}."),
        ("[" * 100_000, f"--from: Not JSON like {SHAPE}."),
        ("[]", f"--from: Not a JSON object of texts like {SHAPE}."),
        ('{"access_token": 5}', f"--from: Not a JSON object of texts like {SHAPE}."),
        (json.dumps({**CREDENTIALS, "access_token": "x"}), "access_token: "),
        (json.dumps({**CREDENTIALS, "pin": "x"}), "pin: "),
        (json.dumps({**CREDENTIALS, "access_token_secret": ""}), "access_token_secret: "),
    ],
)
def test_it_refuses_what_are_no_credentials(run: Run, typed: str, sentence: str) -> None:
    result = run("accounts", "add", "twitter", "--from", "-", typed=typed)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {sentence}")
    assert len(result.stderr.splitlines()) == 1
    assert hides_secrets(result)
    assert run("accounts", "list").stdout == ""


def test_a_credential_has_a_name(run: Run) -> None:
    result = run("accounts", "add", "twitter", "--credential", "a-secret")
    assert (result.exit_code, result.stderr) == (1, "Error: --credential: Not NAME=VALUE.\n")


@pytest.mark.parametrize("platform", ["slack", "twitter"])
def test_a_credential_of_another_name_is_named_before_anything_is_asked_for(run: Run, platform: str) -> None:
    result = run("accounts", "add", platform, "--credential", "tokn=a-secret")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: tokn: No credential of {platform}, which has ")
    assert "a-secret" not in result.stderr


def test_the_help_says_which_credentials_are_checked(run: Run) -> None:
    said = " ".join(run("accounts", "add", "--help").stdout.split())
    assert "Slack is asked whose the token is; X is not" in said
    assert "not checked before the first mark" in said


def test_the_list_says_which_accounts_the_environment_has(run: Run, services: Services) -> None:
    add(run)
    other = Identity("42", "42", "", None)
    services.store.accounts.add(other, "twitter", "digest", None, services.clock(), "environment")
    own, configured = sorted(run("accounts", "list").stdout.splitlines())
    assert configured.startswith("twitter/42  active  since 20")
    assert (configured.endswith("  from the environment"), "environment" in own) == (True, False)


def test_a_paused_account_says_why(run: Run) -> None:
    add(run)
    paused = run("accounts", "pause", "twitter", BOT, "--reason", "holi\x1bdays")
    assert paused.stdout == f"twitter/{BOT}: paused\n"
    (line,) = run("accounts", "list").stdout.splitlines()
    assert line.startswith(f"twitter/{BOT}  paused  since 20")
    # A reason cannot steer the terminal.
    assert line.endswith("holi\\x1bdays")
    assert run("accounts", "resume", "twitter", BOT).stdout == f"twitter/{BOT}: resumed\n"
    assert json.loads(run("accounts", "list", "--json").stdout)["state"] == "active"


@pytest.mark.parametrize("words", [("--now",), ()])
def test_a_removed_account_is_gone(run: Run, store: Store, words: tuple[str, ...]) -> None:
    add(run)
    assert run("accounts", "remove", "twitter", BOT, *words).stdout == f"twitter/{BOT}: removed\n"
    assert run("accounts", "list").stdout == ""
    with pytest.raises(NotFound):
        store.accounts.credentials("twitter", BOT)


@pytest.mark.parametrize(
    ("peers", "said"), [(["7"], "; 1 mark was not sent"), (["7", "42"], "; 2 marks were not sent")]
)
def test_it_says_how_much_of_a_removed_account_was_not_sent(run: Run, peers: list[str], said: str) -> None:
    add(run)
    for peer in peers:
        assert run("mark", "twitter", peer, "900").exit_code == 0
    assert run("accounts", "remove", "twitter", BOT, "--now").stdout == f"twitter/{BOT}: removed{said}\n"


def test_what_the_environment_gives_it_does_not_remove(run: Run) -> None:
    words = {f"TWITTER_{name.upper()}": value for name, value in CREDENTIALS.items()}
    words["TWITTER_CONSUMER_KEY"] = "key"
    result = run("accounts", "remove", "twitter", BOT, "--now", **words)
    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
    assert "environment" in result.stderr
    # The next start would bring the old ones back, also where the database has not heard of them yet.
    renewed = run("accounts", "add", "twitter", typed=f"{BOT}-new\nnew\n", **words)
    assert (renewed.exit_code, renewed.stdout) == (1, "")
    assert "put the new credentials there" in renewed.stderr
    assert run("accounts", "pause", "twitter", BOT, **words).exit_code == 0
    # Without its token it is an account like others.
    assert run("accounts", "remove", "twitter", BOT).stdout == f"twitter/{BOT}: removed\n"


@pytest.mark.parametrize("verb", ["pause", "resume", "remove"])
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("twitter", "42"), "There is no "),
        (("icq", "42"), "There is no platform 'icq'"),
        (("twitter", "x"), "ID: "),
    ],
)
def test_it_says_that_there_is_no_such_account(
    run: Run, verb: str, words: tuple[str, ...], sentence: str
) -> None:
    result = run("accounts", verb, *words)
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert result.stderr.startswith(f"Error: {sentence}")


def test_every_change_is_in_the_audit_log(run: Run, services: Services) -> None:
    add(run)
    for verb in ("pause", "resume", "remove"):
        run("accounts", verb, "twitter", BOT)
    entries = services.store.read(lambda connection: list_audit(connection, None, 10))
    assert {(entry.who, entry.subject) for entry in entries} == {("command line", f"twitter/{BOT}")}
    assert len(entries) == 4
    assert not any(secret in str(entries) for secret in CREDENTIALS.values())
