"""Has platforms deliver again what was missed, piece by piece, each when it may be asked for."""

import logging
from collections.abc import Callable
from itertools import groupby

from schemas.api_fields import show_time
from webhook_app.domain.replay import Fate, Piece, choose, clip, follow, refused
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

    def step(self, platform: str, management: Management) -> bool:
        """Follow the jobs, and ask for what may be asked for; returns whether anything was asked for."""
        missed = self._store.missed(platform)
        if not missed.pieces:
            return False
        pieces = sorted(self._follow(missed, management), key=lambda piece: (piece.webhook, piece.since))
        asked = 0
        for webhook, mine in groupby(pieces, key=lambda piece: piece.webhook):
            chosen = choose(list(mine), self._clock(), management.replayable)
            if chosen is not None and webhook in missed.valid and self._lease():
                self._ask(chosen, management)
                asked += 1
        return asked > 0

    def _follow(self, missed: Missed, management: Management) -> list[Piece]:
        """What has become of the pieces: jobs have ended, time has passed."""
        now, after = self._clock(), list[Piece]()
        for piece in missed.pieces:
            if piece.fate is Fate.ASKED:
                parts = [follow(piece, missed.ended.get(piece.job), now)]
            else:
                parts = clip(piece, now, management.replayable)
            if parts != [piece]:
                self._turn(piece, *parts)
            after += parts
        return after

    def _ask(self, piece: Piece, management: Management) -> None:
        asked = piece._replace(fate=Fate.ASKED, job="", asked_at=self._clock())
        self._store.turn(piece, asked)
        try:
            job = management.replay(piece.webhook, piece.since, piece.until)
        except ManagementError as error:
            now = self._clock()
            self._turn(asked, refused(piece, str(error), now, temporary=error.temporary))
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
