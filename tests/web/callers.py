"""Who asks in the tests of the desk, and what there is to ask about."""

import re
from hashlib import sha256
from secrets import token_hex
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import NOW
from tests.storage.outgoing import take
from webhook_app.domain.account import Identity
from webhook_app.domain.inbound import Inbound, Message, Person, Unreadable
from webhook_app.domain.outbox import Settled, Verdict
from webhook_app.domain.position import Mark
from webhook_app.domain.rate import Word
from webhook_app.storage import Store
from webhook_app.storage.tokens import Token, add_token

#: The bot writes, Alice and Bob read; nobody knows Charlie.
BOT, ALICE, BOB, CHARLIE = "1245855954975051776", "1693649419", "42", "7"
#: The bot's access token on X; a bot and a channel on Slack, and its token.
ACCESS_TOKEN, ACCESS_SECRET = f"{BOT}-of-the-tests", "access-token-secret-of-the-tests"
SLACK_BOT, CHANNEL, SLACK_TOKEN = "T1.U1", "C0GENERAL", "xoxb-of-the-tests"
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


def services_of(app: Flask) -> Any:
    """The services behind an application."""
    return app.extensions["webhook_app"].services()


def add_x(app: Flask, access_token: str = ACCESS_TOKEN) -> None:
    """Store the credentials of an account on X, whose token names it."""
    credentials = {"access_token": access_token, "access_token_secret": ACCESS_SECRET}
    services_of(app).accounts.add("twitter", credentials, "tests")


def add_slack(app: Flask, account: str = SLACK_BOT, token: str = SLACK_TOKEN) -> None:
    """Store the token of an account on Slack, as if `auth.test` had told whose it is."""
    who = Identity(account, account.partition(".")[0], "bot @ Team", None)
    here, digest = services_of(app), sha256(token.encode()).hexdigest()
    here.store.accounts.add(who, "slack", digest, {"token": token}, here.clock(), "tests")
    here.known.forget()


def ts(seconds: float = 0, now: int = NOW) -> str:
    """A message on Slack sent so many seconds after `now`."""
    return f"{(now + int(seconds * 1000)) // 1000}.000100"


def x_mark(cursor: int | None = None, **more: Any) -> dict[str, Any]:
    """A mark of Alice's messages for the API."""
    told = str(message(-5) if cursor is None else cursor)
    return {"platform": "twitter", "peer": ALICE, "cursor": told, **more}


def slack_mark(seconds: float = -5, **more: Any) -> dict[str, Any]:
    """A mark of the channel's messages for the API."""
    return {"platform": "slack", "peer": CHANNEL, "cursor": ts(seconds), **more}


def deliver(app: Flask, *, problem: str = "", verdict: Verdict | None = None) -> int:
    """Do what a dispatcher would with all that is due; returns how many calls that were."""
    here = services_of(app)
    claims = take(here.store, here.clock(), 8)
    here.store.outbox.settle([Settled(claim, Word(), verdict, problem) for claim in claims], here.clock())
    return len(claims)


def walk(client: FlaskClient, address: str) -> list[Any]:
    """The items of a list, page for page; `address` has a query."""
    found, page = [], ""
    while True:
        answer = client.get(address + page).get_json()
        found += answer["items"]
        if answer["next_page"] is None:
            return found
        page = f"&page={answer['next_page']}"


def wrote(store: Store, *messages: int, reader: str = BOT, peer: str = ALICE) -> None:
    """The peer has written to the reader on X."""
    told = [Message("twitter", reader, peer, one, NOW) for one in messages]
    store.record(Inbound("twitter", messages=told))


def wrote_on_slack(store: Store, *seconds: float, reader: str = SLACK_BOT, peer: str = CHANNEL) -> None:
    """Somebody has written in the channel so many seconds after now."""
    told = [
        Message("slack", reader, peer, (NOW + int(second * 1000)) * 1000 + 100, NOW) for second in seconds
    ]
    store.record(Inbound("slack", messages=told))
