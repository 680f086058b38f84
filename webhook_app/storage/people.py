"""Forget a person: everywhere, and for good."""

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, or_, select, tuple_, update

from webhook_app.domain.counts import BY_ACCOUNT
from webhook_app.domain.timing import SentAt
from webhook_app.storage import sql
from webhook_app.storage import tables as t
from webhook_app.storage.cells import MINUTE
from webhook_app.storage.counts import TOTAL
from webhook_app.storage.naming import is_named
from webhook_app.storage.positions import close_gate

#: For how long what happened before is refused; X replays at most five days.
REMEMBERED = 30 * 86_400_000  # milliseconds
#: Quarantined bodies read at once, of up to 1 MiB each.
PAGE = 50


def forget(
    connection: Connection,
    dialect: str,
    platform: str,
    person: str,
    digest: bytes,
    now: int,
    sent: SentAt | None,
) -> dict[str, int]:
    """Delete all but the quarantined bodies, and leave a not-before time under the digest.

    `sent`: how the platform's messages tell when they were sent. Returns how many rows of what went.
    """
    close_gate(connection, dialect)
    latest = max(_latest(connection, platform, person), _latest_message(connection, platform, person, sent))
    limit = max(now, latest + 1)
    insert = sql.insert(dialect, t.forgotten).values(
        digest=digest, not_before=limit, expires_at=now + REMEMBERED
    )
    old, given = t.forgotten.c, insert.excluded
    # A second time does not forget less: what the first has refused is refused still.
    later = case((old.not_before > given.not_before, old.not_before), else_=given.not_before)
    new = {"not_before": later, "expires_at": given.expires_at}
    connection.execute(insert.on_conflict_do_update(index_elements=["digest"], set_=new))
    p, h = t.read_positions.c, t.history.c
    # History has no index by peer; the positions' index leads there.
    readers = select(p.platform, p.reader, p.peer).where(p.platform == platform, p.peer == person)
    # Two statements: of one with OR, Postgres would read the whole history.
    of_reader = and_(h.platform == platform, h.reader == person)
    whose = (of_reader, tuple_(h.platform, h.reader, h.peer).in_(readers))
    _make_figures_anew(connection, whose)
    gone = {"history": sum(connection.execute(delete(t.history).where(side)).rowcount for side in whose)}
    gone |= _forget_outbound(connection, platform, person)
    for table in (t.read_positions, t.unread_messages, t.unread_overflow):
        gone[table.name] = sum(
            connection.execute(delete(table).where(table.c.platform == platform, side == person)).rowcount
            for side in (table.c.reader, table.c.peer)
        )
    of_person = delete(t.people).where(t.people.c.platform == platform, t.people.c.id == person)
    gone["people"] = connection.execute(of_person).rowcount
    figures = (t.cells.c.platform == platform, t.cells.c.account == person)
    names = [f"{kind}|{platform}|{person}" for kind in BY_ACCOUNT]
    of_account = t.counts.c.name.in_(names)
    minutes = select(t.counts.c.minute).where(of_account, t.counts.c.minute > TOTAL)
    connection.execute(t.stale_minutes.insert().from_select(["minute"], minutes.distinct()))
    connection.execute(delete(t.counts).where(of_account))
    gone["figures"] = connection.execute(delete(t.cells).where(*figures)).rowcount
    subject = delete(t.notices).where(t.notices.c.platform == platform, t.notices.c.subject == person)
    connection.execute(subject)
    bound = (t.tokens.c.platform == platform, t.tokens.c.account == person)
    gone["tokens"] = connection.execute(delete(t.tokens).where(*bound)).rowcount
    _forget_deeds(connection, platform, person, digest)
    return gone


def _make_figures_anew(connection: Connection, whose: tuple[ColumnElement[bool], ...]) -> None:
    """Say which minutes' figures were about the history that goes."""
    for side in whose:
        minutes = select(t.history.c.read_at // MINUTE).where(side).distinct()
        connection.execute(t.stale_minutes.insert().from_select(["minute"], minutes))


def _forget_outbound(connection: Connection, platform: str, person: str) -> dict[str, int]:
    """Delete the person's rows of the outbox, then the account and its windows, as locks are taken."""
    o, p, a, w = t.outbox.c, t.read_positions.c, t.accounts.c, t.rate_windows.c
    # The outbox has no index by peer; who has marked there is among the positions.
    markers = select(p.reader).where(p.platform == platform, p.peer == person)
    sides = (o.account == person, and_(o.peer == person, o.account.in_(markers)))
    ours = delete(t.outbox).where(o.platform == platform)
    gone = {"outbox": sum(connection.execute(ours.where(side)).rowcount for side in sides)}
    same = delete(t.accounts).where(a.platform == platform, a.id == person)
    gone["accounts"] = connection.execute(same).rowcount
    connection.execute(delete(t.rate_windows).where(w.platform == platform, w.owner == person))
    return gone


def _latest(connection: Connection, platform: str, person: str) -> int:
    """The latest time stored of a person: a platform's clock may be ahead of ours."""
    p, h, named, noted = t.read_positions.c, t.history.c, t.people.c, t.notices.c
    moments = (
        *(
            select(func.max(moment)).where(p.platform == platform, side == person)
            for side in (p.reader, p.peer)
            for moment in (p.read_at, p.not_before)
        ),
        # History has no index by peer; the positions' index leads there.
        select(func.max(h.read_at)).where(
            tuple_(h.platform, h.reader, h.peer).in_(
                select(p.platform, p.reader, p.peer).where(p.platform == platform, p.peer == person)
            )
        ),
        select(func.max(h.read_at)).where(h.platform == platform, h.reader == person),
        select(named.seen_at).where(named.platform == platform, named.id == person),
        select(func.max(noted.at)).where(noted.platform == platform, noted.subject == person),
    )
    return max(connection.scalar(moment) or 0 for moment in moments)


def _latest_message(connection: Connection, platform: str, person: str, sent: SentAt | None) -> int:
    """When the latest message was sent that is not read, by or to a person; 0 if nobody can tell."""
    ids = (t.unread_messages.c.message, t.unread_overflow.c.latest)
    latest = [
        connection.scalar(select(func.max(id)).where(id.table.c.platform == platform, side == person))
        for id in ids
        for side in (id.table.c.reader, id.table.c.peer)
    ]
    moments = [sent.moment(id) for id in latest if sent is not None and id is not None]
    return max((moment for moment in moments if moment is not None), default=0)


def _forget_deeds(connection: Connection, platform: str, person: str, digest: bytes) -> None:
    """Take the id out of the audit log's subjects, which name positions as platform/reader/peer.

    The details go too: why an account was paused may say whose it is.
    """
    subject = t.audit.c.subject
    as_reader = subject.startswith(f"{platform}/{person}/", autoescape=True)
    as_peer = subject.endswith(f"/{person}", autoescape=True)
    same = subject.startswith(f"{platform}/", autoescape=True)
    anonymous = f"{platform}/{digest.hex()[:16]}"
    nobody = {"subject": anonymous, "detail": ""}
    connection.execute(update(t.audit).where(same, or_(as_reader, as_peer)).values(nobody))


def forget_quarantined(connection: Connection, platform: str, person: str, after: int) -> tuple[int, int]:
    """Delete the bodies that name the person among the next page of them.

    Returns how many went and the last id looked at, 0 at the end. In pages, because bodies are large and
    ingest must not wait for the search.
    """
    q = t.quarantine.c
    rows = connection.execute(
        select(q.id, q.body).where(q.platform == platform, q.id > after).order_by(q.id).limit(PAGE)
    ).all()
    named = [row.id for row in rows if is_named(person, bytes(row.body))]
    if named:
        connection.execute(delete(t.quarantine).where(q.id.in_(named)))
    return len(named), rows[-1].id if len(rows) == PAGE else 0
