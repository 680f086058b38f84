"""`webhook`: where X delivers to, and whether it does. Nothing here happens by itself at a start."""

from typing import Any

import click

from webhook_app.cli.managing import PLATFORM, open_management
from webhook_app.cli.opening import WHO
from webhook_app.cli.output import json_option, moment, plain, print_json
from webhook_app.cli.webhook_replay import job, replay
from webhook_app.cli.webhook_status import status
from webhook_app.cli.webhook_subscriptions import subscribe, subscriptions, unsubscribe
from webhook_app.domain.webhook import Webhook

#: What goes with a webhook.
CONSEQUENCES = (
    "X delivers nothing to it any more, its subscriptions to account_activity end, and what it has missed"
    " cannot be replayed any more."
)


@click.group()
def webhook() -> None:
    """Have X deliver to this service, and see whether it does.

    All of it asks X, by the app's TWITTER_BEARER_TOKEN; to subscribe an account takes its own credentials and
    the app's key and secret, too.
    """


@webhook.command()
@click.argument("url")
@json_option
def register(url: str, as_json: bool) -> None:
    """Have X deliver to URL, https://YOUR.HOST/webhooks/twitter.

    X calls it at once to check it, so the service must be running there.
    """
    with open_management(change=True) as (services, management):
        made = management.register(url)
        services.store.log(WHO, "register webhook", f"{PLATFORM}/{made.id}")
    print_json(_facts(made)) if as_json else click.echo(_line(made))
    click.echo("Nothing is subscribed to it yet: readmark webhook subscribe ACCOUNT", err=True)


@webhook.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the webhooks of the app.

    A line has the id, the address, whether X holds it for valid, and when it was registered. To one that is
    invalid nothing is delivered.
    """
    with open_management() as (_, management):
        found = management.webhooks()
    for each in found:
        print_json(_facts(each)) if as_json else click.echo(_line(each))
    if not found:
        click.echo("none: readmark webhook register URL", err=True)


@webhook.command()
@click.argument("id")
def validate(id: str) -> None:
    """Have X check the webhook ID again.

    If it passes, X delivers again what happens from then on; see replay for what was missed.
    """
    with open_management(change=True) as (services, management):
        management.validate(id)
        services.store.log(WHO, "validate webhook", f"{PLATFORM}/{id}")
    click.echo(f"{id}: valid")


@webhook.command()
@click.argument("id")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(id: str, yes: bool) -> None:
    """Have X forget the webhook ID.

    X delivers nothing there any more, and what it has missed cannot be replayed. What account_activity
    delivers there is to be subscribed to anew; dm.read and its like wait for the next subscribe.
    """
    with open_management(change=True) as (services, management):
        if not yes:
            click.echo(CONSEQUENCES, err=True)
            click.confirm(f"Delete the webhook {plain(id)}, for good?", abort=True, err=True)
        management.delete(id)
        services.store.log(WHO, "delete webhook", f"{PLATFORM}/{id}")
    click.echo(f"{id}: deleted")


for _command in (subscribe, unsubscribe, subscriptions, replay, job, status):
    webhook.add_command(_command)


def _facts(each: Webhook) -> dict[str, Any]:
    return each._asdict() | {"created_at": moment(each.created_at)}


def _line(each: Webhook) -> str:
    state = "valid" if each.valid else "invalid"
    return "  ".join([each.id, plain(each.url), state, f"registered {moment(each.created_at)}"])
