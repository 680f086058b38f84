"""Writes batches of deliveries: over a kept link, renewed when it breaks, and again where that helps."""

from collections.abc import Sequence

from sqlalchemy import exc

from webhook_app.domain.inbound import Inbound
from webhook_app.storage.batch import Batch, merge
from webhook_app.storage.database import Database, translated
from webhook_app.storage.link import Link, open_link
from webhook_app.storage.writing import Writing

#: Serialization failure and deadlock: the database has undone the transaction and asks for it again.
AGAIN = ("40001", "40P01")
TRIES = 3


class Writer:
    """Commits batches of deliveries over one connection; used by one thread at a time."""

    def __init__(self, database: Database, writing: Writing) -> None:
        self._database = database
        self._writing = writing
        self._link: Link | None = None
        self._dropped = 0

    def take_dropped(self) -> int:
        """How many quarantined rows had to go for newer ones since the last call."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    def write(self, inbounds: Sequence[Inbound]) -> None:
        """Commit the deliveries, all or none. Raises DatabaseUnavailable, Unstorable."""
        batch = merge(inbounds)
        with translated():
            for left in reversed(range(TRIES)):
                fresh = self._link is None
                try:
                    self._transact(batch)
                    return
                except exc.DBAPIError as error:
                    # A kept connection may have died while nobody used it.
                    stale = error.connection_invalidated and not fresh
                    if not left or not (stale or getattr(error.orig, "sqlstate", None) in AGAIN):
                        raise

    def _transact(self, batch: Batch) -> None:
        if self._link is None:
            self._link = open_link(self._database, self._writing.exceptions)
        try:
            self._write(self._link, batch)
        except BaseException:
            self.close()
            raise

    def _write(self, link: Link, batch: Batch) -> None:
        if batch.plain and not link.careful and link.commit_unless_exceptions(self._writing.steps(batch)):
            return
        exceptions = link.begin()
        batch = self._writing.without(link.connection, batch, exceptions)
        dropped = self._writing.write_rest(link.connection, batch)
        link.commit(self._writing.steps(batch))
        self._dropped += dropped

    def close(self) -> None:
        """Give the connection back."""
        link, self._link = self._link, None
        if link is not None:
            # Dropped and not given back to the pool: it may be in a transaction, and is set up for us alone.
            link.connection.invalidate()
            link.connection.close()
