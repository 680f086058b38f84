"""`positions`: an operator's corrections."""

import click

from webhook_app.cli.opening import WHO, open_services, parse
from webhook_app.errors import NotFound
from webhook_app.platforms import Platform
from webhook_app.platforms.outgoing import read_cursor
from webhook_app.storage import Store


@click.group()
def positions() -> None:
    """Correct read positions."""


@positions.command("set")
@click.argument("platform")
@click.argument("reader")
@click.argument("peer")
@click.argument("cursor")
def set_(platform: str, reader: str, peer: str, cursor: str) -> None:
    """Put a read position where it belongs, also backwards.

    The position of READER with PEER is at CURSOR then, and stays: history above CURSOR is deleted, and marks
    that were made before now are dropped from here on.
    """
    with open_services() as services:
        there = services.platforms.named(platform)
        key = (platform, parse("READER", there.reader, reader), parse("PEER", there.reader, peer))
        new = parse("CURSOR", lambda text: read_cursor(there, text, services.clock()), cursor)
        old = _shown(services.store, there, key)
        services.store.set_position(key, new, services.clock(), WHO, there.show(new))
    click.echo(f"{'/'.join(key)}: {old} → {there.show(new)}")


def _shown(store: Store, platform: Platform, key: tuple[str, str, str]) -> str:
    """The position as it is now."""
    try:
        return platform.show(store.position(key)[0].cursor)
    except NotFound:
        return "none"
