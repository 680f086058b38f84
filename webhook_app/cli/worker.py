"""`worker`: what a serving process does besides serving, in a process of its own."""

import signal
from threading import Event

import click

from webhook_app.cli.opening import open_services
from webhook_app.errors import SettingsError
from webhook_app.housekeeping import keep_house
from webhook_app.logs import configure


@click.command()
def worker() -> None:
    """Keep house until stopped: drop what is past its time.

    Every serving process does this too, and one at a time has the lease; a worker takes it off them. On a
    dyno it needs Postgres, for the disk of a dyno is no other's.
    """
    end = Event()
    for order in (signal.SIGTERM, signal.SIGINT):
        signal.signal(order, lambda *_: end.set())
    with open_services() as services:
        if services.settings.dyno and services.settings.sqlite:
            raise SettingsError("A worker on a dyno does not see the SQLite file of another; add Postgres.")
        configure()
        click.echo("worker: keeping house")
        keep_house(lambda: services, end.wait)
    click.echo("worker: ended")
