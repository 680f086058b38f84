"""The audit log: who did what to accounts, tokens, positions, people and quarantine."""

from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from webhook_app.storage import sql
from webhook_app.storage import tables as t


class Entry(NamedTuple):
    """One deed. `at` in milliseconds since 1970; a person who was forgotten is named by an HMAC."""

    id: int
    at: int
    who: str
    action: str
    subject: str
    detail: str


def log(connection: Connection, who: str, action: str, subject: str, detail: str = "") -> None:
    """Write an entry in the transaction of the deed itself."""
    row = {"who": who, "action": action, "subject": subject, "detail": detail}
    connection.execute(insert(t.audit).values(**row, at=sql.now_ms()))


def list_audit(connection: Connection, before: int | None, limit: int) -> list[Entry]:
    """At most `limit` entries with a smaller id, newest first."""
    query = select(t.audit).order_by(t.audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(t.audit.c.id < before)
    return [Entry(*row) for row in connection.execute(query)]
