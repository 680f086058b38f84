"""The truth to compare a consumer with: who has read what, and which of it the consumer has acknowledged."""

from dataclasses import dataclass
from typing import Any

_EVENTS = "direct_message_mark_read_events"


@dataclass(frozen=True, slots=True)
class Mark:
    """One reading: this person has read that person's messages up to this one, at this time."""

    reader: str
    peer: str
    up_to: int
    at_ms: int

    def as_json(self) -> dict[str, str]:
        """The mark in the words of X's events."""
        return {"last_read_event_id": str(self.up_to), "created_timestamp": str(self.at_ms)}


def marks_in(event: object) -> tuple[Mark, ...]:
    """The marks an intact event of either product carries; none if its shape is another one."""
    if not isinstance(event, dict):
        return ()
    data = event.get("data", event)
    payload = data.get("payload", data) if isinstance(data, dict) else {}
    events = payload.get(_EVENTS) if isinstance(payload, dict) else None
    marks = [_mark(item) for item in events] if isinstance(events, list) else []
    return tuple(mark for mark in marks if mark is not None)


def _mark(item: Any) -> Mark | None:
    try:
        return Mark(
            reader=item["sender_id"],
            peer=item["target"]["recipient_id"],
            up_to=int(item["last_read_event_id"]),
            at_ms=int(item["created_timestamp"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


class Positions:
    """The furthest mark of each reader and peer, once as sent and once as acknowledged with 200."""

    def __init__(self) -> None:
        self._sent: dict[tuple[str, str], Mark] = {}
        self._acknowledged: dict[tuple[str, str], Mark] = {}

    def send(self, marks: tuple[Mark, ...]) -> None:
        """These marks are leaving; whether they arrive is open."""
        _raise(self._sent, marks)

    def acknowledge(self, marks: tuple[Mark, ...]) -> None:
        """The consumer has promised to keep these."""
        _raise(self._acknowledged, marks)

    def as_json(self) -> list[dict[str, Any]]:
        """One row a reader and peer; ``acknowledged`` is null where no 200 has come yet."""
        rows = []
        for key, sent in sorted(self._sent.items()):
            kept = self._acknowledged.get(key)
            row = {"reader": key[0], "peer": key[1], "sent": sent.as_json()}
            rows.append({**row, "acknowledged": kept.as_json() if kept else None})
        return rows


def _raise(furthest: dict[tuple[str, str], Mark], marks: tuple[Mark, ...]) -> None:
    for mark in marks:
        known = furthest.get((mark.reader, mark.peer))
        # Of two marks of the same message the earlier is when it was read.
        if known is None or (mark.up_to, -mark.at_ms) > (known.up_to, -known.at_ms):
            furthest[mark.reader, mark.peer] = mark
