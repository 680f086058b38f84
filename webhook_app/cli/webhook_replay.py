"""`webhook replay`, `webhook job`: has X deliver again what was missed."""

import json
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Self, TypeVar

import click

from webhook_app.cli.managing import PLATFORM, open_management
from webhook_app.cli.numbers import FiniteRange
from webhook_app.cli.opening import WHO, open_services, parse
from webhook_app.cli.output import json_option, moment, plain, print_json
from webhook_app.domain.inbound import Notice
from webhook_app.domain.webhook import Replayable
from webhook_app.errors import DatabaseUnavailable, InvalidValue, ManagementError, NotFound
from webhook_app.platforms.management import Management
from webhook_app.services import Services

T = TypeVar("T")
LOOK = 0.5  # seconds between two looks at the notices
#: Seconds between two times of asking for a job, of which X takes a hundred in a quarter of an hour.
ASK_AGAIN = 15.0
MINUTE = 60_000  # milliseconds
COMPLETE = "Complete"


class Course:
    """How far the replay of an interval is; if it breaks off, whatever ends it, it says what is left."""

    def __init__(self, begin: int, end: int) -> None:
        self._begin, self._left, self._end = begin, begin, end
        self._job = ""

    def started(self, job: str, until: int) -> None:
        """A job is under way for what there is until then."""
        self._job, self._left = job, until

    def ended(self) -> None:
        """It is not any more."""
        self._job = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            return
        if self._job:
            click.echo(f"Under way is {self._job}: readmark webhook job {self._job} tells its end.", err=True)
        if self._begin < self._left < self._end:
            click.echo(f"What is left begins at {moment(self._left)}.", err=True)


@click.command()
@click.argument("id")
@click.option("--from", "since", metavar="TIME", required=True, help="Like 2026-11-21T08:00Z, zone included.")
@click.option("--to", "until", metavar="TIME", required=True, help="The same.")
@click.option("--wait", is_flag=True, help="Wait for the end of each job, and ask for the next.")
@click.option(
    "--timeout", type=FiniteRange(min=0, min_open=True), default=30, show_default=True,
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
        with Course(pieces[0][0], pieces[-1][1]) as course, _progress(pieces) as jobs:
            for piece in jobs:
                minutes = timeout if wait else 0
                incomplete += not _replay(services, management, id, piece, course, minutes, as_json)
    sys.exit(1 if incomplete else 0)


def _replay(
    services: Services,
    management: Management,
    webhook: str,
    piece: tuple[int, int],
    course: Course,
    minutes: float,
    as_json: bool,
) -> bool:
    """Have a piece replayed, and wait for its end so many minutes; returns False if it is incomplete.

    Raises ManagementError, DatabaseUnavailable, and NotFound where X does not say how it has ended.
    """
    job = _start(management, webhook, piece, time.monotonic() + minutes * 60)
    course.started(job, piece[1])
    deadline = time.monotonic() + minutes * 60
    facts = {"job": job, "from": moment(piece[0]), "to": moment(piece[1])}
    print_json(facts) if as_json else click.echo("  ".join([*facts.values(), "started"]))
    insist(lambda: services.store.log(WHO, "replay webhook", f"{PLATFORM}/{webhook}"), deadline)
    if minutes:
        notice = _await(services, job, deadline)
        course.ended()
        return _tell(facts, notice, as_json)
    course.ended()
    return True


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


def _await(services: Services, job: str, deadline: float) -> Notice:
    while (notice := insist(lambda: services.store.notice(PLATFORM, "replay", job), deadline)) is None:
        if time.monotonic() >= deadline:
            raise NotFound(
                "X has not said in time that this replay has ended: see that the service which gets its"
                " deliveries runs."
            )
        time.sleep(LOOK)
    return notice


def insist(ask: Callable[[], T], deadline: float, pause: float = LOOK) -> T:
    """Ask the database, which may come back until then. Raises DatabaseUnavailable."""
    while True:
        try:
            return ask()
        except DatabaseUnavailable:
            if time.monotonic() >= deadline:
                raise
        time.sleep(pause)


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
        raise InvalidValue("--from", _too_late("a beginning", replayable.since_after, replayable.step, now))
    begin, end = replayable.part(since, until, now)
    if begin > since:
        raise InvalidValue("--from", f"X does not go back so far; from {moment(begin)} on it does.")
    if end < until:
        raise InvalidValue("--to", _too_late("an end", replayable.until_after, replayable.step, now))
    return replayable.pieces(begin, end)


def _too_late(what: str, ago: int, step: int, now: int) -> str:
    return f"X wants {what} at least {ago // MINUTE} min ago; {moment((now - ago) // step * step)} would do."


def _progress(pieces: list[tuple[int, int]]) -> AbstractContextManager[Iterable[tuple[int, int]]]:
    if len(pieces) < 2 or not sys.stderr.isatty():
        return nullcontext(pieces)
    return click.progressbar(pieces, label="Replaying", file=sys.stderr)
