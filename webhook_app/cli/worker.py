"""`worker`: what a serving process does besides serving, in a process of its own."""

import signal
from threading import Event, Thread

import click

from webhook_app.cli.opening import open_services
from webhook_app.dispatcher import Dispatcher
from webhook_app.errors import SettingsError
from webhook_app.housekeeping import keep_house
from webhook_app.logs import configure
from webhook_app.watchdog import keep_watch


@click.command()
def worker() -> None:
    """Pass marks on, keep house and watch webhooks until stopped.

    Every serving process does this too; workers add capacity, any number at once. On a dyno it needs
    Postgres, for the disk of a dyno is no other's.
    """
    end = Event()
    for order in (signal.SIGTERM, signal.SIGINT):
        signal.signal(order, lambda *_: end.set())
    with open_services(new=True) as services:
        if services.settings.dyno and services.settings.sqlite:
            raise SettingsError("A worker on a dyno does not see the SQLite file of another; add Postgres.")
        configure()
        click.echo("worker: passing marks on")
        dispatcher = Dispatcher(services)
        args = (lambda: services, end.wait)
        house = Thread(target=keep_house, args=args, daemon=True)
        house.start()
        watch = Thread(target=keep_watch, args=args, kwargs={"serving": False}, daemon=True)
        watch.start()
        dispatcher.run(end.is_set)
        house.join()
        # It may be waiting for a platform's answer; then its lease lapses.
        watch.join(2)
    click.echo("worker: ended")
