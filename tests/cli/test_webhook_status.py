"""`webhook status` shows what X says of the webhooks, and when X was last here."""

import json

import pytest

from tests.cli.connected import BOT, Ask
from tests.conftest import CONSUMER_SECRET
from tests.sandbox.consumer import Consumer
from webhook_app.sandbox.server import Sandbox
from webhook_app.services import Services


def test_it_shows_webhooks_with_what_is_subscribed_and_when_x_was_last_here(
    ask: Ask, x: Sandbox, beside: Services
) -> None:
    with Consumer(CONSUMER_SECRET) as consumer:
        webhook = ask("register", consumer.url).stdout.split()[0]
    ask("subscribe", BOT.user_id, "--kind", "dm.read", "--kind", "account_activity")
    beside.counts.add("deliveries|twitter", 1_795_219_200_000)
    beside.counts.add("challenges|twitter", 1_795_219_260_000)
    beside.flush()
    result = ask("status")
    assert (result.exit_code, result.stderr) == (0, "")
    first, delivery, check, ends = result.stdout.splitlines()
    assert first == f"{webhook}  {consumer.url}  valid  account_activity 1, dm.read 1"
    assert delivery == "last delivery: 2026-11-21T00:00:00.000Z"
    assert check == "last check answered: 2026-11-21T00:01:00.000Z"
    assert ends.startswith("account_activity: ")
    assert " on 2027-01-01; dm.read, dm.received and dm.sent replace it" in ends

    x.world.state.webhooks[webhook].valid = False
    invalid = ask("status")
    assert (invalid.exit_code, invalid.stderr) == (1, "")
    assert f"  invalid: readmark webhook validate {webhook}  " in invalid.stdout
    result = ask("status", "--json")
    assert result.exit_code == 1
    shown = json.loads(result.stdout)
    assert shown["webhooks"][0]["valid"] is False
    assert shown["webhooks"][0]["subscriptions"] == {"account_activity": 1, "dm.read": 1}
    assert shown["ends"] == {"account_activity": "2027-01-01T00:00:00.000Z"}


@pytest.mark.parametrize("others", [False, True])
def test_where_none_is_ours_it_says_what_to_do(ask: Ask, x: Sandbox, others: bool) -> None:
    if others:
        with Consumer(CONSUMER_SECRET) as consumer:
            webhook = ask("register", consumer.url).stdout.split()[0]
        x.world.state.webhooks[webhook].url = "https://your.host/elsewhere"
    result = ask("status")
    assert result.exit_code == 1
    assert result.stderr == "none with the path /webhooks/twitter: readmark webhook register URL\n"
    lines = result.stdout.splitlines()
    assert [line for line in lines if "your.host" in line] == lines[: int(others)]
    assert "last delivery: none yet" in lines
    assert "last check answered: none yet" in lines
