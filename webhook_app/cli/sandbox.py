"""`sandbox`: X and Slack, pretended."""

import secrets
from dataclasses import replace
from functools import partial

import click

from webhook_app.cli.numbers import FiniteRange
from webhook_app.environment import environment
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.slack_config import SlackWorkspace
from webhook_app.settings import Settings, read_settings

#: The bot's user id where the settings name none.
BOT = "2244994945"
#: What the sandbox and its consumer share.
SHARED = (
    "twitter_consumer_key", "twitter_consumer_secret", "twitter_bearer_token",
    "twitter_access_token", "twitter_access_token_secret",
)  # fmt: skip
#: A hundred people have read within half a minute, and faster than that nobody can watch.
PEOPLE, RATE = 200, 8.0

people_option = click.option(
    "--people", type=click.IntRange(1, 100_000), default=PEOPLE, show_default=True,
    help="How many people there are.",
)  # fmt: skip
rate_option = click.option(
    "--rate", type=FiniteRange(0, 1000), default=RATE, show_default=True,
    help="How many of them begin to write each second.",
)  # fmt: skip


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8100, show_default=True, help="0 takes any free port."
)
@click.option("--webhook", metavar="URL", help="Register this as soon as it answers; then people write.")
@click.option(
    "--bot-marks-at",
    metavar="URL",
    help="The bot marks what people write to it as read, by calls to the service at this base URL.",
)
@people_option
@rate_option
def sandbox(port: int, webhook: str | None, bot_marks_at: str | None, people: int, rate: float) -> None:
    """Pretend to be X and Slack, on 127.0.0.1.

    X with webhooks that end if they fail their checks, subscriptions, replays, access tiers, permissions,
    authorising by PIN, read receipts (limited to TWITTER_MARK_READ_LIMIT), and people who write and read;
    Slack with conversations.mark and auth.test, for a workspace with a channel of each kind.

    Prints, as lines for the file .env of a service, what is missing in the settings: X's credentials are made
    up, those of Slack are always the same. All else that it prints is a comment there.

    Paths below /_sandbox/ control it, with bodies of JSON; ids are strings, and what is in brackets may be
    left out:

    \b
    POST messages    {"sender": ID, "recipient": ID, ["text": …]}
    POST reads       {"reader": ID, "peer": ID, ["last_read_event_id": MESSAGE]}
    POST revoke      {"user": ID}: takes the app's authorisation away
    POST invalidate  {"webhook_id": ID}
    POST check       no body: challenges all webhooks now
    POST pin         {"oauth_token": …, ["user": ID]}: approves, and answers the PIN
    PUT access       {["tier": …], ["permissions": …]}: shaped as GET shows it

    GET access, people, deliveries, positions, replays, marks and slack/marks report.
    """
    # Late: it brings a web server, which no other command needs.
    from webhook_app.sandbox.server import serve

    settings = read_settings(environment())
    credentials = made_up() | configured(settings)
    for name in sorted(credentials.keys() - configured(settings).keys()):
        click.echo(f"{name.upper()}={credentials[name]}")
    config = replace(
        _config(credentials, port, people, rate),
        webhook_url=webhook,
        bot_marks_at=bot_marks_at,
        mark_read_limit=(settings.twitter_mark_read_limit.calls, settings.twitter_mark_read_limit.seconds),
    )
    serve(config, say=_remark, ready=partial(_introduce, config.slack.workspaces[0], settings))


def made_up() -> dict[str, str]:
    """Random credentials."""
    credentials = {name: secrets.token_hex(20) for name in SHARED}
    return credentials | {"twitter_access_token": f"{BOT}-{secrets.token_hex(20)}"}


def configured(settings: Settings) -> dict[str, str]:
    """The credentials that the settings name."""
    return {name: value for name in SHARED if (value := getattr(settings, name))}


def _introduce(workspace: SlackWorkspace, settings: Settings, url: str) -> None:
    """Tell how a service comes to call the sandbox, unless its settings say so already, and what is there."""
    if settings.twitter_api_url != url:
        click.echo(f"TWITTER_API_URL={url}")
        click.echo(f"SLACK_API_URL={url}/api/")
        click.echo(f"SLACK_TOKEN={workspace.tokens[0].token}")
    channels = ", ".join(channel.id for channel in workspace.channels)
    _remark(f"sandbox: Slack's channels are {channels}; paths below {url}/_sandbox/ control and report")


def _remark(text: str) -> None:
    """Say what is no setting, in a form that a file of settings may hold."""
    click.echo(f"# {text}")


def _config(credentials: dict[str, str], port: int, people: int, rate: float) -> SandboxConfig:
    bot = Account(credentials["twitter_access_token"], credentials["twitter_access_token_secret"])
    return SandboxConfig(
        consumer_key=credentials["twitter_consumer_key"],
        consumer_secret=credentials["twitter_consumer_secret"],
        bearer_token=credentials["twitter_bearer_token"],
        accounts=(bot,),
        port=port,
        people=people,
        reads_per_second=rate,
    )
