"""What was missed, cut into pieces that a platform replays, and what becomes of each.

Times are milliseconds since 1970. Replaying too much is harmless by the law of positions, so beginnings are
rounded down and ends up. A piece that nobody knows the fate of is asked for again for the same reason.

Clocks that were ahead and are put right do no harm that lasts: what seemed too old is had again, moments of
asking that lie ahead do not count, and a piece that has yet to come is asked for when it is over. That is not
thrown away, for it may be the clock of now that is wrong.
"""

from enum import StrEnum
from typing import NamedTuple

from webhook_app.domain.webhook import Replayable

MINUTE = 60_000
#: The platform's clock may differ from ours, and a call takes its time, by so much together.
LEEWAY = MINUTE
#: How long a call may take, generously. Whoever has no job's id by then has died while asking for it.
ANSWERED = 2 * MINUTE
#: For how long to wait for the word that a job has ended.
PATIENCE = 30 * MINUTE
#: How long after a refusal or an incomplete job to ask again.
RETRY = 5 * MINUTE
#: For how long at most, whatever the platform says.
LONGEST_WAIT = 60 * MINUTE
#: How often a job that was incomplete, or refused for good, is asked for again.
MOST_AGAIN = 3


class Fate(StrEnum):
    """What became of a piece."""

    WAITING = "waiting"
    #: A job is under way, or a process is just asking for one.
    ASKED = "asked"
    DONE = "done"
    #: A job was given, and the platform has not told how it ended.
    UNTOLD = "untold"
    FAILED = "failed"
    #: Longer ago than the platform keeps anything.
    LOST = "lost"


#: Those that something is still to become of.
OPEN = (Fate.WAITING, Fate.ASKED)


class Piece(NamedTuple):
    """A time whose deliveries were missed."""

    platform: str
    webhook: str
    since: int
    until: int
    fate: Fate = Fate.WAITING
    #: The platform's id of the job, empty before it has answered.
    job: str = ""
    asked_at: int = 0
    #: Not to be asked for before.
    ask_at: int = 0
    #: How many of its jobs were incomplete, or refused for good.
    incomplete: int = 0
    problem: str = ""


class Ended(NamedTuple):
    """What a platform says of the end of a job."""

    complete: bool
    words: str


def plan(platform: str, webhook: str, since: int, until: int, now: int, may: Replayable) -> list[Piece]:
    """The pieces that cover an interval, oldest first; what is too old already is one that is lost."""
    begin, end = since - since % may.step, _up(until, may)
    edge = min(max(begin, oldest(now, may)), end)
    pieces = [_lost(Piece(platform, webhook, begin, edge))] if begin < edge else []
    return pieces + [Piece(platform, webhook, *each) for each in may.pieces(edge, end)]


def age(piece: Piece, now: int, may: Replayable) -> list[Piece]:
    """What has become of a piece that waits or is lost: it is lost when all of it is too old, and not before.

    A lost one that is not too old, by a clock that was put right, waits again.
    """
    edge = oldest(now, may)
    if piece.fate is Fate.WAITING and piece.until <= edge:
        return [_lost(piece)]
    # By more than what a clock may waver.
    if piece.fate is Fate.LOST and piece.until > edge + LEEWAY:
        return clip(piece._replace(fate=Fate.WAITING, problem=""), now, may)
    return [piece]


def clip(piece: Piece, now: int, may: Replayable) -> list[Piece]:
    """A piece that is to be asked for, or what is too old of it and what is not."""
    edge = min(max(piece.since, oldest(now, may)), piece.until)
    if edge == piece.since:
        return [piece]
    rest = [piece._replace(since=edge)] if edge < piece.until else []
    return [_lost(piece._replace(until=edge)), *rest]


def choose(pieces: list[Piece], now: int, may: Replayable) -> Piece | None:
    """The oldest piece of a webhook that may be asked for now; none while there is a job."""
    if any(piece.fate is Fate.ASKED for piece in pieces):
        return None
    ready = (piece for piece in sorted(pieces) if piece.fate is Fate.WAITING and now >= due(piece, now, may))
    return next(ready, None)


def due(piece: Piece, now: int, may: Replayable) -> int:
    """From when on it may be asked for."""
    ask_at = piece.ask_at if piece.ask_at - now <= LONGEST_WAIT else 0
    return max(piece.since + may.since_after + LEEWAY, piece.until + may.until_after + LEEWAY, ask_at)


def refused(piece: Piece, words: str, now: int, *, temporary: bool, wait: int | None = None) -> Piece:
    """A piece that the platform gives no job for; what it says to be for good may be mended soon, too."""
    if temporary:
        ask_at = now + min(max(wait or 0, RETRY), LONGEST_WAIT)
        return piece._replace(fate=Fate.WAITING, ask_at=ask_at, problem=words)
    return _incomplete(piece, words, now)


def follow(piece: Piece, ended: Ended | None, now: int) -> Piece:
    """What has become of a piece that was asked for."""
    piece = piece._replace(asked_at=min(piece.asked_at, now))
    if ended is not None and ended.complete:
        return piece._replace(fate=Fate.DONE, problem="")
    if ended is not None:
        return _incomplete(piece, ended.words, now)
    if not piece.job and now - piece.asked_at >= ANSWERED:
        return piece._replace(fate=Fate.WAITING)
    if piece.job and now - piece.asked_at >= PATIENCE:
        return piece._replace(fate=Fate.UNTOLD, problem="The platform has not said how it ended.")
    return piece


def orphaned(piece: Piece) -> Piece:
    """A piece of a webhook that is gone, without another in its place."""
    return piece._replace(fate=Fate.FAILED, job="", problem="The webhook is gone.")


def _incomplete(piece: Piece, words: str, now: int) -> Piece:
    after = piece._replace(incomplete=piece.incomplete + 1, problem=words or "incomplete", job="")
    if after.incomplete > MOST_AGAIN:
        return after._replace(fate=Fate.FAILED)
    return after._replace(fate=Fate.WAITING, ask_at=now + RETRY)


def _lost(piece: Piece) -> Piece:
    return piece._replace(fate=Fate.LOST, problem="Longer ago than the platform replays.")


def _up(moment: int, may: Replayable) -> int:
    return -(-moment // may.step) * may.step


def oldest(now: int, may: Replayable) -> int:
    """The earliest beginning that the platform still takes, whatever the time of the call."""
    return _up(now - may.oldest + LEEWAY, may)
