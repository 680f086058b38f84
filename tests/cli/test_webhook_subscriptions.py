"""Accounts are subscribed, listed and unsubscribed, by both of X's products; each refusal is a line."""

import json

import pytest

from tests.cli.conftest import Run
from tests.cli.connected import BOT, Ask, StartX, environment_of, refused
from tests.conftest import CONSUMER_SECRET
from tests.sandbox.consumer import Consumer
from webhook_app.cli.webhook_subscriptions import default_kinds
from webhook_app.platforms.twitter_management import ENDS, TwitterManagement
from webhook_app.sandbox.server import Sandbox
from webhook_app.services import Services
from webhook_app.storage.audit import list_audit

#: Named, for the default depends on the day.
KINDS = ("account_activity", "dm.read", "dm.received", "dm.sent")
EVERY = tuple(word for kind in KINDS for word in ("--kind", kind))


@pytest.fixture
def webhook(ask: Ask) -> str:
    """The id of a webhook."""
    with Consumer(CONSUMER_SECRET) as consumer:
        return str(ask("register", consumer.url).stdout.split()[0])


def test_an_account_is_subscribed_by_both_products_and_unsubscribed(
    ask: Ask, webhook: str, beside: Services
) -> None:
    result = ask("subscribe", BOT.user_id, *EVERY)
    assert result.exit_code == 0
    lines = [line.split("  ") for line in result.stdout.splitlines()]
    assert [(line[0], line[1], line[2], line[-1]) for line in lines] == [
        (BOT.user_id, kind, webhook, "subscribed") for kind in KINDS
    ]
    again = ask("subscribe", BOT.user_id, *EVERY).stdout.splitlines()
    assert [line.split("  ")[-1] for line in again] == ["was subscribed already"] * 4
    listed = [json.loads(line) for line in ask("subscriptions", "--json").stdout.splitlines()]
    assert [(each["account"], each["kind"], each["webhook"]) for each in listed] == [
        (BOT.user_id, kind, webhook) for kind in KINDS
    ]
    assert ask("unsubscribe", BOT.user_id, "--kind", "dm.read").stdout.split()[1] == "dm.read"
    ended = ask("unsubscribe", BOT.user_id).stdout.splitlines()
    assert [line.split("  ")[1] for line in ended] == ["account_activity", "dm.received", "dm.sent"]
    none = ask("subscriptions")
    assert (none.stdout, none.stderr) == ("", "none: readmark webhook subscribe ACCOUNT\n")
    assert ask("unsubscribe", BOT.user_id).stderr == f"{BOT.user_id}: was not subscribed\n"
    deeds = beside.store.read(lambda connection: list_audit(connection, None, 20))
    said = [(deed.action, deed.subject) for deed in reversed(deeds)]
    for kind in KINDS:
        assert (f"subscribe {kind}", f"twitter/{BOT.user_id}") in said
        assert said.count((f"unsubscribe {kind}", f"twitter/{BOT.user_id}")) == 1


def test_a_subscription_whose_webhook_was_deleted_gets_the_new_one(ask: Ask, webhook: str) -> None:
    first = json.loads(ask("subscribe", BOT.user_id, "--kind", "dm.read", "--json").stdout)
    ask("delete", webhook, "--yes")
    with Consumer(CONSUMER_SECRET) as consumer:
        new = ask("register", consumer.url).stdout.split()[0]
    again = json.loads(ask("subscribe", BOT.user_id, "--kind", "dm.read", "--json").stdout)
    assert again == first | {"webhook": new}


def test_each_kind_that_x_refuses_is_a_line_and_the_others_are_subscribed_to(
    run_bare: Run, place: dict[str, str], start_x: StartX
) -> None:
    env = place | environment_of(start_x(activity_limit=1))
    with Consumer(CONSUMER_SECRET) as consumer:
        run_bare("webhook", "register", consumer.url, **env)
    result = run_bare("webhook", "subscribe", BOT.user_id, *EVERY, **env)
    assert result.exit_code == 1
    assert [line.split("  ")[1] for line in result.stdout.splitlines()] == ["account_activity", "dm.read"]
    refusals = result.stderr.splitlines()
    assert [line.partition(": ")[0] for line in refusals] == ["dm.received", "dm.sent"]
    assert all("as many subscriptions as its access tier allows" in line for line in refusals)


def test_kinds_are_those_that_x_has(ask: Ask, webhook: str) -> None:
    sentence = refused(ask("subscribe", BOT.user_id, "--kind", "dm.wrote"))
    assert sentence == f"--kind: There is no kind 'dm.wrote'; there are {', '.join(KINDS)}."
    result = ask("subscribe", BOT.user_id, "--kind", "oauth.revoke")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "oauth.revoke: X takes no subscription to it, and delivers it without.\n"
    assert ask("subscriptions").stdout == ""


def test_to_end_what_needs_no_subscription_ends_no_other(ask: Ask, webhook: str) -> None:
    ask("subscribe", BOT.user_id)
    before = ask("subscriptions").stdout
    result = ask("unsubscribe", BOT.user_id, "--kind", "oauth.revoke")
    assert (result.exit_code, result.stdout) == (0, "")
    assert ask("subscriptions").stdout == before != ""


def test_what_x_has_ended_is_not_subscribed_to_by_default() -> None:
    management, end = TwitterManagement("https://x.invalid", "token", None), ENDS["account_activity"]
    assert tuple(default_kinds(management, end - 1)) == KINDS
    assert tuple(default_kinds(management, end)) == KINDS[1:]


def test_it_is_to_be_said_which_webhook_and_which_account(ask: Ask, start_x: StartX) -> None:
    no_webhook = "--webhook: There is no webhook yet; register one by: readmark webhook register URL"
    assert refused(ask("subscribe", BOT.user_id)) == no_webhook
    two = environment_of(start_x(webhook_limit=2))
    with Consumer(CONSUMER_SECRET) as one, Consumer(CONSUMER_SECRET) as other:
        ids = [ask("register", consumer.url, **two).stdout.split()[0] for consumer in (one, other)]
    sentence = refused(ask("subscribe", BOT.user_id, **two))
    assert sentence.startswith(f"--webhook: There are 2 webhooks ({ids[0]} http")
    assert ask("subscribe", BOT.user_id, "--webhook", ids[1], "--kind", "dm.read", **two).exit_code == 0
    assert ask("subscriptions", "--webhook", ids[0], **two).stdout == ""
    assert len(ask("subscriptions", **two).stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("account", "env", "sentence"),
    [
        ("x", {}, "ACCOUNT: Not a string of 1 to 19 digits"),
        ("42", {}, "There is no account '42' of twitter. readmark accounts list shows all."),
        (
            BOT.user_id,
            {"TWITTER_ACCESS_TOKEN_SECRET": "another"},
            "X does not believe TWITTER_CONSUMER_KEY, ",
        ),
    ],
)
def test_an_account_that_cannot_be_subscribed_is_refused(
    ask: Ask, webhook: str, account: str, env: dict[str, str], sentence: str
) -> None:
    result = ask("subscribe", account, "--kind", "account_activity", **env)
    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
    assert sentence in result.stderr
    assert ask("subscriptions").stdout == ""


def test_an_account_that_has_withdrawn_its_access_is_told_so(ask: Ask, webhook: str, x: Sandbox) -> None:
    x.world.state.revoked.add(BOT.user_id)
    result = ask("subscribe", BOT.user_id, "--kind", "dm.read")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "readmark accounts connect gives an account new tokens" in result.stderr
