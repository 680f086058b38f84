"""`serve` and `migrate`: the service itself."""

import os
import sys

import click

from webhook_app.cli.opening import WHO, open_services, require_key
from webhook_app.cli.processes import gunicorn, importable
from webhook_app.environment import environment
from webhook_app.errors import DatabaseUnavailable, SchemaOutdated, SealedElsewhere
from webhook_app.services import Services
from webhook_app.settings import read_settings
from webhook_app.storage.issuing import first_login
from webhook_app.storage.secret_key import secret_keys


@click.command()
def serve() -> None:
    """Serve webhooks, API and page until stopped.

    Listens on 127.0.0.1:8000, or on PORT everywhere. A SQLite database is migrated first; with Postgres run
    `migrate` before. While nobody has made a token, a terminal gets a link to log in, good once and for 10
    minutes.
    """
    with open_services(new=True) as services:
        if _database_ready(services) and sys.stderr.isatty() and services.settings.api_token is None:
            _print_login(services)
    sys.stdout.flush()
    words = gunicorn()
    # gunicorn is to find a fresh process: its workers patch themselves before they import anything.
    os.execve(words[0], words, importable(os.environ))


@click.command()
def migrate() -> None:
    """Bring the database to this release's schema.

    Says what was done; a database of a newer release is left alone. Stored credentials are encrypted anew
    under the first SECRET_KEY; exit status 1 if there are some that no key opens.
    """
    # Late: Alembic takes a third of a second, and `serve` imports this module.
    from webhook_app.storage.migrate import migrate as bring_up

    settings = read_settings(environment())
    require_key(settings)
    keys = secret_keys(settings.database_url, settings.secret_keys)
    click.echo(bring_up(settings.database_url, keys))


def login_address(port: int, secret: str) -> str:
    """Where a single-use login link leads."""
    return f"http://127.0.0.1:{port}/login?link={secret}"


def _database_ready(services: Services) -> bool:
    """Whether the database answers, migrated if it is a file. Raises SchemaOutdated."""
    try:
        services.store.check()
    except SchemaOutdated:
        if not services.settings.sqlite:
            raise
        # Late: Alembic takes a third of a second, which a database that is up to date need not wait for.
        from webhook_app.storage.migrate import migrate as bring_up

        try:
            click.echo(bring_up(services.settings.database_url, services.secret_keys))
        except SealedElsewhere as error:
            click.echo(str(error), err=True)
    except DatabaseUnavailable as error:
        click.echo(f"{error} Starting all the same; until it answers, deliveries get 503.", err=True)
        return False
    return True


def _print_login(services: Services) -> None:
    secret = services.store.write(lambda connection: first_login(connection, services.clock(), WHO))
    if secret is not None:
        address = login_address(services.settings.port or 8000, secret)
        click.echo(f"Log in at {address} (once, within 10 minutes).", err=True)
