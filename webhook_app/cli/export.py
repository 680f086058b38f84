"""`export`: everything at once, into a file or a pipe."""

import errno
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import click

from webhook_app.cli.opening import open_services
from webhook_app.export import FIELDS, FORMATS, Export
from webhook_app.platforms.parties import read_parties

STDOUT = Path("-")


@click.command()
@click.argument("what", type=click.Choice(list(FIELDS)))
@click.option(
    "--format", type=click.Choice(list(FORMATS)), show_default="as FILE ends, else ndjson",
    help="A JSON object a line, or a table for spreadsheets.",
)  # fmt: skip
@click.option(
    "--output", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default=STDOUT, show_default=True,
    help="Where to; - is standard output. A file takes its name when it is whole.",
)  # fmt: skip
@click.option("--platform", help="Of this platform only.")
@click.option("--reader", metavar="ID", help="Of this reader only.")
@click.option("--peer", metavar="ID", help="Of messages of this peer only.")
def export(
    what: str, format: str | None, output: Path, platform: str | None, reader: str | None, peer: str | None
) -> None:
    """Write all read positions, or all of the history.

    Ordered by platform, reader and peer, and history by message; what changes meanwhile is in it or not. In
    CSV an apostrophe stands before a text that a spreadsheet would take for a formula. On a terminal a bar
    shows how far it is.
    """
    format = format or ("csv" if output.suffix == ".csv" else "ndjson")
    with open_services() as services:
        parties = read_parties(services.platforms, platform, reader, peer)
        wanted = Export(services.store, services.platforms, what, format, parties)
        with _explained(output):
            rows = _write(wanted, output)
    if output != STDOUT:
        click.echo(f"{what}: {rows}")


@contextmanager
def _explained(output: Path) -> Iterator[None]:
    """Say in a sentence why nothing can be written; a reader of the pipe who has left wants no sentence."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        name = "standard output" if output == STDOUT else output
        raise click.ClickException(f"{name} cannot be written: {error.strerror}.") from error


def _write(wanted: Export, output: Path) -> int:
    """Write the export and show how far it is; returns the number of rows."""
    done = 0
    with _opened(output) as file, _bar(wanted, shown=output != STDOUT or not sys.stdout.isatty()) as advance:
        for rows, chunk in wanted.chunks():
            file.write(chunk)
            advance(rows)
            done += rows
    return done


@contextmanager
def _bar(wanted: Export, *, shown: bool) -> Iterator[Callable[[int], object]]:
    """What shows that so many rows more are written: on a terminal a bar, elsewhere nothing."""
    if not shown or not sys.stderr.isatty():
        yield lambda rows: None
        return
    rows: Iterator[None] = iter(())
    with click.progressbar(
        rows, length=wanted.count(), label=wanted.what, show_pos=True, file=sys.stderr
    ) as bar:
        yield bar.update


@contextmanager
def _opened(output: Path) -> Iterator[IO[bytes]]:
    """The file; one of that name is replaced when everything is written, and only then."""
    if output == STDOUT:
        # A stream of our own: what cannot be written would else be tried again, and fail, at the exit.
        with os.fdopen(os.dup(1), "wb") as file:
            yield file
    elif output.exists() and not output.is_file():
        with output.open("wb") as file:  # a device or a pipe has no other name to be written under
            yield file
    else:
        with _replacing(Path(os.path.realpath(output))) as file:
            yield file


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file beside it that takes its name in the end, or goes."""
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
