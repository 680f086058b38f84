"""`tokens`: who may ask the API."""

from typing import Any

import click

from webhook_app.cli.opening import WHO, open_services, parse
from webhook_app.cli.output import json_option, moment, plain, print_json
from webhook_app.platforms import Platforms
from webhook_app.storage.issuing import SCOPES, issue_token, revoke_token
from webhook_app.storage.tokens import Token, list_tokens


@click.group()
def tokens() -> None:
    """Create, list and revoke tokens of the API."""


@tokens.command()
@click.option("--name", required=True, help="What the token is for; shown in lists and in the audit log.")
@click.option(
    "--scope", "scopes", required=True, multiple=True, type=click.Choice(SCOPES),
    help="What the token may do: read positions, mark, or administer. Give it once for each.",
)  # fmt: skip
@click.option("--account", metavar="PLATFORM/ID", help="Bind the token to this account.")
@json_option
def create(name: str, scopes: tuple[str, ...], account: str | None, as_json: bool) -> None:
    """Create a token and print its secret, this once."""
    if not name.strip():
        raise click.BadParameter("A token has a name.", param_hint="--name")
    with open_services() as services:
        bound = _account(services.platforms, account) if account is not None else None
        token, secret = services.store.write(
            lambda c: issue_token(c, name, frozenset(scopes), bound, services.clock(), WHO)
        )
    if as_json:
        return print_json({**_json(token), "secret": secret})
    click.echo(secret)
    click.echo(f"Created token {token.id}; its secret above cannot be shown again.", err=True)


@tokens.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List all tokens, the revoked ones too, oldest first."""
    with open_services() as services:
        for token in services.store.read(list_tokens):
            print_json(_json(token)) if as_json else click.echo(_line(token))


@tokens.command()
@click.argument("id")
def revoke(id: str) -> None:
    """Revoke the token ID; who uses it is refused within seconds."""
    with open_services() as services:
        services.store.write(lambda c: revoke_token(c, id, services.clock(), WHO))
    click.echo(f"Revoked token {id}.")


def _account(platforms: Platforms, text: str) -> tuple[str, str]:
    platform, _, account = text.partition("/")
    return platform, parse("--account", platforms.named(platform).reader, account)


def _json(token: Token) -> dict[str, Any]:
    platform, account = token.account or (None, None)
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "platform": platform,
        "account": account,
        "created_at": moment(token.created_at),
        "revoked_at": None if token.revoked_at is None else moment(token.revoked_at),
    }


def _line(token: Token) -> str:
    facts = [token.id, ",".join(sorted(token.scopes))]
    facts += ["/".join(token.account)] if token.account else []
    facts += [f"created {moment(token.created_at)}"]
    facts += [f"revoked {moment(token.revoked_at)}"] if token.revoked_at is not None else []
    return "  ".join([*facts, plain(token.name)])
