"""What the tables tell: clocks, dispatchers and what waits for them, deliveries, quarantine, accounts."""

from collections.abc import Collection, Iterable, Iterator

from webhook_app.domain.account import Account
from webhook_app.domain.finding import Finding, doubt, ok, skipped, wrong
from webhook_app.domain.outbox import State
from webhook_app.domain.watching import CHECK_EVERY
from webhook_app.storage.outbox import MISSED
from webhook_app.storage.signs import Signs
from webhook_app.storage.watching import Watch

#: Machines further apart that share rate windows leave most of them unused (`domain/rate.py`); and the stream
#: looks back no further behind what it has seen by the database's clock.
APART, FAR_APART = 1000, 10_000  # milliseconds
#: A watchdog looks every minute, and leaves it to another process within one.
UNWATCHED = 2 * CHECK_EVERY
#: What helps an account that is stopped.
REMEDIES = {
    State.PAUSED: "readmark accounts resume {}",
    State.REVOKED: "if its owner agrees, readmark accounts connect or add it again;"
    " if its token is good all the same, readmark accounts resume {}",
    State.UNAUTHORISED: "if the line about its token says ok, readmark accounts resume {};"
    " else give it a token that is good, by readmark accounts add",
    State.SUSPENDED: "settle it with the platform, then readmark accounts resume {}",
}
#: The same for an account of the environment, which gets its credentials from nowhere else.
REMEDIES_THERE = {
    State.REVOKED: "if its owner agrees, put a new token into the settings, and start anew;"
    " if the old one is good all the same, readmark accounts resume {}",
    State.UNAUTHORISED: "if the line about its token says ok, readmark accounts resume {};"
    " else put a token that is good into the settings, and start anew",
}


def examine_signs(signs: Signs, began: int, now: int, accounts: int) -> Iterator[Finding]:
    """Findings in the signs of life.

    `began`, `now`: when they were asked for and were there, in milliseconds by our clock; `accounts`: how
    many there are.
    """
    newer = "" if signs.known else ", of a newer release"
    yield ok("schema", f"{signs.schema}{newer}")
    yield _clock(max(began - signs.now, signs.now - now, 0))
    yield _dispatcher(signs, now, accounts)
    yield _failed(sum(signs.outbox.failed.values()))
    yield from _deliveries(signs, now)
    if signs.quarantine:
        words = f"{signs.quarantine} deliveries or parts of them were not understood"
        yield doubt("quarantine", words, "readmark quarantine list, and retry after an upgrade")
    else:
        yield ok("quarantine", "empty")


def _clock(difference: int) -> Finding:
    words = f"ours and the database's are {difference / 1000:.1f} s apart"
    if difference < APART:
        return ok("clock", words)
    judge = doubt if difference < FAR_APART else wrong
    return judge("clock", words, "set both by NTP")


def _dispatcher(signs: Signs, now: int, accounts: int) -> Finding:
    waiting, seen = sum(signs.outbox.waiting.values()), signs.dispatcher
    marks = f"{waiting} {'mark' if waiting == 1 else 'marks'} waiting"
    if seen is not None and now - seen < MISSED:
        return ok("dispatcher", f"{marks}, a dispatcher seen {_ago(now - seen)}")
    words = f"{marks}, no dispatcher seen" + (f" for {_span(now - seen)}" if seen else "")
    remedy = "start readmark serve without DISPATCH=0, or readmark worker"
    if waiting:
        return wrong("dispatcher", words, remedy)
    return doubt("dispatcher", words, remedy) if accounts else skipped("dispatcher", f"{words}, no accounts")


def is_watched(watches: Iterable[Watch], now: int) -> bool:
    """Whether a watchdog has looked lately; from one process to the next some time passes."""
    return any(now - watch.stepped_at < UNWATCHED for watch in watches)


def examine_watchdog(watches: Iterable[Watch], now: int, *, managed: bool) -> Finding:
    """Whether one is there; `managed`: whether there is a platform whose webhooks it can look after."""
    if not managed:
        return skipped("watchdog", "no platform can be asked for webhooks")
    if is_watched(watches, now):
        return ok("watchdog", "one looks after webhooks")
    words = "none is there, so a webhook that becomes invalid stays so"
    return doubt("watchdog", words, "start readmark serve, or readmark worker")


def _failed(many: int) -> Finding:
    if not many:
        return ok("outbox", "no mark has failed")
    words = f"{many} {'mark was' if many == 1 else 'marks were'} refused by their platform"
    return doubt("outbox", words, "the page says why, and tries again")


def _deliveries(signs: Signs, now: int) -> Iterator[Finding]:
    for name, at in sorted(signs.deliveries.items()):
        yield ok("deliveries", f"the last of {name} came {_ago(now - at)}")
    if not signs.deliveries:
        yield skipped("deliveries", "none has come yet")


def examine_accounts(accounts: Collection[Account]) -> Iterator[Finding]:
    """Findings about the states of accounts."""
    for account in accounts:
        if account.state is State.ACTIVE:
            continue
        judge = doubt if account.state is State.PAUSED else wrong
        why = f": {account.reason}" if account.reason else ""
        named = f"{account.platform} {account.id}"
        there = REMEDIES_THERE if account.configured else REMEDIES
        remedy = there.get(account.state, REMEDIES[account.state]).format(named)
        yield judge(f"{account.platform}/{account.id}", f"stopped, {account.state}{why}", remedy)
    active = sum(account.state is State.ACTIVE for account in accounts)
    if accounts:
        yield ok("accounts", f"{active} of {len(accounts)} are active")
    else:
        yield skipped("accounts", "there are none: nothing is marked", "readmark accounts add")


def _ago(ms: int) -> str:
    return f"{_span(ms)} ago"


def _span(ms: int) -> str:
    """A time in its largest unit of which there are two."""
    seconds = max(0, ms // 1000)
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
