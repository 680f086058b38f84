"""Keeps which messages nobody has read yet: at most 1000 ids a conversation, the rest counted."""

from itertools import groupby

from sqlalchemy import ColumnElement, Connection, Table, select

from webhook_app.domain.inbound import Message
from webhook_app.storage import sql
from webhook_app.storage import tables as t

#: Ids kept of one conversation.
LIMIT = 1000


def write_messages(connection: Connection, dialect: str, messages: list[Message]) -> None:
    """Keep the ids that lie beyond the reader's position. `messages` are sorted and distinct."""
    for key, group in groupby(messages, key=lambda message: message[:3]):
        _write_conversation(connection, dialect, key, [message.message for message in group])


def _write_conversation(
    connection: Connection, dialect: str, key: tuple[str, str, str], messages: list[int]
) -> None:
    """Keep what there is room for, count the rest.

    Once some are counted, all that follow are, until the reader has passed the latest of them: a counted
    message that is delivered again could not be told from a new one.
    """
    names = dict(zip(("platform", "reader", "peer"), key, strict=True))

    def of(table: Table) -> list[ColumnElement[bool]]:
        return [table.c[name] == value for name, value in names.items()]

    read = connection.scalar(select(t.read_positions.c.cursor).where(*of(t.read_positions)))
    read = -1 if read is None else read
    o, u = t.unread_overflow.c, t.unread_messages.c
    beyond = [message for message in messages if message > read]
    # What has been read may still stand here until housekeeping takes it away.
    overflow = select(o.count, o.latest).where(*of(t.unread_overflow), o.latest > read)
    counted = connection.execute(overflow).first()
    count, latest = counted or (0, -1)
    if not counted:
        known = set(connection.scalars(select(u.message).where(*of(t.unread_messages), u.message > read)))
        beyond = [message for message in beyond if message not in known]
        room = max(0, LIMIT - len(known))
        kept, beyond = beyond[:room], beyond[room:]
        if kept:
            insert = sql.insert(dialect, t.unread_messages).on_conflict_do_nothing()
            connection.execute(insert, [{**names, "message": message} for message in kept])
    # Ids grow, so one delivered twice is not beyond the latest.
    new = [message for message in beyond if message > latest]
    if new:
        _count(connection, dialect, {**names, "count": count + len(new), "latest": new[-1]})


def _count(connection: Connection, dialect: str, row: dict[str, str | int]) -> None:
    """Write how many messages of a conversation are not kept, and the latest of them."""
    insert = sql.insert(dialect, t.unread_overflow).values(row)
    new = {"count": insert.excluded.count, "latest": insert.excluded.latest}
    connection.execute(insert.on_conflict_do_update(index_elements=["platform", "reader", "peer"], set_=new))
