"""`forget`: what a person may ask for."""

import click

from webhook_app.cli.managing import PLATFORM
from webhook_app.cli.opening import WHO, open_services, parse
from webhook_app.cli.output import json_option, print_json


@click.command()
@click.argument("platform")
@click.argument("id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def forget(platform: str, id: str, yes: bool, as_json: bool) -> None:
    """Delete all about a person, for good.

    Quarantined bodies that name the person ID go too. Marks that were made before now are refused for 30
    days, so that retries do not bring the person back. Prints how many rows of each table went; interrupted,
    it is to be repeated.
    """
    with open_services() as services:
        person = parse("ID", services.platforms.named(platform).reader, id)
        if platform == PLATFORM and services.store.accounts.find(platform, person):
            click.echo(
                f"X may still deliver for this account of ours: readmark webhook unsubscribe {person} first.",
                err=True,
            )
        if not yes:
            click.confirm(f"Forget {platform}/{person} everywhere, for good?", abort=True, err=True)
        gone = services.store.forget(platform, person, services.clock(), WHO)
    if as_json:
        return print_json(gone)
    for table, rows in gone.items():
        click.echo(f"{table}: {rows}")
