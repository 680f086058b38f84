"""Who was forgotten, remembered as HMACs; and what of a batch must therefore not be stored."""

import hmac
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from webhook_app.domain.counts import BY_ACCOUNT, Gathered
from webhook_app.storage import sql
from webhook_app.storage import tables as t
from webhook_app.storage.batch import Batch
from webhook_app.storage.naming import ids_in

#: (platform, id) → what happened before this moment is dropped.
NotBefore = dict[tuple[str, str], int]
#: Ids asked for in one statement; SQLite's oldest limit is 999 parameters.
PIECE = 500
#: For more ids than this, as a body of a mebibyte may hold, the whole memory is read, in one go.
MANY = 10_000


class Forgotten:
    """The memory of the forgotten. `keys` are those of the HMACs: the first writes, all read."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = keys

    def digests(self, platform: str, person: str) -> list[bytes]:
        """The HMACs a person may be remembered by, one a key; the first is the one to write."""
        return [hmac.digest(key, f"{platform}\n{person}".encode(), "sha256") for key in self._keys]

    def not_before(self, connection: Connection, people: Iterable[tuple[str, str]]) -> NotBefore:
        """The moments before which nothing about these (platform, id) is stored."""
        owners = {digest: who for who in people for digest in self.digests(*who)}
        digests, limits, old = list(owners), NotBefore(), t.forgotten.c
        memory = select(old.digest, old.not_before).where(old.expires_at > sql.now_ms())
        queries = [memory]
        if len(digests) <= MANY:
            pieces = (digests[start : start + PIECE] for start in range(0, len(digests), PIECE))
            queries = [memory.where(old.digest.in_(piece)) for piece in pieces]
        for query in queries:
            for digest, moment in connection.execute(query):
                if who := owners.get(bytes(digest)):
                    limits[who] = max(moment, limits.get(who, 0))
        return limits

    def anonymous(self, connection: Connection, gathered: Gathered) -> Gathered:
        """What was gathered, with accounts that are forgotten counted under no name."""
        named = {name: tuple(name.split("|", 2)[1:]) for name, _ in gathered if name.count("|") >= 2}
        named = {name: who for name, who in named.items() if name.partition("|")[0] in BY_ACCOUNT}
        forgotten = self.not_before(connection, {(platform, account) for platform, account in named.values()})
        counts: Gathered = Counter()
        for (name, minute), n in gathered.items():
            gone = named.get(name) in forgotten
            counts[name.rpartition("|")[0] + "|" if gone else name, minute] += n
        return counts

    def without(self, connection: Connection, batch: Batch) -> Batch:
        """The batch without what forgotten people did before they were forgotten.

        A body that could not be read and names one of them has no time that could be trusted; it goes.
        """
        named = [(part, {(part.platform, id) for id in ids_in(part.body)}) for part in batch.unreadable]
        people = {(event.platform, who) for event in batch.marks for who in (event.reader, event.peer)}
        people |= {(event.platform, who) for event in batch.messages for who in (event.reader, event.peer)}
        people |= {(mark.platform, who) for mark in batch.outgoing for who in (mark.account, mark.peer)}
        people |= {(mark.platform, who) for mark in batch.echoes for who in (mark.reader, mark.peer)}
        people |= {person[:2] for person in batch.people}
        people |= {(notice.platform, notice.subject) for notice in batch.notices}
        limits = self.not_before(connection, people.union(*(ids for _, ids in named)))

        def allowed(platform: str, at: int, *ids: str) -> bool:
            return all(at >= limits.get((platform, who), 0) for who in ids)

        return replace(
            batch,
            marks=[m for m in batch.marks if allowed(m.platform, m.read_at, m.reader, m.peer)],
            messages=[m for m in batch.messages if allowed(m.platform, m.sent_at, m.reader, m.peer)],
            people=[p for p in batch.people if allowed(p.platform, p.seen_at, p.id)],
            notices=[n for n in batch.notices if allowed(n.platform, n.at, n.subject)],
            unreadable=[part for part, ids in named if not ids & limits.keys()],
            outgoing=[m for m in batch.outgoing if allowed(m.platform, m.at, m.account, m.peer)],
            echoes=[m for m in batch.echoes if allowed(m.platform, m.read_at, m.reader, m.peer)],
        )
