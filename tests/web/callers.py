"""Who asks in the tests of the desk, and what there is to ask about."""

import re
from secrets import token_hex

from flask.testing import FlaskClient

from tests.conftest import NOW
from webhook_app.domain.inbound import Inbound, Person, Unreadable
from webhook_app.domain.position import Mark
from webhook_app.storage import Store
from webhook_app.storage.tokens import Token, add_token

#: The bot writes, Alice and Bob read; nobody knows Charlie.
BOT, ALICE, BOB, CHARLIE = "1245855954975051776", "1693649419", "42", "7"
#: Where snowflakes count from, in milliseconds since 1970.
EPOCH = 1288834974657


def message(seconds: float = 0, now: int = NOW) -> int:
    """The id of a message sent so many seconds after `now`."""
    return (now + int(seconds * 1000) - EPOCH) << 22


def mark(reader: str = ALICE, cursor: int | None = None, read_at: int = NOW, peer: str = BOT) -> Mark:
    """A mark of a reader of the bot."""
    return Mark("twitter", reader, peer, message() if cursor is None else cursor, read_at)


def record(store: Store, *marks: Mark) -> None:
    """Store marks."""
    store.record(Inbound("twitter", marks=list(marks)))


def name(store: Store, person: str, text: str) -> None:
    """Store a person's name."""
    store.record(Inbound("twitter", people=[Person("twitter", person, text, "handle", "", NOW)]))


def quarantine(store: Store, body: bytes) -> None:
    """Put a body into quarantine."""
    part = Unreadable(
        "twitter", body, {"direct_message_mark_read_events": {"0": {"sender_id": ["Missing."]}}}
    )
    store.record(Inbound("twitter", unreadable=[part]))


def make_token(store: Store, *scopes: str, account: tuple[str, str] | None = None) -> tuple[str, str]:
    """Store a token; returns its id and its secret."""
    token_id, secret = token_hex(4), token_hex(16)
    token = Token(token_id, "of the tests", frozenset(scopes), account, NOW, None)
    store.write(lambda connection: add_token(connection, token, secret))
    return token_id, secret


def bearer(secret: str) -> dict[str, str]:
    """The header that shows a token."""
    return {"Authorization": f"Bearer {secret}"}


def csrf_of(client: FlaskClient) -> str:
    """The CSRF token that the page gives to its scripts."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/").text)
    assert found
    return found[1]
