"""`webhook status`: whether X delivers, as far as X and our own counts tell."""

from collections import Counter
from typing import Any

import click

from webhook_app.cli.managing import PLATFORM, open_management
from webhook_app.cli.output import json_option, moment, plain, print_json
from webhook_app.platforms.management import Management
from webhook_app.services import Services
from webhook_app.storage.counts import last_minute


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show whether X delivers, and when it last has.

    A line a webhook, with what is subscribed to it.

    Deliveries and checks are those that this database's service has counted, to the minute; checks are those
    it has answered, whoever asked.
    """
    with open_management() as (services, management):
        facts = _facts(services, management)
    if as_json:
        return print_json(facts)
    for each in facts["webhooks"]:
        kinds = ", ".join(f"{kind} {n}" for kind, n in each["subscriptions"].items()) or "nothing subscribed"
        state = "valid" if each["valid"] else f"invalid: readmark webhook validate {each['id']}"
        click.echo("  ".join([each["id"], plain(each["url"]), state, plain(kinds)]))
    if not facts["webhooks"]:
        click.echo("no webhook: readmark webhook register URL")
    click.echo(f"last delivery: {facts['last_delivery_at'] or 'none yet'}")
    click.echo(f"last check answered: {facts['last_check_at'] or 'none yet'}")
    now = services.clock()
    for kind, end in management.ends.items():
        words = "has ended" if now >= end else f"ends in {-(-(end - now) // 86_400_000)} days,"
        click.echo(f"{kind}: {words} on {moment(end)[:10]}; dm.read, dm.received and dm.sent replace it")


def _facts(services: Services, management: Management) -> dict[str, Any]:
    webhooks = []
    for each in management.webhooks():
        kinds = Counter(subscription.kind for subscription in management.subscriptions(each.id))
        webhooks.append({"id": each.id, "url": each.url, "valid": each.valid, "subscriptions": dict(kinds)})
    return {
        "webhooks": webhooks,
        "last_delivery_at": _last(services, "deliveries"),
        "last_check_at": _last(services, "challenges"),
        "ends": {kind: moment(end) for kind, end in management.ends.items()},
    }


def _last(services: Services, name: str) -> str | None:
    minute = services.store.read(lambda connection: last_minute(connection, f"{name}|{PLATFORM}"))
    return None if minute is None else moment(minute * 60_000)
