"""The store: an engine and the verbs, each one transaction."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from webhook_app.domain.counts import Counts
from webhook_app.domain.inbound import Inbound, Notice
from webhook_app.domain.outbox import Policy
from webhook_app.domain.position import Key, ReadPosition
from webhook_app.domain.timing import SentAt
from webhook_app.errors import NotFound
from webhook_app.storage import audit, passed, people, positions, quarantine, retention
from webhook_app.storage.accepting import Accepting
from webhook_app.storage.accounts import Accounts
from webhook_app.storage.changes import NOTHING, Changes, Look, Places, Seen, Wanted
from webhook_app.storage.counts import drop_counts, write_counts
from webhook_app.storage.database import Database
from webhook_app.storage.figures import Figures, drop_cells
from webhook_app.storage.forgotten import Forgotten
from webhook_app.storage.group_commit import GroupCommit
from webhook_app.storage.notices import find_notice
from webhook_app.storage.outbox_verbs import Outbox
from webhook_app.storage.sealing import Sealing
from webhook_app.storage.secret_key import derive
from webhook_app.storage.watching import Watching, drop_replays
from webhook_app.storage.writer import Writer
from webhook_app.storage.writing import Clock, Writing, always_late

T = TypeVar("T")
#: Minutes of the counts are kept as long as history is by default; totals stay.
COUNT_DAYS = 90


class Store:
    """Where read positions last. Every verb raises DatabaseUnavailable if the database does not answer.

    By `clock` it is told what comes late; without one everything does, which costs a little.
    """

    def __init__(
        self,
        url: str,
        keys: tuple[str, ...],
        counts: Counts | None = None,
        clock: Clock = always_late,
    ) -> None:
        self.database = Database(url)
        self._dialect = self.database.dialect
        self._forgotten = Forgotten([derive(key, "readmark/forgotten") for key in keys])
        writing = Writing(self.database.engine.dialect, self._forgotten, clock)
        self._writing = writing
        self._writer = Writer(self.database, writing)
        self._group = GroupCommit(self._writer.write, lambda: self.database.concurrency)
        self.counts = counts or Counts()
        self.accounts = Accounts(self.database, Sealing(keys))
        self.outbox = Outbox(self.database)
        self.figures = Figures(self.database)
        self.watching = Watching(self.database)
        self._changes = Changes(self.database.engine.dialect)
        self.changes_in_order = self._changes.in_order

    def configure(self, policies: Mapping[str, Policy], sent: Mapping[str, SentAt] | None = None) -> None:
        """Accept and pass on marks under these policies, by platform; of others nothing is passed on.

        `sent`: how their cursors tell when messages were sent.
        """
        self.figures.sent = sent or {}
        self._writing.accepting = Accepting(self.database.engine.dialect, policies)
        self.outbox.configure(policies)

    def record(self, inbound: Inbound) -> None:
        """Return once the delivery is committed, together with others that wait.

        Raises DatabaseUnavailable (nothing of it is stored, or it may be repeated) and Unstorable.
        """
        if not inbound.empty:
            self._group.submit(inbound)

    def read(self, query: Callable[[Connection], T]) -> T:
        """Run a query of this package's modules."""
        return self.database.read(query)

    def changes(
        self, places: Places, limit: int, wanted: Wanted | None = None, seen: tuple[Seen, Seen] = NOTHING
    ) -> Look:
        """What has changed behind these places; see `Changes.look`."""
        look = self._changes.look
        return self.database.read(lambda c: look(c, places, limit, wanted, seen), by_key=True)

    def write(self, change: Callable[[Connection], T]) -> T:
        """Run a change of this package's modules in a transaction of its own."""
        return self.database.write(change)

    def check(self) -> None:
        """Raise DatabaseUnavailable or SchemaOutdated if requests could not be answered."""
        self.database.check()

    def position(self, key: Key) -> tuple[ReadPosition, list[tuple[int, int]]]:
        """The position of a key with its history. Raises NotFound."""

        def query(connection: Connection) -> tuple[ReadPosition, list[tuple[int, int]]]:
            position = positions.one_position(connection, key)
            if position is None:
                raise NotFound("There is no read position of this reader and peer.")
            return position, positions.history_of(connection, key)

        return self.read(query)

    def set_position(self, key: Key, cursor: int, now: int, who: str, shown: str = "") -> None:
        """Put a position where an operator wants it; see `positions.set_position`. The log says `shown`."""

        def change(connection: Connection) -> None:
            positions.set_position(connection, self._dialect, key, cursor, now)
            audit.log(connection, who, "set position", "/".join(key), shown or str(cursor))

        self.write(change)

    def forget(self, platform: str, person: str, now: int, who: str) -> dict[str, int]:
        """Delete everything about a person, and refuse what happened before. Returns rows by table.

        Bodies in quarantine go page by page; interrupted, the verb is to be repeated.
        """
        digest, sent = self._forgotten.digests(platform, person)[0], self.figures.sent.get(platform)

        def change(connection: Connection) -> dict[str, int]:
            gone = people.forget(connection, self._dialect, platform, person, digest, now, sent)
            # The log must not remember whom it is about.
            audit.log(connection, who, "forget person", f"{platform}/{digest.hex()[:16]}")
            return gone

        gone, after = self.write(change), 0
        gone["quarantine"] = 0
        while True:
            search = partial(people.forget_quarantined, platform=platform, person=person, after=after)
            found, after = self.write(search)
            gone["quarantine"] += found
            if not after:
                break
        self.database.wipe_log()
        return gone

    def log(self, who: str, action: str, subject: str) -> None:
        """Write an entry of the audit log; `subject` is platform/id, and a forgotten one's an HMAC."""

        def change(connection: Connection) -> None:
            platform, _, id = subject.partition("/")
            gone = self._forgotten.not_before(connection, [(platform, id)])
            known = f"{platform}/{self._forgotten.digests(platform, id)[0].hex()[:16]}" if gone else subject
            audit.log(connection, who, action, known)

        self.write(change)

    def discard(self, row_id: int, who: str) -> None:
        """Delete a quarantined row. Raises NotFound."""

        def change(connection: Connection) -> None:
            if not quarantine.discard(connection, row_id):
                raise NotFound("There is no such row in quarantine.")
            audit.log(connection, who, "discard quarantined", str(row_id))

        self.write(change)

    def quarantined(self, row_id: int) -> quarantine.Quarantined:
        """The quarantined row of that id. Raises NotFound."""
        row = self.read(lambda connection: quarantine.one_quarantined(connection, row_id))
        if row is None:
            raise NotFound("There is no such row in quarantine.")
        return row

    def notice(self, platform: str, kind: str, subject: str) -> Notice | None:
        """The latest notice of this kind and subject, if one has come."""
        return self.read(lambda connection: find_notice(connection, platform, kind, subject))

    def flush_counts(self, now: int) -> None:
        """Write what was counted since the last time; on failure it stays for the next."""
        self.counts.add("quarantine_dropped", now, self._writer.take_dropped())
        gathered = self.counts.take()
        if not gathered:
            return

        def change(connection: Connection) -> None:
            write_counts(connection, self._dialect, self._forgotten.anonymous(connection, gathered), now)

        try:
            self.write(change)
        except BaseException:
            self.counts.put_back(gathered)
            raise

    def take_lease(self, name: str, holder: str, milliseconds: int) -> bool:
        """Take or renew a lease; returns whether the holder has it."""
        return self.write(self._lease(name, holder, milliseconds))

    def give_lease(self, name: str, holder: str) -> None:
        """Give a lease back, if the holder has it."""
        self.write(lambda connection: retention.give_lease(connection, name, holder))

    def _lease(self, name: str, holder: str, milliseconds: int) -> Callable[[Connection], bool]:
        return lambda connection: retention.take_lease(connection, self._dialect, name, holder, milliseconds)

    def make_figures(self, now: int, days: int, holder: str, milliseconds: int) -> bool:
        """Make cells anew, under the lease of retention; returns whether there is more to do at once.

        `days`: how long the history is kept.
        """
        made = self.figures.make(now, days)
        kept = self.figures.keep(made, self._lease("retention", holder, milliseconds))
        return kept and not made.present

    def retain(self, now: int) -> None:
        """Delete a piece of what has expired: quarantine, memories, links, old minutes."""

        def change(connection: Connection) -> None:
            retention.drop_expired(connection)
            retention.drop_overflow(connection)
            drop_counts(connection, now // 60_000 - COUNT_DAYS * 1440)
            drop_cells(connection, COUNT_DAYS)
            drop_replays(connection, now)

        self.write(change)

    def walk_history(self, now: int, days: int, place: retention.Place | None) -> retention.Place | None:
        """Delete what is older than so many days in a piece of the history; returns where to go on."""
        before = now - days * retention.DAY
        return self.write(lambda connection: retention.drop_history(connection, place, before))

    def walk_messages(self, place: retention.Place | None) -> retention.Place | None:
        """Delete what has been read in a piece of the unread messages; returns where to go on."""
        return self.write(lambda connection: retention.drop_read_messages(connection, place))

    def follow_positions(self, after: passed.Place | None) -> tuple[passed.Place, bool]:
        """Delete the unread ids that the next positions to have changed have passed.

        Returns where to go on, and whether there is more at once. Writes nothing where nothing has been read.
        """
        look = self.read(lambda connection: passed.look_for_passed(connection, after))
        for keys in passed.small_batches(look.passed):
            self.write(partial(passed.drop_passed, keys=keys))
        return look.end, look.more

    def close(self) -> None:
        """Give the connections back."""
        self._writer.close()
        self.outbox.close()
        self.database.engine.dispose()
