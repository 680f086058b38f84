"""What people do to each other: write, type and read. Everything a subscriber hears of begins here."""

from collections.abc import Callable

from webhook_app.sandbox.faults import Fault
from webhook_app.sandbox.happenings import Message, Read, Typing
from webhook_app.sandbox.moments import milliseconds
from webhook_app.sandbox.people import Person
from webhook_app.sandbox.publisher import Publisher
from webhook_app.sandbox.state import State


class Conversations:
    """Keeps how far everybody has got, and publishes each step."""

    def __init__(
        self, state: State, publisher: Publisher, overhear: Callable[[Message], object] | None = None
    ) -> None:
        self._state = state
        self._publisher = publisher
        #: Told of every message; must not block.
        self._overhear = overhear

    def write(
        self, sender: Person, recipient: Person, text: str, fault: Fault | None = None
    ) -> tuple[Message, list[str]]:
        """Sends a message; returns it and the ids of its deliveries."""
        state = self._state
        with state.lock:
            message = Message(state.snowflakes.next(), sender, recipient, text, milliseconds(state.clock))
            thread = state.thread(sender.id, recipient.id)
            thread.messages += 1
            thread.last = message.id
        if self._overhear is not None:
            self._overhear(message)
        return message, self._publisher.publish(message, fault)

    def type(self, sender: Person, recipient: Person, fault: Fault | None = None) -> list[str]:
        """Begins to write."""
        return self._publisher.publish(Typing(sender, recipient, milliseconds(self._state.clock)), fault)

    def read(
        self, reader: Person, peer: Person, up_to: int, at_ms: int | None = None, fault: Fault | None = None
    ) -> list[str]:
        """Reads the peer's messages up to this one, now or at a given time."""
        with self._state.lock:
            thread = self._state.thread(peer.id, reader.id)
            thread.read_up_to = max(thread.read_up_to, up_to)
        read = Read(reader, peer, up_to, milliseconds(self._state.clock) if at_ms is None else at_ms)
        return self._publisher.publish(read, fault)
