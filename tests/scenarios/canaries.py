"""Secrets made to be found again: however somebody has written one, the search knows it."""

import html
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from secrets import token_hex
from urllib.parse import quote

#: What a secret may be dressed in, so that writing it down changes it.
DRESS = "+/=&<\"'>%-"


class Canaries:
    """Secrets by name."""

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}

    def make(self, name: str, prefix: str = "", dress: str = DRESS) -> str:
        """A new secret. Its middle is like nothing else; a piece cut off the beginning has it too."""
        middle = token_hex(8)
        self.add(name, middle)
        return f"{prefix}{middle}{dress}end"

    def add(self, name: str, secret: str) -> None:
        """Look for this one too."""
        self._marks[name] = secret

    def found_in(self, text: bytes) -> list[str]:
        """The names of the secrets in a text, with how each is written."""
        return [
            f"{name} ({how})"
            for name, secret in self._marks.items()
            for how, written in spellings(secret)
            if written.encode() in text
        ]


def spellings(secret: str) -> Iterator[tuple[str, str]]:
    """How a secret may be written in a longer text."""
    raw = secret.encode()
    yield "plain", secret
    yield "URL-encoded", quote(secret, safe="")
    yield "URL-encoded throughout", "".join(f"%{byte:02X}" for byte in raw)
    yield "HTML-escaped", html.escape(secret)
    yield "JSON-escaped", json.dumps(secret)[1:-1]
    yield "JSON-escaped throughout", "".join(f"\\u{ord(character):04x}" for character in secret)
    yield "hex", raw.hex()
    yield "HEX", raw.hex().upper()
    # Where it begins within three bytes decides how it looks; its first and last characters are shared.
    for before in range(3):
        padded = bytes(before) + raw
        whole = len(padded) // 3 * 3
        for how, encode in (("base64", b64encode), ("base64url", urlsafe_b64encode)):
            yield how, encode(padded[:whole]).decode()[4 if before else 0 :]
