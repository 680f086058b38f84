"""What a delivery says, once a platform has translated it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from webhook_app.domain.outbox import Outgoing
from webhook_app.domain.position import Mark


class Message(NamedTuple):
    """Somebody has written: the id only, never the text."""

    platform: str
    #: Who has not read it yet.
    reader: str
    #: Who wrote it.
    peer: str
    message: int
    #: Milliseconds since 1970.
    sent_at: int


class Person(NamedTuple):
    """How to show a person. Texts that the platform did not send are empty."""

    platform: str
    id: str
    name: str
    handle: str
    picture: str
    #: When the delivery that named the person happened, in milliseconds since 1970.
    seen_at: int


class Notice(NamedTuple):
    """Something a platform tells about an account or a job; of one kind and subject the latest counts."""

    platform: str
    #: `revocation` or `replay`.
    kind: str
    #: The account, or the job.
    subject: str
    #: Milliseconds since 1970.
    at: int
    detail: str


class Unreadable(NamedTuple):
    """A signed delivery, or a part of one, that could not be understood."""

    platform: str
    #: A delivery that can be received again: the whole body, or an envelope around one event.
    body: bytes
    #: marshmallow's messages.
    errors: dict[str, Any]


@dataclass(slots=True)
class Inbound:
    """A delivery in our words; stored whole or not at all."""

    platform: str
    #: As it came; not shown, for it may hold what people write.
    body: bytes = field(default=b"", repr=False)
    #: To which account it was delivered; empty if it does not tell.
    account: str = ""
    marks: list[Mark] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    #: Quarantine rows that this delivery settles.
    settles: tuple[int, ...] = ()
    #: Marks to be passed on; each is among `marks` too, with the account as the reader.
    outgoing: Sequence[Outgoing] = ()
    #: Marks whose reader is an account of ours and that its platform has told: they need not be passed on.
    echoes: Sequence[Mark] = ()

    accepted: int = 0
    quarantined: int = 0
    ignored: int = 0
    #: Set if nothing but errors came of it: the answer is 400 with these.
    errors: dict[str, Any] | None = None
    #: Events by type, accepted or not.
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def counters(self) -> dict[str, int]:
        """The counters of the answer; `received` is always the sum of the other three."""
        return {
            "received": self.accepted + self.quarantined + self.ignored,
            "accepted": self.accepted,
            "quarantined": self.quarantined,
            "ignored": self.ignored,
        }

    @property
    def empty(self) -> bool:
        """Whether there is nothing to store."""
        return not (
            self.marks
            or self.messages
            or self.people
            or self.notices
            or self.unreadable
            or self.settles
            or self.outgoing
            or self.echoes
        )
