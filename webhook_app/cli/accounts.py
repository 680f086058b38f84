"""`accounts`: on whose behalf platforms are called; `connect` is in a module of its own."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

import click

from schemas.outbound_api import Account as AccountSchema
from webhook_app.cli.opening import WHO, open_services, parse
from webhook_app.cli.output import json_option, moment, plain, print_json
from webhook_app.domain.account import Account
from webhook_app.errors import InvalidValue
from webhook_app.services import Services


@click.group()
def accounts() -> None:
    """Add, connect, list, pause, resume and remove accounts."""


@accounts.command()
@click.argument("platform")
@click.option(
    "--from", "source", metavar="FILE", type=click.File("r"),
    help="Read the credentials from FILE, a JSON object of texts by name; - is standard input.",
)  # fmt: skip
@click.option(
    "--credential", "given", metavar="NAME=VALUE", multiple=True,
    help="Take a credential from here, where others on this machine can see it.",
)  # fmt: skip
@json_option
def add(platform: str, source: TextIO | None, given: tuple[str, ...], as_json: bool) -> None:
    """Add an account, or give it new credentials.

    Asks for each credential that is not given, without showing it: on twitter the access_token and the
    access_token_secret of the account, on slack the token. Slack is asked whose the token is; X is not: the
    id is read out of the access token, and the credentials are not checked before the first mark. They are
    stored encrypted. An account that was there is active again, and what waits for it is sent.
    """
    with open_services() as services:
        names = services.platforms.named(platform).credential_names
        credentials = _read(source, names) | dict(_split(text) for text in given)
        _refuse_unknown(platform, credentials, names)
        for name in names:
            if name not in credentials:
                credentials[name] = click.prompt(name, hide_input=True, err=True)
        account = services.accounts.add(platform, credentials, WHO)
    print_json(account_json(account)) if as_json else click.echo(account_line(account))


@accounts.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List all accounts.

    A line has the account, its state, since when, whether the environment has its credentials, its name, and
    why it is in that state.
    """
    with open_services() as services:
        for account in services.store.accounts.list():
            print_json(account_json(account)) if as_json else click.echo(account_line(account))


@accounts.command()
@click.argument("platform")
@click.argument("id")
@click.option("--reason", default="", help="Why, for whoever looks at the account.")
def pause(platform: str, id: str, reason: str) -> None:
    """Send nothing for the account ID until it is resumed.

    Marks are still accepted.
    """
    with open_services() as services:
        account = _named(services, platform, id)
        services.accounts.pause(platform, account, reason, WHO)
    click.echo(f"{platform}/{account}: paused")


@accounts.command()
@click.argument("platform")
@click.argument("id")
def resume(platform: str, id: str) -> None:
    """Send again for the account ID, whatever has stopped it.

    One whose credentials are gone is to be added again.
    """
    with open_services() as services:
        account = _named(services, platform, id)
        services.accounts.resume(platform, account, WHO)
    click.echo(f"{platform}/{account}: resumed")


@accounts.command()
@click.argument("platform")
@click.argument("id")
@click.option("--now", is_flag=True, help="Drop what waits, instead of sending it first.")
def remove(platform: str, id: str, now: bool) -> None:
    """Remove the account ID and its credentials.

    What waits is sent first, as far as its rate limit and 20 seconds allow; for that, a serving process or a
    worker must run. An account whose credentials are in the environment can only be paused.
    """
    with open_services() as services:
        account = _named(services, platform, id)
        unsent = services.accounts.remove(platform, account, now, WHO)
    lost = f"; {unsent} mark{'s were' if unsent > 1 else ' was'} not sent" if unsent else ""
    click.echo(f"{platform}/{account}: removed{lost}")


def _named(services: Services, platform: str, text: str) -> str:
    return parse("ID", services.platforms.named(platform).reader, text)


def _read(source: TextIO | None, names: Sequence[str]) -> dict[str, str]:
    """The credentials in a file; what is wrong with it is said without quoting it."""
    shape = ", ".join(f'"{name}": "…"' for name in names)
    try:
        value = json.load(source) if source else {}
    except (ValueError, RecursionError):
        raise InvalidValue("--from", f"Not JSON like {{{shape}}}.") from None
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise InvalidValue("--from", f"Not a JSON object of texts like {{{shape}}}.")
    return value


def _refuse_unknown(platform: str, credentials: Iterable[str], names: Sequence[str]) -> None:
    """Before anything is asked for: who has misspelt a name is not to type a secret first."""
    for name in credentials:
        if name not in names:
            raise InvalidValue(name, f"No credential of {platform}, which has {' and '.join(names)}.")


def _split(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidValue("--credential", "Not NAME=VALUE.")
    return name, value


def account_json(account: Account) -> Any:
    """An account's facts as the API shows them."""
    shown = account._asdict() | {"name": account.name or None, "reason": account.reason or None}
    return AccountSchema().dump(shown | {"refused_until": account.refused_until or None})


def account_line(account: Account) -> str:
    """An account's facts on one line."""
    facts: Iterable[str] = (
        f"{account.platform}/{account.id}",
        account.state.value,
        f"since {moment(account.since)}",
        "from the environment" if account.configured else "",
        plain(account.name),
        plain(account.reason),
    )
    return "  ".join(filter(None, facts))
