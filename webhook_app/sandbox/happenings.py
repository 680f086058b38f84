"""What happens between two people, in the shapes that X's two products give it.

A happening knows its leaf object (the same in both products), the key of the array it comes in, whose
Account Activity subscriptions hear of it, and under which X Activity event types, filtered by which user.
"""

from dataclasses import dataclass
from typing import Protocol

from webhook_app.sandbox.moments import rfc3339
from webhook_app.sandbox.people import Person
from webhook_app.sandbox.wire import Event


class Happening(Protocol):
    """Something that X tells subscribers about."""

    @property
    def array(self) -> str:
        """The key under which the leaf object travels."""

    @property
    def people(self) -> tuple[Person, ...]:
        """Who is described beside it, under ``users``."""

    def leaf(self) -> Event:
        """The event object itself."""

    def audience(self) -> tuple[str, ...]:
        """The users whose Account Activity subscriptions hear of it."""

    def activities(self) -> tuple[tuple[str, str], ...]:
        """The X Activity event types it is, each with the user its filter must name."""


@dataclass(frozen=True, slots=True)
class Message:
    """A direct message."""

    id: int
    sender: Person
    recipient: Person
    text: str
    at_ms: int

    array = "direct_message_events"

    @property
    def people(self) -> tuple[Person, ...]:
        """Both sides."""
        return self.sender, self.recipient

    def leaf(self) -> Event:
        """A ``message_create``; ids and times are strings."""
        entities: dict[str, list[str]] = {"hashtags": [], "symbols": [], "user_mentions": [], "urls": []}
        return {
            "type": "message_create",
            "id": str(self.id),
            "created_timestamp": str(self.at_ms),
            "message_create": {
                "target": {"recipient_id": self.recipient.id},
                "sender_id": self.sender.id,
                "message_data": {"text": self.text, "entities": entities},
            },
        }

    def audience(self) -> tuple[str, ...]:
        """Both sides: a bot hears its own messages, too."""
        return self.sender.id, self.recipient.id

    def activities(self) -> tuple[tuple[str, str], ...]:
        """Sent by one, received by the other."""
        return ("dm.sent", self.sender.id), ("dm.received", self.recipient.id)


@dataclass(frozen=True, slots=True)
class Read:
    """The reader has read the peer's messages up to this one."""

    reader: Person
    peer: Person
    up_to: int
    at_ms: int

    array = "direct_message_mark_read_events"

    @property
    def people(self) -> tuple[Person, ...]:
        """Both sides."""
        return self.reader, self.peer

    def leaf(self) -> Event:
        """``sender_id`` is the reader; a read event has no id of its own."""
        return {
            "created_timestamp": str(self.at_ms),
            "sender_id": self.reader.id,
            "target": {"recipient_id": self.peer.id},
            "last_read_event_id": str(self.up_to),
        }

    def audience(self) -> tuple[str, ...]:
        """The author of what was read ("Read receipts (to user)")."""
        return (self.peer.id,)

    def activities(self) -> tuple[tuple[str, str], ...]:
        """The filter names the author of what was read."""
        return (("dm.read", self.peer.id),)


@dataclass(frozen=True, slots=True)
class Typing:
    """Somebody is writing to somebody."""

    sender: Person
    recipient: Person
    at_ms: int

    array = "direct_message_indicate_typing_events"

    @property
    def people(self) -> tuple[Person, ...]:
        """Both sides."""
        return self.sender, self.recipient

    def leaf(self) -> Event:
        """A typing event has no id either."""
        return {
            "created_timestamp": str(self.at_ms),
            "sender_id": self.sender.id,
            "target": {"recipient_id": self.recipient.id},
        }

    def audience(self) -> tuple[str, ...]:
        """The one who is about to receive ("Typing indicators (to user)")."""
        return (self.recipient.id,)

    def activities(self) -> tuple[tuple[str, str], ...]:
        """One type, filtered by the recipient."""
        return (("dm.indicate_typing", self.recipient.id),)


def classic_user(person: Person) -> Event:
    """A person as Account Activity describes people."""
    return {
        "id": person.id,
        "created_timestamp": str(person.opened_ms),
        "name": person.name,
        "screen_name": person.handle,
        "location": person.location,
        "protected": False,
        "verified": False,
        "followers_count": person.followers,
        "friends_count": person.followers // 2,
        "statuses_count": person.followers * 3,
        "profile_image_url": person.picture.replace("https:", "http:"),
        "profile_image_url_https": person.picture,
    }


def user(person: Person) -> Event:
    """A person as X Activity describes people: a v2 user under ``data``, counts twice."""
    followers = person.followers
    counts = {"followers": followers, "following": followers // 2, "tweet": followers * 3}
    metrics: Event = {}
    for name, count in counts.items():
        metrics |= {f"{name}_count": count, f"{name}_count_str": str(count)}
    return {
        "data": {
            "id": person.id,
            "name": person.name,
            "username": person.handle,
            "created_at": rfc3339(person.opened_ms / 1000),
            "description": "",
            "location": person.location,
            "profile_image_url": person.picture,
            "protected": False,
            "public_metrics": metrics,
            "url": "",
            "verified": False,
            "verified_type": "none",
        }
    }
