"""`accounts connect`: an account on X authorises our app, in a browser, and hands us a PIN."""

import sys

import click

from webhook_app.cli.accounts import account_line
from webhook_app.cli.managing import PLATFORM, choose, management_of
from webhook_app.cli.opening import WHO, open_services
from webhook_app.cli.output import plain
from webhook_app.cli.webhook_subscriptions import default_kinds, subscribe_account
from webhook_app.errors import ManagementError, NotConfigured
from webhook_app.services import Services
from webhook_app.settings import Settings

#: How often a PIN may be mistyped.
TRIES = 3
#: Said before anybody types a PIN in vain.
CONFIGURED = (
    "TWITTER_ACCESS_TOKEN gives an account already. Another one can be connected; to connect the same, take"
    " TWITTER_ACCESS_TOKEN and TWITTER_ACCESS_TOKEN_SECRET out of the settings first."
)
#: X's policy asks for it: developer-terms/policy, "Notify people if you send read receipt events for DMs".
NOTICE = """\
From now on, people who write to this account can see that their messages have been read: readmark sends read
receipts where a bot marks messages through it. And where X delivers the account's events, readmark stores who
has read its messages, up to where and when. X's policy asks you to tell people so; readmark forget removes a
person."""


@click.command()
@click.option(
    "--subscribe/--no-subscribe", "wanted", default=None,
    help="Have X deliver the account's events, or not; without it, asks on a terminal.",
)  # fmt: skip
def connect(wanted: bool | None) -> None:
    """Connect an account on X by a PIN, and store its credentials.

    Prints an address: open it in a browser that is logged in as the account, agree, and type the PIN that X
    shows. Needs TWITTER_CONSUMER_KEY and TWITTER_CONSUMER_SECRET of an app that may read, write and access
    direct messages; an account that is connected anew gets what the app may do now.
    """
    with open_services() as services:
        app = _app(services.settings)
        services.store.check()
        if services.settings.twitter_access_token:
            click.echo(CONFIGURED, err=True)
        credentials = _authorise(services.settings.twitter_api_url, app)
        account = services.accounts.add(PLATFORM, credentials, WHO)
        click.echo(account_line(account))
        _tell_level(services.settings.twitter_api_url, app, credentials)
        click.echo(f"\n{NOTICE}\n")
        if wanted is None and sys.stdin.isatty():
            wanted = click.confirm("Have X deliver the account's events to this service?", err=True)
        if not wanted:
            click.echo(f"When you want its events: readmark webhook subscribe {account.id}")
        refused = _subscribe(services, account.id) if wanted else 0
    sys.exit(1 if refused else 0)


def _app(settings: Settings) -> tuple[str, str]:
    """Consumer key and secret. Raises NotConfigured."""
    key, secret = settings.twitter_consumer_key, settings.twitter_consumer_secret
    if not key or not secret:
        raise NotConfigured("TWITTER_CONSUMER_KEY and TWITTER_CONSUMER_SECRET are not both set.")
    return key, secret


def _authorise(url: str, app: tuple[str, str]) -> dict[str, str]:
    """The credentials of whoever agrees. Raises ManagementError."""
    # Late: tweepy takes longer to import than all the rest.
    from webhook_app.platforms import twitter_pin

    authorisation = twitter_pin.Authorisation(url, app)
    click.echo(
        f"Open this address in a browser that is logged in as the account:\n\n{authorisation.address()}\n"
    )
    left = TRIES
    while True:
        try:
            return authorisation.tokens(click.prompt("PIN", err=True).strip())
        except ManagementError as error:
            left -= 1
            if error.reason != twitter_pin.WRONG_PIN or not left:
                raise
            click.echo(str(error), err=True)


def _tell_level(url: str, app: tuple[str, str], credentials: dict[str, str]) -> None:
    """Say at once that no mark will get through, if X says so."""
    # Late, as above.
    from webhook_app.platforms.twitter_examine import doubt_level

    if words := doubt_level(url, app, credentials):
        click.echo(plain(f"X says that {words}"), err=True)


def _subscribe(services: Services, account: str) -> int:
    """Subscribe to everything, to the only webhook; returns how many kinds X has refused."""
    management = management_of(services)
    kinds = default_kinds(management, services.clock())
    return subscribe_account(services, management, account, choose(management, None), kinds)
