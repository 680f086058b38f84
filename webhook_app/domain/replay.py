"""What was missed, cut into pieces that a platform replays, and what becomes of each.

Times are milliseconds since 1970. Replaying too much is harmless by the law of positions, so beginnings are
rounded down and ends up. A piece that nobody knows the fate of is asked for again for the same reason.
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
    edge = min(max(begin, _oldest(now, may)), end)
    pieces = [_lost(Piece(platform, webhook, begin, edge))] if begin < edge else []
    return pieces + [Piece(platform, webhook, *each) for each in may.pieces(edge, end)]


def clip(piece: Piece, now: int, may: Replayable) -> list[Piece]:
    """The same piece, or what has become too old of it and what has not."""
    edge = min(max(piece.since, _oldest(now, may)), piece.until)
    if edge == piece.since:
        return [piece]
    rest = [piece._replace(since=edge)] if edge < piece.until else []
    return [_lost(piece._replace(until=edge)), *rest]


def choose(pieces: list[Piece], now: int, may: Replayable) -> Piece | None:
    """The oldest piece of a webhook that may be asked for now; none while there is a job."""
    if any(piece.fate is Fate.ASKED for piece in pieces):
        return None
    ready = (piece for piece in sorted(pieces) if piece.fate is Fate.WAITING and now >= due(piece, may))
    return next(ready, None)


def due(piece: Piece, may: Replayable) -> int:
    """From when on it may be asked for."""
    return max(piece.since + may.since_after + LEEWAY, piece.until + may.until_after + LEEWAY, piece.ask_at)


def refused(piece: Piece, words: str, now: int, *, temporary: bool) -> Piece:
    """A piece that the platform gives no job for; what it says to be for good may be mended soon, too."""
    if temporary:
        return piece._replace(fate=Fate.WAITING, ask_at=now + RETRY, problem=words)
    return _incomplete(piece, words, now)


def follow(piece: Piece, ended: Ended | None, now: int) -> Piece:
    """What has become of a piece that was asked for."""
    if ended is not None and ended.complete:
        return piece._replace(fate=Fate.DONE, problem="")
    if ended is not None:
        return _incomplete(piece, ended.words, now)
    if not piece.job and now - piece.asked_at >= ANSWERED:
        return piece._replace(fate=Fate.WAITING)
    if piece.job and now - piece.asked_at >= PATIENCE:
        return piece._replace(fate=Fate.UNTOLD, problem="The platform has not said how it ended.")
    return piece


def _incomplete(piece: Piece, words: str, now: int) -> Piece:
    after = piece._replace(incomplete=piece.incomplete + 1, problem=words or "incomplete", job="")
    if after.incomplete > MOST_AGAIN:
        return after._replace(fate=Fate.FAILED)
    return after._replace(fate=Fate.WAITING, ask_at=now + RETRY)


def _lost(piece: Piece) -> Piece:
    return piece._replace(fate=Fate.LOST, problem="Longer ago than the platform replays.")


def _up(moment: int, may: Replayable) -> int:
    return -(-moment // may.step) * may.step


def _oldest(now: int, may: Replayable) -> int:
    """The earliest beginning that the platform still takes, whatever the time of the call."""
    return _up(now - may.oldest + LEEWAY, may)
