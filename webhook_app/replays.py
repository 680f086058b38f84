"""Has platforms deliver again what was missed, piece by piece, each when it may be asked for."""

import logging
from collections.abc import Callable
from itertools import groupby

from schemas.api_fields import show_time
from webhook_app.domain.replay import (
    LEEWAY,
    LONGEST_WAIT,
    Fate,
    Piece,
    age,
    choose,
    clip,
    follow,
    oldest,
    orphaned,
    refused,
)
from webhook_app.domain.watching import is_due
from webhook_app.domain.webhook import Replayable, is_plain
from webhook_app.errors import ManagementError
from webhook_app.platforms.management import Management
from webhook_app.storage.watching import Missed, Watching

log = logging.getLogger(__name__)
#: What is said of a piece that has come so far.
SAID = {
    Fate.WAITING: "replay waits",
    Fate.ASKED: "replay under way",
    Fate.DONE: "replay complete",
    Fate.UNTOLD: "replay ended untold",
    Fate.FAILED: "replay failed",
    Fate.LOST: "deliveries lost",
}


class Replays:
    """One step at a time. What is asked for is written first: whoever dies over it has it asked for twice.

    `lease`: renews the watchdog's, and says whether it is still ours.
    """

    def __init__(self, store: Watching, clock: Callable[[], int], lease: Callable[[], bool]) -> None:
        self._store = store
        self._clock = clock
        self._lease = lease
        #: By platform: when to ask again, after it could not take a job for a while.
        self._ask_at: dict[str, int] = {}

    def step(self, platform: str, management: Management) -> bool:
        """Follow the jobs, and ask for one at most, of whichever webhook was put off the longest ago.

        Returns whether it was asked for. A refusal that passes is taken for one of the whole platform.
        """
        now, may = self._clock(), management.replayable
        missed = self._store.missed(platform, oldest(now, may) + LEEWAY)
        pieces = sorted(self._follow(missed, now, may), key=lambda piece: (piece.webhook, piece.since))
        if not is_due(self._ask_at.get(platform, 0), now, LONGEST_WAIT):
            return False
        chosen = [
            choose(list(mine), now, may)
            for webhook, mine in groupby(pieces, key=lambda piece: piece.webhook)
            if webhook in missed.valid
        ]
        ready = [piece for piece in chosen if piece is not None]
        if not ready or not self._lease():
            return False
        self._ask(min(ready, key=lambda piece: (piece.ask_at, piece.since)), now, management)
        return True

    def _follow(self, missed: Missed, now: int, may: Replayable) -> list[Piece]:
        """What has become of the pieces: jobs have ended, time has passed, webhooks are gone."""
        after = list[Piece]()
        for piece in missed.pieces:
            if piece.webhook not in missed.webhooks:
                parts = [piece if piece.fate is Fate.LOST else orphaned(piece)]
            elif piece.fate is Fate.ASKED:
                parts = [follow(piece, missed.ended.get(piece.job), now)]
            else:
                parts = age(piece, now, may)
            if parts != [piece]:
                self._turn(piece, *parts)
            after += parts
        return after

    def _ask(self, piece: Piece, now: int, management: Management) -> None:
        *lost, rest = clip(piece, now, management.replayable)
        asked = rest._replace(fate=Fate.ASKED, job="", asked_at=now)
        self._store.turn(piece, *lost, asked)
        for one in lost:
            tell(one)
        try:
            job = management.replay(rest.webhook, rest.since, rest.until)
            if not is_plain(job):
                raise ManagementError("", "The platform has given no job.", temporary=True)
        except ManagementError as error:
            after = refused(rest, str(error), self._clock(), temporary=error.temporary, wait=error.wait)
            if error.temporary:
                self._ask_at[piece.platform] = after.ask_at
            self._turn(asked, after)
        else:
            self._turn(asked, asked._replace(job=job, problem=""))

    def _turn(self, piece: Piece, *after: Piece) -> None:
        self._store.turn(piece, *after)
        for one in after:
            if one != piece:
                tell(one)


def tell(piece: Piece) -> None:
    """Say in the log how far a piece has come."""
    bad = piece.problem or piece.fate in (Fate.FAILED, Fate.LOST)
    log.log(
        logging.WARNING if bad else logging.INFO,
        SAID[piece.fate],
        extra={
            "platform": piece.platform, "webhook": piece.webhook, "since": show_time(piece.since),
            "until": show_time(piece.until), "job": piece.job, "reason": piece.problem,
        },
    )  # fmt: skip
