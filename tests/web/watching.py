"""Viewers of the stream, as tests have them."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

from flask import Flask
from flask.testing import FlaskClient

from tests.host.hosting import LONGEST
from tests.web.test_auth import desk_of
from webhook_app.web.feed import Feed

STREAM = "/api/v1/stream"


class Event(NamedTuple):
    """A server-sent event as a client reads it."""

    kind: str
    data: dict[str, Any]


class Reader:
    """Reads events as the standard has it, from pieces that may begin and end anywhere."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""
        #: The last id, which is known as soon as its whole block is.
        self.last_id = ""
        self.events: list[Event] = []

    def read(self) -> bool:
        """Read a piece; False at the end."""
        piece = next(self._pieces, None)
        if piece is None:
            return False
        *blocks, self._rest = (self._rest + piece).split(b"\n\n")
        for block in blocks:
            fields = dict(line.split(": ", 1) for line in block.decode().splitlines() if line[0] != ":")
            self.last_id = fields.get("id", self.last_id)
            if "data" in fields:
                self.events.append(Event(fields["event"], json.loads(fields["data"])))
        return True

    def until(self, claim: Callable[[], object], seconds: float = LONGEST) -> None:
        """Read until the claim is true."""
        deadline = time.monotonic() + seconds
        while not claim():
            assert time.monotonic() < deadline, f"it did not come in time; {len(self.events)} events did"
            assert self.read(), "the stream has ended"

    def of(self, kind: str) -> list[dict[str, Any]]:
        """What events of a kind have told."""
        return [event.data for event in self.events if event.kind == kind]

    def knows(self, **fields: Any) -> bool:
        """Whether a position or a mark of these fields was told."""
        return any(fields.items() <= event.data.items() for event in self.events)


@contextmanager
def watching(
    client: FlaskClient, query: str = "", last_id: str = "", copy: list[bytes] | None = None
) -> Iterator[Reader]:
    """Look on inside this process; `copy` takes what was read."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    answer = client.get(STREAM + query, headers=headers)
    with closing(answer):
        assert answer.status_code == 200, answer.text
        pieces: Iterable[bytes] = answer.iter_encoded()
        if copy is not None:
            pieces = _copied(pieces, copy)
        yield Reader(pieces)


def readers(seen: Reader) -> set[str]:
    """Whose positions were told."""
    return {shown["reader"] for shown in seen.of("position")}


def _copied(pieces: Iterable[bytes], copy: list[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        copy.append(piece)
        yield piece


def feed_of(app: Flask) -> Feed:
    """The feed behind an application."""
    feed: Feed = desk_of(app).extensions["readmark.feed"]
    return feed
