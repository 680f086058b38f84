"""A mark in a platform's words, both ways: as people and programs write it, and as they are shown it."""

from collections.abc import Callable
from typing import Any, TypeVar

from webhook_app.domain.outbox import OutboxRow, Outgoing
from webhook_app.errors import InvalidValue
from webhook_app.platforms import Platform
from webhook_app.platforms.native import FUTURE

T = TypeVar("T")


def read_mark(platform: Platform, account: str, peer: str, cursor: str, now: int) -> Outgoing:
    """The mark of a known account. Raises InvalidValue naming `peer` or `cursor`."""
    whose = _value("peer", platform.peer, peer)
    return Outgoing(platform.name, account, whose, read_cursor(platform, cursor, now), now)


def read_cursor(platform: Platform, text: str, now: int) -> int:
    """The cursor of a message that may have been sent by now. Raises InvalidValue naming `cursor`."""
    message = _value("cursor", platform.cursor, text)
    sent_at = platform.moment(message)
    if sent_at is not None and sent_at > now + FUTURE:
        raise InvalidValue("cursor", "This message is from the future.")
    return message


def show_mark(platform: Platform, row: OutboxRow) -> dict[str, Any]:
    """A row of the outbox as API and commands show it; its times are still numbers."""
    return {
        "platform": row.platform,
        "account": row.account,
        "peer": row.peer,
        "cursor": platform.show(row.cursor),
        "acknowledged": None if row.acknowledged is None else platform.show(row.acknowledged),
        "status": row.status,
        "due_at": row.due_at,
        "attempts": row.attempts,
        "problem": row.problem or None,
        "accepted_at": row.accepted_at,
        "delivered_at": row.delivered_at,
    }


def show_answer(
    platform: Platform, asked: Outgoing, row: OutboxRow, before: OutboxRow | None
) -> dict[str, Any]:
    """The row after a mark was accepted, with the status of that mark; `before` is the row before it."""
    shown = show_mark(platform, row)
    if _knows(before, asked):
        shown["status"] = "stale"
    elif _knows(row, asked):
        shown["status"] = "delivered"
    return shown


def _knows(row: OutboxRow | None, asked: Outgoing) -> bool:
    """Whether the platform has acknowledged as much."""
    return row is not None and row.acknowledged is not None and row.acknowledged >= asked.cursor


def _value(field: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except InvalidValue as error:
        raise InvalidValue(field, str(error)) from error
