"""`doctor`: what is wrong, and what to do."""

import re
from typing import Any

import click

from webhook_app.cli.output import json_option, plain, print_json
from webhook_app.doctor import diagnose
from webhook_app.domain.finding import Finding
from webhook_app.environment import read_environment
from webhook_app.errors import InvalidValue

#: No user and password, which would be shown.
ADDRESS = re.compile(r"https?://[^/@\s]+/[^@\s]*")


@click.command()
@click.option(
    "--url", metavar="ADDRESS",
    help="Check the webhook at ADDRESS, instead of where platforms say that it is.",
)  # fmt: skip
@json_option
@click.pass_context
def doctor(context: click.Context, url: str | None, as_json: bool) -> None:
    """Check everything from the settings to the platforms.

    A line a check: ok; doubt, where it works and is probably not meant; wrong; unknown, where it could not be
    told; skipped, where there is nothing of the kind. After a colon: what to do. Platforms are only asked:
    nothing is marked, registered or changed. Exit status: 1 if anything is wrong or unknown, else 0.
    """
    if url is not None and not ADDRESS.fullmatch(url):
        raise InvalidValue("--url", "Not an address like https://your.host/webhooks/twitter.")
    well = True
    env, faults = read_environment()
    for finding in diagnose(env, url, faults=faults):
        print_json(_json(finding)) if as_json else click.echo(_line(finding))
        well = well and finding.well
    context.exit(0 if well else 1)


def _line(finding: Finding) -> str:
    said = f"{finding.words.rstrip('.')}: {finding.remedy}" if finding.remedy else finding.words
    return f"{finding.judgement:<7}  {plain(finding.subject)}  {plain(said)}"


def _json(finding: Finding) -> dict[str, Any]:
    return finding._asdict() | {"remedy": finding.remedy or None}
