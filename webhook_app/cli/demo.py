"""`demo`: service, sandbox and simulated people, side by side."""

import os
import secrets
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from webhook_app.cli.opening import WHO
from webhook_app.cli.processes import Children, gunicorn, readmark
from webhook_app.cli.run import login_address
from webhook_app.cli.sandbox import made_up, people_option, rate_option
from webhook_app.services import Services
from webhook_app.settings import Settings, read_settings
from webhook_app.storage.issuing import first_login

#: No setting of the machine reaches the demo.
SETTINGS = {field.name.upper() for field in fields(Settings)} | {"SECRET_KEY"}
HOST = "127.0.0.1"
GLANCE = 0.2  # seconds between two looks at the children


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Where the page is."
)
@people_option
@rate_option
@click.option(
    "--keep", metavar="FILE", type=click.Path(dir_okay=False, resolve_path=True, path_type=Path),
    help="Keep the SQLite database in this file; without it, it goes when the demo ends.",
)  # fmt: skip
def demo(port: int, people: int, rate: float, keep: Path | None) -> None:
    """Show readmark at work, without credentials.

    Starts the service, a sandbox of X, people who write and read, and a bot that answers them and marks what
    they write as read, through the service: open the printed address, and read positions arrive. Everything
    stays on 127.0.0.1 and ends with Ctrl-C.
    """
    with _leaving() as leaving, TemporaryDirectory(prefix="readmark-demo-") as folder:
        _refuse_taken(port)
        beside = _free_port(port)
        env = demo_environment(f"sqlite:///{keep or Path(folder, 'readmark.db')}", f"http://{HOST}:{beside}")
        address = _prepare(read_settings(env), port)
        with Children({**_machine(), **env}, Path(folder)) as children:
            here = f"http://{HOST}:{port}"
            options = ["--port", str(beside), "--people", str(people), "--rate", str(rate)]
            options += ["--webhook", f"{here}/webhooks/twitter", "--bot-marks-at", here]
            # The sandbox first: it ends last, and takes what the service still has to pass on.
            children.start("sandbox", readmark("sandbox", *options))
            children.start("service", gunicorn("-b", f"{HOST}:{port}"))
            _watch(
                children,
                leaving,
                port,
                f"Open {address} (once, within 10 minutes; Ctrl-C ends the demo).\n"
                f"Later, and for the API: the token {env['API_TOKEN']}",
            )


def demo_environment(database_url: str, sandbox_url: str) -> dict[str, str]:
    """The settings of a demo: a database, a platform, and credentials that are worth nothing elsewhere."""
    credentials = {name.upper(): value for name, value in made_up().items()}
    return {
        "DATABASE_URL": database_url,
        "API_TOKEN": secrets.token_urlsafe(16),
        "TWITTER_API_URL": sandbox_url,
        "SLACK_API_URL": f"{sandbox_url}/api/",
        # X's own 1000 in 15 minutes would be spent in two, and then nothing would move for thirteen.
        "TWITTER_MARK_READ_LIMIT": "200/20",
        **credentials,
    }


def _machine() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in SETTINGS}


@contextmanager
def _leaving() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set."""
    event = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, lambda *_: event.set()) for number in numbers]
    try:
        yield event
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as exc:
            raise click.ClickException(f"Port {port} cannot be used; choose another with --port.") from exc


def _free_port(taken: int) -> int:
    """A port for the sandbox, which the service has to know before the sandbox starts."""
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        if port != taken:
            return port


def _prepare(settings: Settings, port: int) -> str:
    """Make the database and return the page's address, with a link to log in where nobody has a token."""
    # Late, as everywhere: Alembic takes a third of a second.
    from webhook_app.storage.migrate import migrate

    migrate(settings.database_url)
    services = Services(settings)
    try:
        secret = services.store.write(lambda connection: first_login(connection, services.clock(), WHO))
    finally:
        services.close()
    return login_address(port, secret) if secret else f"http://{HOST}:{port}/"


def _watch(children: Children, leaving: threading.Event, port: int, welcome: str) -> None:
    """Welcome as soon as the service answers, and return when it is time to leave."""
    welcomed = False
    while not leaving.wait(GLANCE):
        if sentence := children.ended():
            raise click.ClickException(sentence)
        if not welcomed and _answers(port):
            click.echo(welcome)
            welcomed = True


def _answers(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
