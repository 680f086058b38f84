"""Writes batches of deliveries over a kept link, in as few trips as can be."""

from collections.abc import Sequence

from webhook_app.domain.inbound import Inbound
from webhook_app.storage.batch import Batch, merge
from webhook_app.storage.database import Database
from webhook_app.storage.link import Kept, Link
from webhook_app.storage.writing import Writing


class Writer:
    """Commits batches of deliveries over one connection; used by one thread at a time."""

    def __init__(self, database: Database, writing: Writing) -> None:
        self._writing = writing
        self._kept = Kept(database)
        #: Whether to begin by looking for exceptions, or to try first whether it goes without.
        self._careful = False
        self._dropped = 0

    def take_dropped(self) -> int:
        """How many quarantined rows had to go for newer ones since the last call."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    def write(self, inbounds: Sequence[Inbound]) -> None:
        """Commit the deliveries, all or none. Raises DatabaseUnavailable, Unstorable."""
        batch = merge(inbounds)
        self._kept.run(lambda link: self._write(link, batch))

    def _write(self, link: Link, batch: Batch) -> None:
        writing = self._writing
        plain = batch.plain and not link.local and not self._careful
        if plain and link.commit_unless(writing.exceptions, writing.steps(batch)):
            return
        any_forgotten, any_corrected = link.begin([(writing.exceptions, ())])[0][0]
        self._careful = any_forgotten or any_corrected
        batch = writing.without(link.connection, batch, (any_forgotten, any_corrected))
        dropped = writing.write_rest(link.connection, batch)
        link.commit(writing.steps(batch))
        self._dropped += dropped

    def close(self) -> None:
        """Give the connection back."""
        self._kept.close()
