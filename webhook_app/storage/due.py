"""The rows of some accounts that are due and that nobody else is at."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Dialect, FromClause, select, true

from webhook_app.storage import sql
from webhook_app.storage import tables as t
from webhook_app.storage.ledger import DELIVERY, KEY, Steps, Whose

o = t.outbox.c
COLUMNS = [o[name] for name in (*KEY, *DELIVERY)]


class Due:
    """The query in one dialect, built once."""

    def __init__(self, dialect: Dialect) -> None:
        of_account = (o.platform == sql.HERE, o.account == sql.HERE, o.due_at <= sql.HERE)
        one = select(*COLUMNS).where(*of_account).order_by(o.due_at).limit(sql.HERE)
        # SQLite has no LATERAL, and no trips that could be saved.
        self._one = sql.plain(dialect, one) if dialect.name == "sqlite" else ""
        # `due_at` is the present moment, and `attempts` how many rows are wanted.
        self._all = sql.Given(dialect, [o.platform, o.account, o.due_at, o.attempts], _lateral)

    def lock(self, accounts: Iterable[Whose], now: int, share: int) -> Steps:
        """Up to `share` rows of each account, first due first."""
        asked = [(*whose, now, share) for whose in accounts]
        return [(self._one, row) for row in asked] if self._one else self._all.steps(asked)


def _lateral(given: FromClause) -> Any:
    g = given.c
    of_account = (o.platform == g.platform, o.account == g.account, o.due_at <= g.due_at)
    first = select(*COLUMNS).where(*of_account).order_by(o.due_at).limit(g.attempts)
    due = first.with_for_update(skip_locked=True).correlate(given).lateral("due")
    return select(due).select_from(given.join(due, true())).order_by(due.c.due_at)
