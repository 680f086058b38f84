"""Many deliveries, merged by the law, on their way into one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from webhook_app.domain.inbound import Inbound, Message, Notice, Person, Unreadable
from webhook_app.domain.outbox import Outgoing
from webhook_app.domain.position import Mark


@dataclass(frozen=True, slots=True)
class Batch:
    """What many deliveries say together."""

    marks: list[Mark]
    messages: list[Message]
    people: list[Person]
    notices: list[Notice]
    unreadable: list[Unreadable]
    #: Quarantine rows that are settled.
    settles: list[int]
    outgoing: list[Outgoing]
    echoes: list[Mark]

    @property
    def plain(self) -> bool:
        """Whether it holds nothing but marks, people and what is to be passed on, as nearly every batch."""
        return not (self.messages or self.notices or self.unreadable or self.settles)


def merge(inbounds: Sequence[Inbound]) -> Batch:
    """Put many deliveries together; of a person the newest name."""
    newest: dict[tuple[str, str], Person] = {}
    for inbound in inbounds:
        for person in inbound.people:
            other = newest.get(person[:2])
            if other is None or (person.seen_at, person) > (other.seen_at, other):
                newest[person[:2]] = person
    # One look for what is rare in what must be quick.
    passing = [inbound for inbound in inbounds if inbound.outgoing or inbound.echoes]
    return Batch(
        marks=[mark for inbound in inbounds for mark in inbound.marks],
        messages=sorted({message for inbound in inbounds for message in inbound.messages}),
        people=sorted(newest.values()),
        notices=[notice for inbound in inbounds for notice in inbound.notices],
        unreadable=[part for inbound in inbounds for part in inbound.unreadable],
        settles=[row for inbound in inbounds for row in inbound.settles],
        outgoing=[mark for inbound in passing for mark in inbound.outgoing],
        echoes=[mark for inbound in passing for mark in inbound.echoes],
    )
