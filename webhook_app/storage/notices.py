"""Notices: the latest word of a platform about an account or a job."""

from sqlalchemy import Connection, select

from webhook_app.domain.inbound import Notice
from webhook_app.storage import tables as t


def find_notice(connection: Connection, platform: str, kind: str, subject: str) -> Notice | None:
    """The latest notice of this kind and subject, if one has come."""
    n = t.notices.c
    query = select(n.platform, n.kind, n.subject, n.at, n.detail)
    query = query.where(n.platform == platform, n.kind == kind, n.subject == subject)
    row = connection.execute(query).one_or_none()
    return None if row is None else Notice(*row)
