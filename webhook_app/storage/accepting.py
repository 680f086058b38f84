"""What ingest does to the outbox: marks to be passed on, marks seen at their platform, accounts lost."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    FromClause,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    update,
)

from webhook_app.domain.inbound import Notice
from webhook_app.domain.outbox import Policy, State, greatest
from webhook_app.domain.position import furthest
from webhook_app.storage import sql
from webhook_app.storage import tables as t
from webhook_app.storage.batch import Batch
from webhook_app.storage.database import ONE_BY_ONE

KEY = ["platform", "account", "peer"]
#: An outgoing mark's columns, and those of an echo.
MARK = [*KEY, "wanted", "accepted_at"]
REST = ["due_at", "acknowledged", "delivered_at", "last_sent_at", "claimed_until", "attempts", "problem",
        "refused_until", "updated_at"]  # fmt: skip


class Accepting:
    """The statements in one dialect, under the policies of the platforms; one trip with those of ingest."""

    def __init__(self, dialect: Dialect, policies: Mapping[str, Policy]) -> None:
        self._dialect = dialect.name
        self._policies = policies
        self._settings: list[sql.Step] = [(ONE_BY_ONE, ())] if dialect.name == "postgresql" else []
        mark = [t.outbox.c[name] for name in MARK]
        self._accept = sql.Given(dialect, mark, self._upsert)
        self._wake = sql.Given(dialect, mark, self._lower)
        self._echo = sql.Given(dialect, mark, self._acknowledge)
        revocation = [t.accounts.c[name] for name in ("platform", "id", "since", "reason")]
        self._revoke = sql.Given(dialect, revocation, self._erase)
        self._log = sql.Given(dialect, revocation, self._write_down)

    def steps(self, batch: Batch) -> list[sql.Step]:
        """The outbox first and then the accounts, as everywhere, each in the order of keys."""
        steps = list(self._settings)
        if batch.echoes:
            steps += self._echo.steps(furthest(batch.echoes))
        if batch.outgoing:
            rows = greatest(batch.outgoing)
            steps += [*self._accept.steps(rows), *self._wake.steps(rows)]
        revocations = _latest(batch.notices)
        if revocations:
            steps += [*self._log.steps(revocations), *self._revoke.steps(revocations)]
        return steps

    def _upsert(self, given: FromClause) -> Any:
        """Raise what is wanted. A timer that runs does not move; nothing at or behind what was taken waits.

        A row that has failed is due again by any other mark, the probe; also by one behind its own, which
        may have been wrong for good. Nothing of it is under way then.
        """
        g, a = given.c, t.accounts.c
        soon = and_(self._of(g.platform, first_at_once=True) == 1, a.scarce_until <= g.accepted_at)
        due = g.accepted_at + case((soon, 0), else_=self._of(g.platform))
        account = and_(a.platform == g.platform, a.id == g.account)
        rest = [due, literal(-1), *[literal(0)] * 4, literal(""), literal(0), sql.now_ms()]
        rows = select(*g, *rest).join_from(given, t.accounts, account).where(literal(1) == 1)
        insert = sql.insert(self._dialect, t.outbox).from_select([*MARK, *REST], rows)
        old, new = t.outbox.c, insert.excluded
        idle = old.due_at.is_(None)
        apart = self._of(new.platform)
        # So far ahead is what a clock says that was put back since.
        last = case((old.last_sent_at > new.accepted_at + apart, new.accepted_at), else_=old.last_sent_at)
        quiet_since = last + apart
        at_once = new.due_at == new.accepted_at
        again = case((at_once, sql.greatest(new.accepted_at, quiet_since)), else_=new.due_at)
        return insert.on_conflict_do_update(
            index_elements=KEY,
            set_={
                "wanted": new.wanted,
                "due_at": func.coalesce(old.due_at, again),
                "accepted_at": case((idle, new.accepted_at), else_=old.accepted_at),
                "attempts": case((idle, 0), else_=old.attempts),
                "updated_at": new.updated_at,
            },
            where=and_(new.wanted > old.acknowledged, or_(new.wanted > old.wanted, idle)),
        )

    def _of(self, platform: ColumnElement[str], *, first_at_once: bool = False) -> ColumnElement[int]:
        """How far apart the calls of a platform are, or whether its first goes at once, as SQL."""
        known = {name: policy.coalescing for name, policy in self._policies.items()}
        whens = [
            (platform == name, int(one.first_at_once) if first_at_once else one.apart)
            for name, one in known.items()
        ]
        return case(*whens, else_=0) if whens else literal(0)

    def _lower(self, given: FromClause) -> Any:
        """Bring forward when a dispatcher looks at the accounts of the rows that have just begun to wait.

        Their accounts are locked even if nothing changes: a dispatcher that looks for the earliest row must
        see these, and does so once it has the lock. Those that have waited before are known to it.
        """
        g, o, a = given.c, t.outbox.c, t.accounts.c
        begun = and_(*(o[name] == g[name] for name in [*KEY, "accepted_at"]), o.due_at.is_not(None))
        first = (
            select(o.platform, o.account, func.min(o.due_at).label("due_at"))
            .join_from(given, t.outbox, begun)
            .group_by(o.platform, o.account)
            .order_by(o.platform, o.account)
            .subquery("first")
        )
        earliest = case((a.due_at < first.c.due_at, a.due_at), else_=first.c.due_at)
        same = (a.platform == first.c.platform, a.id == first.c.account)
        return update(t.accounts).where(*same).values(due_at=earliest)

    def _acknowledge(self, given: FromClause) -> Any:
        """The account has read there by other means; the row remembers it also if nothing was ever wanted."""
        g, a = given.c, t.accounts.c
        account = and_(a.platform == g.platform, a.id == g.account)
        rest = [
            null(), g.wanted, g.accepted_at, *[literal(0)] * 3, literal(""), literal(0), sql.now_ms()
        ]  # fmt: skip
        rows = select(*g, *rest).join_from(given, t.accounts, account).where(literal(1) == 1)
        insert = sql.insert(self._dialect, t.outbox).from_select([*MARK, *REST], rows)
        old, new = t.outbox.c, insert.excluded
        done = old.wanted <= new.acknowledged
        return insert.on_conflict_do_update(
            index_elements=KEY,
            set_={
                "acknowledged": new.acknowledged,
                # A call under way is settled, or lapses, as every other.
                "due_at": case((and_(done, old.claimed_until == 0), null()), else_=old.due_at),
                "delivered_at": case(
                    (done, sql.greatest(old.delivered_at, new.delivered_at)), else_=old.delivered_at
                ),
                "attempts": case((done, 0), else_=old.attempts),
                "problem": case((done, ""), else_=old.problem),
                "refused_until": case((done, 0), else_=old.refused_until),
                "updated_at": new.updated_at,
            },
            where=new.acknowledged > old.acknowledged,
        )

    def _write_down(self, given: FromClause) -> Any:
        """Say in the audit log what is about to be erased, once."""
        g, a = given.c, t.accounts.c
        account = and_(*_authorised_before(given), a.state != State.REVOKED.value)
        deed = (sql.now_ms(), g.platform, literal("revoke account"), g.platform + "/" + g.id, g.reason)
        rows = select(*deed).join_from(given, t.accounts, account)
        return t.audit.insert().from_select(["at", "who", "action", "subject", "detail"], rows)

    def _erase(self, given: FromClause) -> Any:
        """Erase the credentials that were given before access was withdrawn, and stop their accounts."""
        g, older = given.c, _authorised_before(given)
        new = {"state": State.REVOKED.value, "reason": g.reason, "since": g.since, "credentials": null()}
        return update(t.accounts).where(*older).values(new)


def _authorised_before(given: FromClause) -> tuple[ColumnElement[bool], ...]:
    """Which accounts a revocation is of: it may be an old one, delivered again."""
    g, a = given.c, t.accounts.c
    return a.platform == g.platform, a.id == g.id, a.authorised_at < g.since


def _latest(notices: Sequence[Notice]) -> list[tuple[str, str, int, str]]:
    """(platform, account, when, words) of the latest revocation of each account, by key."""
    latest: dict[tuple[str, str], tuple[str, str, int, str]] = {}
    for notice in sorted((n for n in notices if n.kind == "revocation"), key=lambda n: n.at):
        words = notice.detail or "access withdrawn"
        latest[notice.platform, notice.subject] = (notice.platform, notice.subject, notice.at, words)
    return sorted(latest.values())
