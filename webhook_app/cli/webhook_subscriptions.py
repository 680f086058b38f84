"""`webhook subscribe`, `unsubscribe`, `subscriptions`: whose events X delivers."""

import sys
from collections.abc import Sequence

import click

from webhook_app.cli.managing import PLATFORM, choose, open_management
from webhook_app.cli.opening import WHO, parse
from webhook_app.cli.output import json_option, moment, plain, print_json
from webhook_app.domain.webhook import Subscription
from webhook_app.errors import InvalidValue, ManagementError
from webhook_app.platforms.management import Management
from webhook_app.services import Services

#: Delivered to every webhook: X takes no subscription to it (docs.x.com, x-api/activity/introduction).
UNASKED = "oauth.revoke"
webhook_option = click.option("--webhook", metavar="ID", help="Which webhook; without it, the only one.")
kind_option = click.option(
    "--kind", "named", metavar="KIND", multiple=True,
    help="account_activity, dm.read, dm.received or dm.sent; may be repeated. Without it, all.",
)  # fmt: skip


@click.command()
@click.argument("account")
@webhook_option
@kind_option
@json_option
def subscribe(account: str, webhook: str | None, named: tuple[str, ...], as_json: bool) -> None:
    """Have X deliver the events of ACCOUNT.

    ACCOUNT is the id of one of ours. Both of X's products may deliver the same: nothing is counted twice.
    account_activity ends on 2027-01-01; dm.read (receipts), dm.received and dm.sent (what waits to be read)
    are of X Activity, its successor. What is subscribed to already stays. Exit status 1 if X refuses a kind;
    the others are subscribed to all the same.
    """
    with open_management(change=True) as (services, management):
        kinds = _kinds(management, named, services.clock())
        refused = subscribe_account(
            services, management, account, choose(management, webhook), kinds, as_json
        )
    sys.exit(1 if refused else 0)


def subscribe_account(
    services: Services,
    management: Management,
    account: str,
    webhook: str,
    kinds: Sequence[str],
    as_json: bool = False,
) -> int:
    """Subscribe to kind after kind and say what came of each; returns how many X has refused.

    Raises NotFound, InvalidValue, NotConfigured.
    """
    one = services.accounts.one(PLATFORM, parse("ACCOUNT", services.platforms[PLATFORM].reader, account))
    credentials = services.known.credentials(one)
    refused = 0
    for kind in kinds:
        try:
            new = management.subscribe(webhook, one.id, credentials, [kind])
        except ManagementError as error:
            refused += 1
            click.echo(f"{kind}: {plain(str(error))}", err=True)
            continue
        if new:
            services.store.log(WHO, f"subscribe {kind}", f"{PLATFORM}/{one.id}")
        known = Subscription("", one.id, kind, webhook)
        _say([*new, known][0], "subscribed" if new else "was subscribed already", as_json)
    return refused


@click.command()
@click.argument("account")
@webhook_option
@kind_option
@json_option
def unsubscribe(account: str, webhook: str | None, named: tuple[str, ...], as_json: bool) -> None:
    """End the subscriptions of ACCOUNT, or these kinds of them."""
    with open_management(change=True) as (services, management):
        user = parse("ACCOUNT", services.platforms[PLATFORM].reader, account)
        kinds = _known(management, named) if named else management.kinds
        ended = management.unsubscribe(choose(management, webhook), user, kinds)
        for each in ended:
            services.store.log(WHO, f"unsubscribe {each.kind}", f"{PLATFORM}/{user}")
            _say(each, "unsubscribed", as_json)
    if not ended:
        click.echo(f"{user}: was not subscribed", err=True)


@click.command()
@webhook_option
@json_option
def subscriptions(webhook: str | None, as_json: bool) -> None:
    """List what X delivers, to all webhooks or to one.

    A line has the account, the kind of events, the webhook and, of X Activity, the subscription's id.
    """
    with open_management() as (_, management):
        places = [webhook] if webhook else [each.id for each in management.webhooks()]
        found = [each for place in places for each in management.subscriptions(place)]
    for each in found:
        _say(each, "", as_json)
    if not found:
        click.echo("none: readmark webhook subscribe ACCOUNT", err=True)


def default_kinds(management: Management, now: int) -> list[str]:
    """All kinds but those that X has ended by now."""
    return [kind for kind in management.kinds if now < management.ends.get(kind, now + 1)]


def _kinds(management: Management, named: Sequence[str], now: int) -> list[str]:
    """What to subscribe to; what X has ended is said to be. Raises InvalidValue."""
    kinds = _known(management, named)
    for kind, end in management.ends.items():
        if now >= end and (kind in kinds or not named):
            words = f"X has ended this on {moment(end)[:10]}; dm.read, dm.received and dm.sent replace it."
            click.echo(f"{kind}: {words}", err=True)
    return kinds if named else default_kinds(management, now)


def _known(management: Management, named: Sequence[str]) -> list[str]:
    """The kinds that are named, in the order of all. Raises InvalidValue."""
    for kind in named:
        if kind == UNASKED:
            click.echo(f"{UNASKED}: X takes no subscription to it, and delivers it without.", err=True)
        elif kind not in management.kinds:
            raise InvalidValue(
                "--kind", f"There is no kind {kind!r}; there are {', '.join(management.kinds)}."
            )
    return [kind for kind in management.kinds if kind in named]


def _say(each: Subscription, state: str, as_json: bool) -> None:
    if as_json:
        print_json(each._asdict() | ({"state": state} if state else {}))
        return
    facts = [each.account, each.kind, each.webhook, each.id, state]
    click.echo("  ".join(plain(fact) for fact in facts if fact))
