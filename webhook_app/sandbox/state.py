"""Everything a sandbox knows, behind one lock."""

import threading
import time
from dataclasses import dataclass, field
from random import Random
from typing import Any

from webhook_app.sandbox.access import Access
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.deliveries import Ledger
from webhook_app.sandbox.faults import NO_FAULT, Fault
from webhook_app.sandbox.mark_faults import MarkFaults
from webhook_app.sandbox.marks import Marks
from webhook_app.sandbox.memory import Memory
from webhook_app.sandbox.moments import Clock, Snowflakes, rfc3339
from webhook_app.sandbox.people import Person, make_people, owner, stranger
from webhook_app.sandbox.permissions import Permissions
from webhook_app.sandbox.rate_windows import RateWindows


@dataclass(slots=True)
class Webhook:
    """A consumer's address, registered."""

    id: str
    url: str
    created_at: float
    #: Only a valid one gets events; a challenge makes it so, and unmakes it.
    valid: bool = True
    #: When it last passed a challenge, and when X last tried by itself.
    passed_at: float = 0.0
    tried_at: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The webhook as ``/2/webhooks`` shows it."""
        return {"created_at": rfc3339(self.created_at), "id": self.id, "url": self.url, "valid": self.valid}


@dataclass(slots=True)
class ActivitySubscription:
    """One event type of X Activity for one filter."""

    id: str
    event_type: str
    filter: dict[str, str]
    created_at: float
    updated_at: float
    tag: str | None = None
    #: Without a webhook, events go only to the stream, which this sandbox does not have.
    webhook_id: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The subscription as ``/2/activity/subscriptions`` shows it; what is unset is left out."""
        shown = {
            "subscription_id": self.id,
            "event_type": self.event_type,
            "filter": self.filter,
            "created_at": rfc3339(self.created_at),
            "updated_at": rfc3339(self.updated_at),
            "tag": self.tag,
            "webhook_id": self.webhook_id,
        }
        return {name: value for name, value in shown.items() if value is not None}


@dataclass(slots=True)
class Thread:
    """What one has written to another, and how far that has been read; ids, never texts."""

    author: str
    reader: str
    messages: int = 0
    last: int = 0
    read_up_to: int = 0

    def as_json(self) -> dict[str, Any]:
        """The thread as the control endpoints show it."""
        return {
            "author": self.author,
            "reader": self.reader,
            "messages": self.messages,
            "last_message_id": str(self.last),
            "read_up_to": str(self.read_up_to),
        }


@dataclass(slots=True)
class State:
    """The tables of this world. Whoever reads or writes more than one value at a time holds ``lock``."""

    config: SandboxConfig
    clock: Clock = time.time
    random: Random = field(default_factory=Random)
    lock: threading.RLock = field(default_factory=threading.RLock)
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    #: Account Activity: (webhook, user), in the order of subscribing.
    subscriptions: dict[tuple[str, str], None] = field(default_factory=dict)
    activities: dict[str, ActivitySubscription] = field(default_factory=dict)
    #: Users who have taken the app's authorisation away.
    revoked: set[str] = field(default_factory=set)
    permissions: Permissions = field(init=False)
    access: Access = field(init=False)
    #: By author and reader.
    threads: dict[tuple[str, str], Thread] = field(default_factory=dict)
    windows: RateWindows = field(default_factory=RateWindows)
    ledger: Ledger = field(default_factory=Ledger)
    memory: Memory = field(default_factory=Memory)
    #: What goes wrong with the next deliveries.
    fault: Fault = NO_FAULT
    #: What goes wrong with calls that mark messages as read.
    mark_faults: MarkFaults = field(default_factory=MarkFaults)
    #: What has been marked as read by calls.
    marks: Marks = field(init=False)
    #: The made-up ones, who write to the bot by themselves.
    crowd: list[Person] = field(init=False)
    #: Everybody by id: the crowd, the accounts' owners, and strangers that were named.
    people: dict[str, Person] = field(init=False)
    #: Those who have authorised the app at some time, by id.
    accounts: dict[str, Account] = field(init=False)
    snowflakes: Snowflakes = field(init=False)

    def __post_init__(self) -> None:
        self.snowflakes = Snowflakes(self.clock)
        self.access = Access(self.config)
        self.permissions = Permissions(self.config.permissions)
        self.marks = Marks(*self.config.mark_read_limit)
        self.accounts = {account.user_id: account for account in self.config.accounts}
        self.crowd = make_people(max(1, self.config.people), self.random)
        everybody = [*self.crowd, *(owner(account) for account in self.config.accounts)]
        self.people = {person.id: person for person in everybody}

    def person(self, user_id: str) -> Person:
        """Who has this id; strangers become known by being named."""
        with self.lock:
            return self.people.setdefault(user_id, stranger(user_id))

    def account(self, user_id: str) -> Account | None:
        """The account of this user, if it authorises the app."""
        return None if user_id in self.revoked else self.accounts.get(user_id)

    def thread(self, author: str, reader: str) -> Thread:
        """What this author has written to this reader, which may be nothing yet."""
        return self.threads.setdefault((author, reader), Thread(author, reader))

    def take_fault(self) -> Fault:
        """What goes wrong with the delivery at hand; counts it."""
        with self.lock:
            fault = self.fault
            self.fault = fault.used() or NO_FAULT
            return fault
