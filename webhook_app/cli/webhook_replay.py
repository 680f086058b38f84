"""`webhook replay`, `webhook job`: has X deliver again what was missed."""

import json
import sys
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

import click

from webhook_app.cli.managing import PLATFORM, open_management
from webhook_app.cli.opening import WHO, open_services, parse
from webhook_app.cli.output import json_option, moment, plain, print_json
from webhook_app.domain.inbound import Notice
from webhook_app.domain.webhook import Replayable
from webhook_app.errors import InvalidValue, ManagementError, NotFound
from webhook_app.platforms.management import Management
from webhook_app.services import Services

LOOK = 0.5  # seconds between two looks at the notices
#: Seconds between two times of asking for a job, of which X takes a hundred in a quarter of an hour.
ASK_AGAIN = 15.0
MINUTE = 60_000  # milliseconds
COMPLETE = "Complete"


@click.command()
@click.argument("id")
@click.option("--from", "since", metavar="TIME", required=True, help="Like 2026-11-21T08:00Z, zone included.")
@click.option("--to", "until", metavar="TIME", required=True, help="The same.")
@click.option("--wait", is_flag=True, help="Wait for the end of each job, and ask for the next.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=30, show_default=True,
    help="Minutes to wait for each job.",
)  # fmt: skip
@json_option
def replay(id: str, since: str, until: str, wait: bool, timeout: float, as_json: bool) -> None:
    """Have X deliver to the webhook ID what was missed.

    That is all that X was to deliver there between two times, whether it could or not; what has arrived
    already changes nothing. X goes back a day, keeps to whole minutes, and takes two hours a job, one job
    at a time: of a longer interval the jobs follow each other with --wait. X says that a job has ended by
    a delivery, so the service must be running. Exit status 1 if a job is not complete.
    """
    begin, end = parse("--from", _moment, since), parse("--to", _moment, until)
    with open_management(change=True) as (services, management):
        pieces = _pieces(management.replayable, begin, end, services.clock())
        if len(pieces) > 1 and not wait:
            words = f"X takes this interval in {len(pieces)} jobs, one after the other: give --wait, or less."
            raise InvalidValue("--to", words)
        incomplete = 0
        with _progress(pieces) as jobs:
            for piece in jobs:
                try:
                    incomplete += not _replay(
                        services, management, id, piece, timeout if wait else 0, as_json
                    )
                except ManagementError as error:
                    if piece == pieces[0]:
                        raise
                    raise _halfway(error, piece) from error
    sys.exit(1 if incomplete else 0)


def _replay(
    services: Services,
    management: Management,
    webhook: str,
    piece: tuple[int, int],
    minutes: float,
    as_json: bool,
) -> bool:
    """Have a piece replayed, and wait for its end so many minutes; returns False if it is incomplete.

    Raises ManagementError, and NotFound where X does not say how it has ended.
    """
    started = _start(management, webhook, piece, time.monotonic() + minutes * 60)
    services.store.log(WHO, "replay webhook", f"{PLATFORM}/{webhook}")
    facts = {"job": started, "from": moment(piece[0]), "to": moment(piece[1])}
    if not minutes:
        print_json(facts) if as_json else click.echo("  ".join([*facts.values(), "started"]))
        return True
    notice = _await(services, started, time.monotonic() + minutes * 60)
    if notice is None:
        raise NotFound(
            f"X has not said in time that the replay {started}, from {moment(piece[0])} on, has ended: see"
            f" later by readmark webhook job {started}, and that the service which gets its deliveries runs."
        )
    return _tell(facts, notice, as_json)


def _halfway(error: ManagementError, piece: tuple[int, int]) -> ManagementError:
    """The same error, which says what is left to be asked for."""
    words = f"{error} What is left begins at {moment(piece[0])}."
    return ManagementError(error.reason, words, temporary=error.temporary)


def _start(management: Management, webhook: str, piece: tuple[int, int], deadline: float) -> str:
    """Ask for a piece, once the job before it, whoever has asked for that, has ended."""
    while True:
        try:
            return management.replay(webhook, *piece)
        except ManagementError as error:
            left = deadline - time.monotonic()
            if error.reason != "ReplayConflictError" or left <= 0:
                raise
        time.sleep(min(ASK_AGAIN, left))


def _await(services: Services, started: str, deadline: float) -> Notice | None:
    while (notice := services.store.notice(PLATFORM, "replay", started)) is None:
        if time.monotonic() >= deadline:
            return None
        time.sleep(LOOK)
    return notice


@click.command()
@click.argument("job")
@json_option
def job(job: str, as_json: bool) -> None:
    """Show how the replay JOB has ended.

    Exit status 1 if not all was delivered, or X has not said yet.
    """
    with open_services() as services:
        notice = services.store.notice(PLATFORM, "replay", job)
    if notice is None:
        raise NotFound(
            f"X has said nothing of a replay {job!r} yet: it still runs, or there is none of this id."
        )
    sys.exit(0 if _tell({"job": job}, notice, as_json) else 1)


def _tell(facts: dict[str, str], notice: Notice, as_json: bool) -> bool:
    """Say how a job has ended; returns whether all was delivered."""
    said = json.loads(notice.detail)
    ended = {"state": said["state"], "description": said["description"], "at": moment(notice.at)}
    if as_json:
        print_json(facts | ended)
    else:
        click.echo("  ".join(plain(fact) for fact in [*facts.values(), *ended.values()] if fact))
    if said["state"] != COMPLETE:
        click.echo("Not everything was delivered again; ask for the interval once more.", err=True)
    return bool(said["state"] == COMPLETE)


def _moment(text: str) -> int:
    """Milliseconds since 1970 of a time with a zone. Raises InvalidValue."""
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        said = datetime.min
    if said.tzinfo is None:
        raise InvalidValue(
            "time", "Not a time with its zone, like 2026-11-21T08:00Z or 2026-11-21T09:00+01:00."
        )
    return round(said.timestamp() * 1000)


def _pieces(replayable: Replayable, since: int, until: int, now: int) -> list[tuple[int, int]]:
    """The interval in jobs. Raises InvalidValue naming the end of it that X does not take."""
    if since >= until:
        raise InvalidValue("--to", "Not after --from.")
    if since > now - replayable.since_after:
        words = f"X wants a beginning at least {replayable.since_after // MINUTE} min ago."
        raise InvalidValue("--from", words)
    begin, end = replayable.part(since, until, now)
    if begin > since:
        raise InvalidValue("--from", f"X does not go back so far; from {moment(begin)} on it does.")
    if end < until:
        raise InvalidValue("--to", f"X wants an end at least {replayable.until_after // MINUTE} min ago.")
    return replayable.pieces(begin, end)


def _progress(pieces: list[tuple[int, int]]) -> AbstractContextManager[Iterable[tuple[int, int]]]:
    if len(pieces) < 2 or not sys.stderr.isatty():
        return nullcontext(pieces)
    return click.progressbar(pieces, label="Replaying", file=sys.stderr)
