"""What is not read yet, as it is listed: by a plain second model, in whatever order things happen."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.storage.law import BASE, PLATFORM, Cast
from tests.storage.test_unread import has_read, sweep, wrote
from webhook_app.domain.inbound import Inbound, Message, Person
from webhook_app.domain.position import Key, Mark
from webhook_app.storage import Store, messages, unread
from webhook_app.storage.unread import START, Place, Unread, UnreadFilter, list_unread, walk_unread

#: Ids kept of a conversation, and looked at in a piece and in how many pieces, while these tests run.
FEW = {"messages.LIMIT": 3, "unread.PIECE": 2, "unread.PIECES": 2}


@contextmanager
def few() -> Iterator[None]:
    """Limits so low that examples reach them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in FEW.items():
            patch.setattr(f"webhook_app.storage.{name}", value)
        yield


@dataclass
class Conversation:
    """What is stored of one, written down a second time."""

    cursor: int = -1
    kept: set[int] = field(default_factory=set)
    #: How many more there were, and the latest of them.
    counted: tuple[int, int] = (0, -1)

    @property
    def waiting(self) -> list[int]:
        """The kept ids that are not read."""
        return sorted(one for one in self.kept if one > self.cursor)

    @property
    def more(self) -> tuple[int, int]:
        """What was counted, unless the reader has passed it."""
        return self.counted if self.counted[1] > self.cursor else (0, -1)

    def write(self, told: list[int]) -> None:
        """A delivery of messages."""
        new = [one for one in sorted(set(told)) if one > self.cursor]
        count, latest = self.more
        if not count:
            new = [one for one in new if one not in self.kept]
            room = messages.LIMIT - len(self.waiting)
            self.kept |= set(new[:room])
            new = new[room:]
        new = [one for one in new if one > latest]
        if new:
            self.counted = (count + len(new), new[-1])

    def sweep(self) -> None:
        """What has been read goes."""
        self.kept, self.counted = set(self.waiting), self.more

    def shown(self, key: Key) -> Unread | None:
        """As it should be listed."""
        (count, latest), waiting = self.more, self.waiting
        if not count and not waiting:
            return None
        oldest = waiting[0] if waiting else latest
        return Unread(*key, oldest, max([latest, *waiting]), count + len(waiting), "", "")


#: What happens, in which conversation, and message ids: those written, or the first of them as a cursor.
steps = st.lists(
    st.tuples(
        st.sampled_from(["wrote", "wrote", "all wrote", "read", "set", "forget", "sweep", "follow"]),
        st.integers(0, 3),
        st.lists(st.integers(0, 9), min_size=1, max_size=5),
    ),
    max_size=9,
)


def follow(store: Store) -> None:
    """What housekeeping does a moment after positions have changed."""
    past = text("UPDATE read_positions SET updated_at = updated_at - 20000")
    store.write(lambda connection: connection.execute(past))
    place, more = store.follow_positions(None)
    while more:
        place, more = store.follow_positions(place)


def happen(
    store: Store, book: dict[Key, Conversation], now: int, what: str, key: Key, ids: list[int]
) -> None:
    """One step, in the store and in the model."""
    one = book[key]
    if what == "wrote":
        store.record(Inbound(PLATFORM, messages=[Message(*key, message, now) for message in ids]))
        one.write(ids)
    elif what == "all wrote":
        told = {other: [message + n for message in ids] for n, other in enumerate(book)}
        every = [Message(*other, message, now) for other in told for message in told[other]]
        store.record(Inbound(PLATFORM, messages=every))
        for other, conversation in book.items():
            conversation.write(told[other])
    elif what == "read":
        store.record(Inbound(PLATFORM, marks=[Mark(*key, ids[0], now)]))
        one.cursor = max(one.cursor, ids[0])
    elif what == "set":
        store.set_position(key, ids[0], now, "tests")
        one.cursor = ids[0]
    elif what == "forget":
        store.forget(PLATFORM, key[1], now, "tests")
        book.update({other: Conversation() for other in book if key[1] in other})
    elif what == "sweep":
        sweep(store)
        for one in book.values():
            one.sweep()
    else:
        follow(store)
        for one in book.values():
            # What was only counted stays a minute longer.
            one.kept = set(one.waiting)


def pages(store: Store, limit: int, **sides: str) -> list[Unread]:
    """Every item of a list, page for page; none is longer than it may be, and all come to an end."""
    found: list[Unread] = []
    place: Place | None = START
    while place is not None:
        wanted = UnreadFilter((PLATFORM,), **sides, after=(place,), limit=limit)
        (stretch,) = store.read(partial(walk_unread, wanted=wanted))
        assert len(stretch.items) <= limit
        assert stretch.end is None or stretch.end > place
        found += stretch.items
        place = stretch.end
    return found


@settings(deadline=None, max_examples=20)
@given(steps, st.integers(1, 3))
def test_the_list_is_what_a_plain_model_says(
    shared: Store, steps: list[tuple[str, int, list[int]]], limit: int
) -> None:
    cast = Cast()
    book = {key: Conversation() for key in cast.keys}
    with few():
        for n, (what, which, ids) in enumerate(steps):
            happen(shared, book, BASE + 10 * n, what, cast.keys[which], ids)
        shown = [item for key, one in book.items() if (item := one.shown(key))]
        shown.sort(key=lambda item: item.place)
        for reader in cast.readers:
            assert pages(shared, limit, reader=reader) == [one for one in shown if one.reader == reader]
        for peer in cast.peers:
            assert pages(shared, limit, peer=peer) == [one for one in shown if one.peer == peer]
            assert pages(shared, limit, reader=cast.readers[0], peer=peer) == [
                one for one in shown if (one.reader, one.peer) == (cast.readers[0], peer)
            ]
        mine = [one for one in pages(shared, 100) if one.reader in cast.readers]
        assert mine == shown


def test_each_platform_has_its_own_list(store: Store) -> None:
    for platform, message in (("twitter", 5), ("slack", 7), ("twitter", 3)):
        told = [Message(platform, f"reader {message}", "peer", message, BASE)]
        store.record(Inbound(platform, messages=told))

    def listed(*platforms: str, limit: int = 100) -> list[int]:
        wanted = UnreadFilter(platforms, limit=limit)
        return [item.message for item in store.read(lambda c: list_unread(c, wanted))]

    assert listed("slack", "twitter") == [7, 3, 5]
    assert listed("twitter") == [3, 5]
    assert listed("slack", "twitter", limit=1) == [7, 3]
    assert listed("pigeon") == []


def test_it_names_both_sides(store: Store) -> None:
    people = [Person(PLATFORM, who, name, "", "", BASE) for who, name in (("1", "Ann"), ("2", "Bea"))]
    store.record(Inbound(PLATFORM, people=people, messages=[Message(PLATFORM, "1", "2", 5, BASE)]))
    (item,) = store.read(lambda c: list_unread(c, UnreadFilter((PLATFORM,))))
    assert (item.reader_name, item.peer_name) == ("Ann", "Bea")


def test_a_stretch_ends_after_so_many_ids_and_says_where(store: Store) -> None:
    store.record(wrote((PLATFORM, "1", "2"), *range(1, 10)))
    store.record(wrote((PLATFORM, "1", "3"), 20))
    with few():
        (first,) = store.read(lambda c: walk_unread(c, UnreadFilter((PLATFORM,))))
        assert ([item.peer for item in first.items], first.end) == (["2"], (4, "1", "2"))
        assert [item.peer for item in pages(store, 100)] == ["2", "3"]


def test_the_oldest_for_accounts_of_ours_passes_over_the_others(store: Store) -> None:
    account = text(
        "INSERT INTO accounts (platform, id, owner, name, state, reason, since, authorised_at, refused_until,"
        " attempts, digest, configured, opens_at, scarce_until)"
        " VALUES ('twitter', '1', '1', '', 'active', '', 0, 0, 0, 0, '', 1, 0, 0)"
    )
    store.write(lambda c: c.execute(account))
    assert store.read(unread.oldest_of_accounts) == {}
    store.record(wrote((PLATFORM, "9", "1"), 1))
    store.record(wrote((PLATFORM, "1", "2"), 2, 7))
    store.record(wrote((PLATFORM, "1", "3"), 5))
    assert store.read(unread.oldest_of_accounts) == {PLATFORM: 2}
    store.record(has_read((PLATFORM, "1", "2"), 2))
    assert store.read(unread.oldest_of_accounts) == {PLATFORM: 5}
