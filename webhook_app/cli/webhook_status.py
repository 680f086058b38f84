"""`webhook status`: whether X delivers, as far as X and our own counts tell."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from webhook_app.cli.managing import PLATFORM, open_management
from webhook_app.cli.output import json_option, moment, plain, print_json
from webhook_app.domain.webhook import Webhook
from webhook_app.platforms.management import Management
from webhook_app.services import Services
from webhook_app.storage.counts import last_minute


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show whether X delivers, and when it last has.

    A line a webhook, with what is subscribed to it.

    Deliveries and checks are those that this database's service has counted, to the minute; checks are those
    it has answered, whoever asked. Exit status 1 if a webhook is invalid, or none has our path.
    """
    with open_management() as (services, management):
        webhooks = management.webhooks()
        facts = _facts(services, management, webhooks)
    if as_json:
        print_json(facts)
    else:
        _tell(facts, management, services.clock())
    ours = [each for each in webhooks if each.leads_to(PLATFORM)]
    if not ours:
        click.echo(f"none with the path /webhooks/{PLATFORM}: readmark webhook register URL", err=True)
    sys.exit(0 if ours and all(each.valid for each in webhooks) else 1)


def _tell(facts: dict[str, Any], management: Management, now: int) -> None:
    for each in facts["webhooks"]:
        kinds = ", ".join(f"{kind} {n}" for kind, n in each["subscriptions"].items()) or "nothing subscribed"
        state = "valid" if each["valid"] else f"invalid: readmark webhook validate {each['id']}"
        click.echo("  ".join([each["id"], plain(each["url"]), state, plain(kinds)]))
    click.echo(f"last delivery: {facts['last_delivery_at'] or 'none yet'}")
    click.echo(f"last check answered: {facts['last_check_at'] or 'none yet'}")
    for kind, end in management.ends.items():
        words = "has ended" if now >= end else f"ends in {-(-(end - now) // 86_400_000)} days,"
        click.echo(f"{kind}: {words} on {moment(end)[:10]}; dm.read, dm.received and dm.sent replace it")


def _facts(services: Services, management: Management, webhooks: Sequence[Webhook]) -> dict[str, Any]:
    shown = []
    for each in webhooks:
        kinds = Counter(subscription.kind for subscription in management.subscriptions(each.id))
        shown.append({"id": each.id, "url": each.url, "valid": each.valid, "subscriptions": dict(kinds)})
    return {
        "webhooks": shown,
        "last_delivery_at": _last(services, "deliveries"),
        "last_check_at": _last(services, "challenges"),
        "ends": {kind: moment(end) for kind, end in management.ends.items()},
    }


def _last(services: Services, name: str) -> str | None:
    minute = services.store.read(lambda connection: last_minute(connection, f"{name}|{PLATFORM}"))
    return None if minute is None else moment(minute * 60_000)
