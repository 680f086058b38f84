"""`quarantine`: signed deliveries that nobody could understand."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import click

from webhook_app.cli.opening import WHO, open_services
from webhook_app.cli.output import json_option, moment, plain, print_json
from webhook_app.errors import NotFound
from webhook_app.services import Services
from webhook_app.storage import Store
from webhook_app.storage.quarantine import Quarantined, list_quarantine, quarantined_ids

#: Rows read at once; a body has up to 1 MiB.
PAGE = 50
#: What the database counts with.
ROW = click.IntRange(0, 2**63 - 1)
NOT_UNDERSTOOD = "still not understood"


@click.group()
def quarantine() -> None:
    """List, show, retry and discard what was not understood."""


@quarantine.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List what is in quarantine, oldest first.

    A line has the id, the platform, the time it came, its size, and what is wrong with it.
    """
    with open_services() as services:
        for row in _all(services.store):
            print_json(_facts(row)) if as_json else click.echo(_line(row))


@quarantine.command()
@click.argument("id", type=ROW)
@json_option
def show(id: int, as_json: bool) -> None:
    """Show the row ID with its body."""
    with open_services() as services:
        row = services.store.quarantined(id)
    text = row.body.decode("utf-8", "backslashreplace")
    if as_json:
        return print_json({**_facts(row), "body": text})
    click.echo(_line(row))
    click.echo(plain(text))


@quarantine.command()
@click.argument("id", type=ROW, required=False)
@click.option("--all", "everything", is_flag=True, help="Retry all that is in quarantine now.")
def retry(id: int | None, everything: bool) -> None:
    """Read the row ID, or --all rows, again.

    What is understood now is stored and leaves quarantine. Exit status 1 if a row is still not understood.
    """
    if (id is None) is not everything:
        raise click.UsageError("Give either an ID or --all.")
    with open_services() as services:
        stayed = _retry(services, id) if id is not None else _retry_all(services)
    sys.exit(1 if stayed else 0)


@quarantine.command()
@click.argument("id", type=ROW)
def discard(id: int) -> None:
    """Delete the row ID."""
    with open_services() as services:
        services.store.discard(id, WHO)
    click.echo(f"{id}: discarded")


def _retry(services: Services, row_id: int) -> bool:
    """Retry a row and say what came of it; returns whether it stayed."""
    inbound = services.retry(row_id, WHO)
    stayed = not (inbound.accepted or inbound.ignored)
    counters = ", ".join(f"{name} {n}" for name, n in inbound.counters.items() if name != "received")
    click.echo(f"{row_id}: {NOT_UNDERSTOOD if stayed else counters}")
    return stayed


def _retry_all(services: Services) -> int:
    """Retry what is there now, with a bar on a terminal; returns how many rows stayed."""
    ids = services.store.read(quarantined_ids)
    stayed = 0
    with _progress(ids) as rows:
        for row_id in rows:
            try:
                inbound = services.retry(row_id, WHO)
            except NotFound:
                continue  # somebody else was faster
            stayed += not (inbound.accepted or inbound.ignored)
    click.echo(f"retried: {len(ids)}")
    click.echo(f"{NOT_UNDERSTOOD}: {stayed}")
    return stayed


def _progress(ids: list[int]) -> AbstractContextManager[Iterable[int]]:
    if not sys.stderr.isatty():
        return nullcontext(ids)
    return click.progressbar(ids, label="Retrying", file=sys.stderr)


def _all(store: Store) -> Iterator[Quarantined]:
    """Every row, read page by page."""
    last = 0
    while rows := store.read(partial(list_quarantine, after=last, limit=PAGE)):
        yield from rows
        last = rows[-1].id


def _facts(row: Quarantined) -> dict[str, Any]:
    return {
        "id": row.id,
        "platform": row.platform,
        "received_at": moment(row.received_at),
        "bytes": len(row.body),
        "errors": row.errors,
    }


def _line(row: Quarantined) -> str:
    errors = plain(json.dumps(row.errors, ensure_ascii=False))
    return "  ".join([str(row.id), row.platform, moment(row.received_at), f"{len(row.body)} bytes", errors])
