"""`webhook status` shows what X says of the webhooks, and when X was last here."""

import json

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
    first, delivery, check, ends = ask("status").stdout.splitlines()
    assert first == f"{webhook}  {consumer.url}  valid  account_activity 1, dm.read 1"
    assert delivery == "last delivery: 2026-11-21T00:00:00.000Z"
    assert check == "last check answered: 2026-11-21T00:01:00.000Z"
    assert ends.startswith("account_activity: ")
    assert " on 2027-01-01; dm.read, dm.received and dm.sent replace it" in ends

    x.world.state.webhooks[webhook].valid = False
    assert f"  invalid: readmark webhook validate {webhook}  " in ask("status").stdout
    shown = json.loads(ask("status", "--json").stdout)
    assert shown["webhooks"][0]["valid"] is False
    assert shown["webhooks"][0]["subscriptions"] == {"account_activity": 1, "dm.read": 1}
    assert shown["ends"] == {"account_activity": "2027-01-01T00:00:00.000Z"}


def test_where_nothing_is_yet_it_says_what_to_do(ask: Ask) -> None:
    result = ask("status")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:3] == [
        "no webhook: readmark webhook register URL",
        "last delivery: none yet",
        "last check answered: none yet",
    ]
