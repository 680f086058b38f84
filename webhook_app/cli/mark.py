"""`mark`: a mark by hand."""

import click

from schemas.outbound_api import Mark
from webhook_app.cli.opening import open_services, parse
from webhook_app.cli.output import json_option, print_json
from webhook_app.platforms import Platform
from webhook_app.platforms.outgoing import read_mark, show_answer


@click.command()
@click.argument("platform")
@click.argument("peer")
@click.argument("cursor")
@click.option("--account", metavar="ID", help="On whose behalf, where there is more than one account.")
@json_option
def mark(platform: str, peer: str, cursor: str, account: str | None, as_json: bool) -> None:
    """Mark the messages of PEER up to CURSOR as read.

    PEER is the person who wrote (twitter) or the channel (slack), CURSOR the last message, as the platform
    writes it. When the command returns, the mark is stored; a serving process or a worker sends it as soon as
    coalescing and the rate limit allow; a line says what waits, the furthest of what was marked. What the
    platform already knows to be read is stale and not sent.
    """
    with open_services() as services:
        there = services.platforms.named(platform)
        whose = services.accounts.one(platform, _account(there, account))
        asked = read_mark(there, whose.id, peer, cursor, services.clock())
        key = asked[:3]
        before = services.store.outbox.rows([key]).get(key)
        services.outbound.accept([asked])
        shown = show_answer(there, asked, services.store.outbox.rows([key])[key], before)
    if as_json:
        return print_json(Mark().dump(shown))
    # A mark behind another that waits does not wait itself: the furthest does.
    done = shown["status"] in ("stale", "delivered")
    click.echo(f"{'/'.join(key)}: {there.show(asked.cursor) if done else shown['cursor']} {shown['status']}")


def _account(platform: Platform, text: str | None) -> str | None:
    return None if text is None else parse("--account", platform.reader, text)
