"""Bytes as X puts them on the wire, and the signature it puts beside them."""

import base64
import hashlib
import hmac
import json
from typing import Any

#: A JSON object on its way out; its shape is X's affair and changes from event to event.
Event = dict[str, Any]

SIGNATURE_HEADER = "x-twitter-webhooks-signature"


def encode(event: object) -> bytes:
    r"""JSON with X's habits: ``\/`` for a slash and ``\uXXXX`` beyond ASCII.

    A consumer that parses and writes again before it verifies gets other bytes, and is found out.
    """
    return json.dumps(event, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def sign(secret: str, message: bytes) -> str:
    """The HMAC that answers a challenge, and that stands beside a delivery."""
    digest = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    return "sha256=" + base64.b64encode(digest).decode("ascii")
