"""Signed deliveries for a load generator, made beforehand: nothing is signed while anything is measured."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path

SECRET = "consumer-secret-of-the-benchmarks"
#: Milliseconds since 1970.
START = time.time_ns() // 1_000_000
SNOWFLAKE_EPOCH = 1_288_834_974_657
BOT = "1245855954975051776"


def sign(body: bytes) -> str:
    """The signature as X makes it."""
    digest = hmac.digest(SECRET.encode(), body, "sha256")
    return "sha256=" + base64.b64encode(digest).decode()


def _user(user_id: str) -> dict[str, object]:
    """A user as X hydrates one."""
    return {
        "id": user_id,
        "created_timestamp": "1377258345080",
        "name": f"Person {user_id[-6:]}",
        "screen_name": f"person_{user_id[-8:]}",
        "location": "London",
        "description": "a person who writes to a support bot now and then",
        "url": "https://t.co/kcFUegjBmg",
        "protected": False,
        "verified": False,
        "followers_count": 11,
        "friends_count": 0,
        "statuses_count": 249,
        "profile_image_url": f"http://pbs.example.com/profile_images/{user_id}/normal.jpg",
        "profile_image_url_https": f"https://pbs.example.com/profile_images/{user_id}/normal.jpg",
    }


def delivery(number: int, sent_at: int, conversations: int) -> bytes:
    """The body of the delivery of that number: one read event, the bot's customers by turns."""
    reader = str(1_000_000_000_000_000_000 + (number * 7919) % conversations)
    event = {
        "created_timestamp": str(sent_at + 4_000),
        "sender_id": reader,
        "target": {"recipient_id": BOT},
        "last_read_event_id": str((sent_at - SNOWFLAKE_EPOCH) << 22 | number & 0xFFF),
    }
    document = {
        "for_user_id": BOT,
        "direct_message_mark_read_events": [event],
        "users": {reader: _user(reader), BOT: _user(BOT)},
    }
    return json.dumps(document).replace("/", "\\/").encode()


def deliveries(first: int, many: int, conversations: int = 20_000) -> Iterator[tuple[str, bytes]]:
    """(signature, body) of so many deliveries.

    Every event comes a little after the one before, from now on: what is late is dearer to store, and rare.
    """
    now = time.time_ns() // 1_000_000
    for number in range(first, first + many):
        body = delivery(number, now + (number - first) // 4, conversations)
        yield sign(body), body


def write_requests(path: Path, first: int, many: int, conversations: int = 20_000) -> None:
    """Write a file that `deliver.lua` reads: a line a delivery, signature, tab, body."""
    with path.open("wb") as file:
        for signature, body in deliveries(first, many, conversations):
            file.write(signature.encode() + b"\t" + body + b"\n")
