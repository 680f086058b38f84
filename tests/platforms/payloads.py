"""Deliveries in X's shapes, made here; the names are the tests', the shapes the vendor's."""

import base64
import hashlib
import hmac
import json
from typing import Any

from tests.conftest import NOW
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.position import Mark
from webhook_app.platforms.twitter_events import read

READS = "direct_message_mark_read_events"
#: A bot (the author of the messages) and a customer (who reads them).
BOT, CUSTOMER = "1245855954975051776", "1693649419"
#: 2020-04-06T23:48:01.472Z, and half a second later.
MESSAGE, READ_AT = "1247310121283321862", "1586216882004"
MARK = Mark("twitter", CUSTOMER, BOT, int(MESSAGE), int(READ_AT))
HOUR = 3_600_000  # milliseconds


def read_event(**changes: Any) -> dict[str, Any]:
    """The customer has read the bot's message; `peer` replaces the author."""
    peer = changes.pop("peer", BOT)
    event = {
        "created_timestamp": READ_AT,
        "sender_id": CUSTOMER,
        "target": {"recipient_id": peer},
        "last_read_event_id": MESSAGE,
    }
    return {**event, **changes}


def message_event(**changes: Any) -> dict[str, Any]:
    """The bot has written to the customer; `author` and `reader` replace them."""
    author, reader = changes.pop("author", BOT), changes.pop("reader", CUSTOMER)
    event = {
        "type": "message_create",
        "id": MESSAGE,
        "created_timestamp": READ_AT,
        "message_create": {
            "target": {"recipient_id": reader},
            "sender_id": author,
            "message_data": {"text": "never stored", "entities": {"hashtags": []}},
        },
    }
    return {**event, **changes}


def user(name: str = "Ann", **changes: Any) -> dict[str, Any]:
    """A user of API 1.1, as Account Activity sends it."""
    return {
        "id": CUSTOMER,
        "created_timestamp": "1377258345080",
        "name": name,
        "screen_name": "ann_handle",
        "protected": False,
        "followers_count": 11,
        "profile_image_url": "http://pictures.example/ann.jpg",
        "profile_image_url_https": "https://pictures.example/ann.jpg",
        **changes,
    }


def activity_user(name: str = "Ann") -> dict[str, Any]:
    """A user of API 2, as X Activity sends it."""
    picture = "https://pictures.example/ann.jpg"
    return {"data": {"id": CUSTOMER, "name": name, "username": "ann_handle", "profile_image_url": picture}}


def reads(*events: Any, **rest: Any) -> dict[str, Any]:
    """An Account Activity delivery of read events."""
    return {"for_user_id": BOT, READS: list(events), **rest}


def activity(kind: Any, payload: Any, **rest: Any) -> dict[str, Any]:
    """An element of X Activity's `data`."""
    return {
        "event_uuid": "-6850472171600526495",
        "filter": {"user_id": BOT},
        "event_type": kind,
        "payload": payload,
        **rest,
    }


def encode(document: Any) -> bytes:
    """A document as bytes."""
    return json.dumps(document).encode()


def signature(body: bytes, secret: str) -> str:
    """What the vendor's page tells to compute, written down a second time."""
    mac = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return "sha256=" + base64.b64encode(mac).decode()


def signed(body: bytes, secret: str) -> dict[str, str]:
    """The headers of a signed delivery."""
    return {"X-Twitter-Webhooks-Signature": signature(body, secret), "Content-Type": "application/json"}


def snowflake(at: int) -> str:
    """An id that was made at that moment."""
    return str((at - 1288834974657) << 22)


def receive(document: Any, now: int = NOW) -> Inbound:
    """A document, as a verified delivery."""
    return read(document if isinstance(document, bytes) else encode(document), now)


def counters(inbound: Inbound) -> tuple[int, int, int]:
    """Accepted, quarantined, ignored; received is their sum."""
    assert inbound.counters["received"] == inbound.accepted + inbound.quarantined + inbound.ignored
    return inbound.accepted, inbound.quarantined, inbound.ignored
