"""What the page says of webhooks and of what was missed."""

from typing import Any, NamedTuple

from webhook_app.domain.replay import Piece
from webhook_app.domain.watching import OUTAGE, Watched
from webhook_app.storage.watching import Watch as Platform
from webhook_app.storage.watching import read_watches


class Watch(NamedTuple):
    """What the watchdog has written. Times are milliseconds since 1970."""

    #: Those that have webhooks; of others nothing is shown.
    platforms: list[Platform]
    #: Those that are not watched, and why.
    problems: list[Platform]
    webhooks: list[Watched]
    invalid: list[Watched]
    #: Those that the platform does not list any more.
    gone: list[Watched]
    #: When the watchdog was last seen, if that is long ago.
    unseen: int | None
    #: Pieces of what was missed that are not done, the latest first.
    pieces: list[Piece]


def read_watch(connection: Any, now: int) -> Watch:
    """Read it; a watchdog is missed after as long as an outage."""
    platforms, webhooks, pieces, _ = read_watches(connection)
    seen = max((one.stepped_at for one in platforms), default=now)
    return Watch(
        platforms,
        [one for one in platforms if one.problem],
        webhooks,
        [one for one in webhooks if not (one.valid or one.gone)],
        [one for one in webhooks if one.gone],
        seen if now - seen > OUTAGE else None,
        pieces,
    )
