"""Signed deliveries, made beforehand: what X would send, and which marks whoever answers 200 owes."""

import base64
import hmac
import json
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.conftest import CONSUMER_SECRET
from tests.scenarios.wire import post
from webhook_app.domain.position import Mark

#: Ten days ago, in milliseconds, since the service forgets what is old; and where X's ids count from.
START, EPOCH = time.time_ns() // 1_000_000 - 864_000_000, 1_288_834_974_657
BOT = "1245855954975051776"
READERS = 400


class Delivery(NamedTuple):
    """One request, whole, and the marks it carries."""

    marks: tuple[Mark, ...]
    request: bytes


def sign(message: bytes, secret: str = CONSUMER_SECRET) -> str:
    """What X would sign a delivery with."""
    return "sha256=" + base64.b64encode(hmac.digest(secret.encode(), message, "sha256")).decode()


def mark(number: int) -> Mark:
    """The mark of that number: readers take turns, and each reads on from turn to turn."""
    sent_at = START + number * 100
    reader = str(1_000_000 + number % READERS)
    return Mark("twitter", reader, BOT, (sent_at - EPOCH) << 22 | number & 0xFFF, sent_at + 70)


def body_of(marks: Sequence[Mark]) -> bytes:
    """The marks in the words of the Account Activity API."""
    events = [
        {
            "created_timestamp": str(mark.read_at),
            "sender_id": mark.reader,
            "target": {"recipient_id": mark.peer},
            "last_read_event_id": str(mark.cursor),
        }
        for mark in marks
    ]
    return json.dumps({"for_user_id": BOT, "direct_message_mark_read_events": events}).encode()


def signed(body: bytes, secret: str = CONSUMER_SECRET) -> bytes:
    """The request that delivers this body as X would."""
    signature = f"X-Twitter-Webhooks-Signature: {sign(body, secret)}"
    return post(body, "Content-Type: application/json", f"Content-Length: {len(body)}", signature)


def deliveries(many: int, *, marks_each: int = 1) -> Iterator[Delivery]:
    """So many deliveries of different marks; of each three, the newest comes first."""
    for number in (third + back for third in range(0, many, 3) for back in (2, 1, 0)):
        marks = tuple(mark(number * marks_each + other) for other in range(marks_each))
        yield Delivery(marks, signed(body_of(marks)))
