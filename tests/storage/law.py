"""The law of positions written down a second time, slowly; and what the stores say."""

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count

from hypothesis import strategies as st

from webhook_app.domain.inbound import Inbound
from webhook_app.domain.position import Key, Mark
from webhook_app.errors import NotFound
from webhook_app.storage import Store

#: When the examples happen. Memories of the forgotten expire by the database's clock, so it is now.
BASE = time.time_ns() // 1_000_000
PLATFORM = "twitter"
_numbers = count(1)

#: (cursor, read_at) by key, and read_at by (key, cursor).
State = tuple[dict[Key, tuple[int, int]], dict[tuple[Key, int], int]]


def fresh() -> str:
    """An id that no other example has."""
    return f"{next(_numbers)}"


#: A mark of one of two readers and peers; few cursors and times, so that they meet. 9 < 10 only as integers.
shapes = st.tuples(
    st.integers(0, 1), st.integers(0, 1), st.sampled_from([0, 9, 10, 2**63 - 1]), st.integers(0, 9)
)
Shape = tuple[int, int, int, int]
groups = st.lists(st.lists(shapes, min_size=1, max_size=4), min_size=1, max_size=5)


@dataclass
class Cast:
    """The people of one example."""

    readers: list[str] = field(default_factory=lambda: [fresh(), fresh()])
    peers: list[str] = field(default_factory=lambda: [fresh(), fresh()])

    @property
    def keys(self) -> list[Key]:
        """Every conversation between them."""
        return [(PLATFORM, reader, peer) for reader in self.readers for peer in self.peers]

    def mark(self, shape: Shape) -> Mark:
        """A mark among these people."""
        reader, peer, cursor, at = shape
        return Mark(PLATFORM, self.readers[reader], self.peers[peer], cursor, BASE + at)

    def deliveries(self, groups: Sequence[Sequence[Shape]]) -> list[Inbound]:
        """A delivery a group."""
        return [Inbound(PLATFORM, marks=[self.mark(shape) for shape in group]) for group in groups]

    def stored(self, store: Store) -> State:
        """What a store says about these people."""
        positions, history = {}, {}
        for key in self.keys:
            try:
                position, past = store.position(key)
            except NotFound:
                continue
            positions[key] = (position.cursor, position.read_at)
            history.update({(key, cursor): at for cursor, at in past})
        return positions, history


@dataclass
class Ledger:
    """The law, one mark at a time."""

    positions: dict[Key, tuple[int, int]] = field(default_factory=dict)
    history: dict[tuple[Key, int], int] = field(default_factory=dict)
    corrected: dict[Key, int] = field(default_factory=dict)
    forgotten: dict[str, int] = field(default_factory=dict)

    @property
    def state(self) -> State:
        """What a store should say."""
        return self.positions, self.history

    def take(self, marks: Iterable[Mark]) -> None:
        """Marks arrive."""
        for mark in marks:
            key, at = mark.key, mark.read_at
            limits = [self.corrected.get(key, 0), *(self.forgotten.get(who, 0) for who in key[1:])]
            if at < max(limits):
                continue
            known = self.positions.get(key)
            if known is None or mark.cursor > known[0] or (mark.cursor == known[0] and at < known[1]):
                self.positions[key] = (mark.cursor, at)
            place = (key, mark.cursor)
            self.history[place] = min(at, self.history.get(place, at))

    def correct(self, key: Key, cursor: int, now: int) -> None:
        """An operator sets a position."""
        self.positions[key] = (cursor, now)
        # What is stored of a platform's future must not come back either.
        stored = [at for place, at in self.history.items() if place[0] == key]
        self.corrected[key] = max([now, self.corrected.get(key, 0), *(at + 1 for at in stored)])
        self.history = {p: at for p, at in self.history.items() if p[0] != key or p[1] <= cursor}
        self.history.setdefault((key, cursor), now)

    def forget(self, person: str, now: int) -> None:
        """An operator forgets a person."""
        stored = [at for place, at in self.history.items() if person in place[0][1:]]
        corrected = [limit for key, limit in self.corrected.items() if person in key[1:]]
        limits = [self.forgotten.get(person, 0), *(at + 1 for at in stored + corrected)]
        self.forgotten[person] = max([now, *limits])
        self.positions = {k: v for k, v in self.positions.items() if person not in k[1:]}
        self.history = {p: at for p, at in self.history.items() if person not in p[0][1:]}
        self.corrected = {k: v for k, v in self.corrected.items() if person not in k[1:]}


def at_once(stores: Sequence[Store], deliveries: Sequence[Inbound]) -> None:
    """Record all deliveries from several threads, in turn to the stores."""
    with ThreadPoolExecutor(8) as threads:
        answers = [
            threads.submit(stores[i % len(stores)].record, inbound) for i, inbound in enumerate(deliveries)
        ]
    for answer in answers:
        answer.result()
