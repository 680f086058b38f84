"""What has changed: found once, by its time, and whole."""

from collections.abc import Callable

import pytest

from tests.conftest import NOW
from tests.storage.outgoing import BOT, TEAM, accept, deliver, echo, end, open_accounts, row, take
from webhook_app.domain.inbound import Inbound, Person
from webhook_app.domain.outbox import State, Verdict
from webhook_app.domain.position import Mark
from webhook_app.domain.rate import Word
from webhook_app.storage import Store
from webhook_app.storage.changes import LATEST, Places, Seen, Wanted, clock, since

KEY = (*BOT, "2")


@pytest.fixture
def out(store: Store) -> Store:
    """A store with accounts."""
    open_accounts(store, BOT, *TEAM)
    return store


def record(store: Store, *readers: str, platform: str = "twitter") -> None:
    """Somebody has read something, each in a transaction of its own."""
    for reader in readers:
        store.record(Inbound(platform, marks=[Mark(platform, reader, "9", 5, NOW)]))


def start(store: Store) -> Places:
    """Where a walk begins that finds what changes from now on."""
    return since(store.read(clock))


def marks(store: Store, places: Places) -> int:
    """How many marks have changed."""
    return len(store.changes(places, 100).marks)


def test_it_finds_what_has_changed_whole(out: Store) -> None:
    places = start(out)
    record(out, "1", "2")
    out.record(Inbound("twitter", people=[Person("twitter", "1", 'Ann "ü" \n', "", "", NOW)]))
    key = accept(out, 7)
    look = out.changes(places, 100)
    assert sorted(look.positions) == sorted(
        out.position(each)[0] for each in (("twitter", "1", "9"), ("twitter", "2", "9"), key)
    )
    assert 'Ann "ü" \n' in [found.reader_name for found in look.positions]
    assert look.marks == [row(out, key)]
    assert not look.more
    assert places[0][0] <= look.now == look.moment <= out.read(clock)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda out: accept(out, 8), 1),
        (lambda out: accept(out, 7), 0),  # known
        (lambda out: accept(out, 6), 0),  # behind
        (lambda out: echo(out, 9), 1),
        (lambda out: echo(out, 3), 1),  # the platform knows more than nothing
        (lambda out: take(out, NOW, 1), 0),  # a claim is nobody's business
        (lambda out: deliver(out, NOW), 1),
        (lambda out: end(out, take(out, NOW, 1), NOW, Verdict.PEER, "no", word=Word()), 1),
        (lambda out: end(out, take(out, NOW, 1), NOW, Verdict.RETRY), 1),
        (lambda out: out.outbox.retry(KEY, NOW, "tests"), 1),
        (lambda out: out.accounts.set_state(*BOT, State.PAUSED, "", NOW, "tests"), 0),
        (lambda out: out.accounts.remove(*BOT, NOW, "tests"), 1),
    ],
)
def test_what_viewers_see_of_a_mark_is_a_change(
    out: Store, change: Callable[[Store], object], told: int
) -> None:
    accept(out, 7)
    # Later than the mark itself, in milliseconds.
    before = out.read(clock)
    while out.read(clock) == before:
        pass
    places = start(out)
    change(out)
    assert marks(out, places) == told


def test_what_was_seen_is_not_read_again(out: Store) -> None:
    places = start(out)
    record(out, "1", "2")
    accept(out, 7)
    first = out.changes(places, 100)
    record(out, "3")
    second = out.changes(places, 100, seen=first.states)
    assert ([found.reader for found in second.positions], second.marks) == (["3"], [])
    # A change in the same millisecond is one, too.
    states: Seen = {key: (state[0], -1, -1) for key, state in first.states[0].items()}
    assert len(out.changes(places, 100, seen=(states, {})).positions) == 4


def test_pages_lead_to_the_end(out: Store) -> None:
    places, found, moments = start(out), list[str](), list[int]()
    record(out, *map(str, range(10)))
    accept(out, 7, account=TEAM[0])
    more = True
    while more:
        look = out.changes(places, 4)
        places, more = look.places, look.more
        found += [position.reader for position in look.positions]
        moments.append(look.moment)
    assert sorted(found) == sorted([*map(str, range(10)), TEAM[0][1]])
    # What lies behind a page was not seen at its moment.
    assert moments == sorted(moments)
    assert moments[0] <= moments[-1] == look.now


@pytest.mark.parametrize(
    ("wanted", "readers", "many"),
    [
        (Wanted(("twitter",)), {"1", "2", "1 "}, 1),
        (Wanted(("slack",)), {"1"}, 0),
        (Wanted(("slack", "twitter"), reader="1"), {"1"}, 1),
        (Wanted(("twitter",), reader="1", peer="2"), {"1"}, 1),
        (Wanted(("twitter",), peer="9"), {"1", "2", "1 "}, 0),
    ],
)
def test_it_finds_what_is_wanted(out: Store, wanted: Wanted, readers: set[str], many: int) -> None:
    places = start(out)
    record(out, "1", "2", "1 ")
    record(out, "1", platform="slack")
    accept(out, 7)
    look = out.changes(places, 100, wanted)
    assert ({found.reader for found in look.positions}, len(look.marks)) == (readers, many)


def test_transactions_are_given_up_before_they_are_too_late(out: Store) -> None:
    """A look goes back so far: a statement and its wait for a lock have their time-outs."""
    assert LATEST >= 5000 + 2000
