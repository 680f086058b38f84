"""The rows that claims and their ends change: locked in one order, changed in Python, written back.

Locks are taken outbox → accounts → rate windows, each in the order of keys, as everywhere.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any

from sqlalchemy import Dialect, FromClause, and_, literal, or_, select, true, update

from webhook_app.domain.outbox import Key, State
from webhook_app.domain.rate import RateLimit, RateWindow
from webhook_app.domain.settling import Delivery, Gate, scarce_until
from webhook_app.storage import sql
from webhook_app.storage import tables as t
from webhook_app.storage.link import Link, Rows

#: (platform, account).
Whose = tuple[str, str]
#: (platform, owner, method).
Budget = tuple[str, str, str]
Steps = list[sql.Step]
KEY = ["platform", "account", "peer"]
BUDGET = ["platform", "owner", "method"]
DELIVERY = [field.name for field in fields(Delivery)]
WINDOW = [field.name for field in fields(RateWindow)]
GATE = [field.name for field in fields(Gate)]
_of_delivery, _of_window, _of_gate = attrgetter(*DELIVERY), attrgetter(*WINDOW), attrgetter(*GATE)


@dataclass(frozen=True, slots=True)
class Entry:
    """An account's row, as far as calls concern it."""

    owner: str
    gate: Gate
    opens_at: int
    scarce_until: int

    def beside(self, window: RateWindow, limit: RateLimit, now: int) -> "Entry":
        """The entry with what is known of its window now."""
        opens_at, scarce = window.opens_at(limit, now), scarce_until(window, limit, now)
        # 0, not now: a clock that is put back must not find it in the future.
        return replace(self, opens_at=opens_at if opens_at > now else 0, scarce_until=scarce)

    def behind(self, gate: Gate) -> "Entry":
        """The entry with another state."""
        return replace(self, gate=gate)

    def after(self, moment: int) -> "Entry":
        """The entry, with no call before this moment."""
        return replace(self, opens_at=max(self.opens_at, moment))


class Ledger:
    """The statements in one dialect, built once."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect.name
        o, a, w = t.outbox.c, t.accounts.c, t.rate_windows.c
        key = [o[name] for name in KEY]
        self._deliveries = sql.Given(dialect, key, self._select_deliveries)
        delivery = [*key, *(o[name] for name in DELIVERY)]
        self._write_claimed = sql.Given(dialect, delivery, lambda given: _update(t.outbox, given, KEY))
        self._write_settled = sql.Given(
            dialect, delivery, lambda given: _update(t.outbox, given, KEY, updated_at=sql.now_ms())
        )
        # `opens_at` is the present moment.
        self._accounts = sql.Given(dialect, [a.platform, a.owner, a.id, a.opens_at], self._select_accounts)
        state = [a[name] for name in ("platform", "id", *GATE, "opens_at", "scarce_until")]
        self._write_accounts = sql.Given(
            dialect, state, lambda given: _update(t.accounts, given, ["platform", "id"], due_at=earliest())
        )
        of_platform = entries().where(a.platform == sql.HERE).order_by(a.id).with_for_update()
        self._of_platform = sql.plain(dialect, of_platform)
        budget = [w[name] for name in BUDGET]
        self._windows = sql.Given(dialect, budget, self._select_windows)
        self._add_windows = sql.Given(dialect, budget, self._insert_windows)
        self._write_windows = sql.Given(
            dialect, [*budget, *(w[name] for name in WINDOW)],
            lambda given: _update(t.rate_windows, given, BUDGET),
        )  # fmt: skip

    def lock_deliveries(self, keys: Iterable[Key]) -> Steps:
        """The rows of these keys."""
        return self._deliveries.steps(sorted(set(keys)))

    def lock_accounts(self, accounts: Mapping[Whose, str], now: int) -> Steps:
        """The accounts, given with their owners, and others of these owners that wait for a window."""
        asked = sorted((platform, owner, id, now) for (platform, id), owner in accounts.items())
        return self._accounts.steps(asked) if asked else []

    def lock_platforms(self, platforms: Iterable[str]) -> Steps:
        """All accounts of these platforms."""
        return [(self._of_platform, (platform,)) for platform in sorted(platforms)]

    def lock_windows(self, budgets: Iterable[Budget]) -> Steps:
        """The windows that were ever used."""
        return self._windows.steps(sorted(set(budgets)))

    def windows(self, link: Link, budgets: Iterable[Budget], found: Rows) -> dict[Budget, RateWindow]:
        """The windows found, and those of these budgets: made first if there are none, to be locked."""
        asked = sorted({row[:3] for row in found}.union(budgets))
        if len(found) < len(asked):
            link.ask(self._add_windows.steps(asked))
            (found,) = gather(link.ask, self._windows.steps(asked))
        return {row[:3]: RateWindow(*row[3:]) for row in found}

    def write(
        self,
        deliveries: Mapping[Key, Delivery],
        windows: Mapping[Budget, RateWindow],
        accounts: Mapping[Whose, Entry],
        *,
        settled: bool,
    ) -> Steps:
        """Write back what was locked, and find out when the accounts have something due again.

        That is asked once they are locked, in a statement that sees all that was committed before. Who looks
        at the outbox is to see that calls are settled, but not each claim.
        """
        steps: Steps = []
        if deliveries:
            write = self._write_settled if settled else self._write_claimed
            steps += write.steps([(*key, *_of_delivery(row)) for key, row in deliveries.items()])
        if windows:
            steps += self._write_windows.steps(
                [(*budget, *_of_window(window)) for budget, window in windows.items()]
            )
        if accounts:
            steps += self._write_accounts.steps(
                [(*whose, *_of_gate(one.gate), one.opens_at, one.scarce_until)
                 for whose, one in accounts.items()]
            )  # fmt: skip
        return steps

    def _select_deliveries(self, given: FromClause) -> Any:
        o = t.outbox.c
        same = and_(*(o[name] == given.c[name] for name in KEY))
        rows = select(*(o[name] for name in (*KEY, *DELIVERY))).join_from(given, t.outbox, same)
        return rows.order_by(*(o[name] for name in KEY)).with_for_update(of=t.outbox)

    def _select_accounts(self, given: FromClause) -> Any:
        g, a = given.c, t.accounts.c
        of_owner = and_(a.platform == g.platform, a.owner == g.owner)
        rows = entries().join_from(given, t.accounts, of_owner)
        rows = rows.where(or_(a.id == g.id, a.opens_at > g.opens_at))
        return rows.order_by(a.platform, a.id).with_for_update(of=t.accounts)

    def _select_windows(self, given: FromClause) -> Any:
        w = t.rate_windows.c
        same = and_(*(w[name] == given.c[name] for name in BUDGET))
        rows = select(*(w[name] for name in (*BUDGET, *WINDOW))).join_from(given, t.rate_windows, same)
        return rows.order_by(*(w[name] for name in BUDGET)).with_for_update(of=t.rate_windows)

    def _insert_windows(self, given: FromClause) -> Any:
        rows = select(*given.c, *[literal(0)] * len(WINDOW)).where(true())
        insert = sql.insert(self._dialect, t.rate_windows).from_select([*BUDGET, *WINDOW], rows)
        return insert.on_conflict_do_nothing()


def earliest() -> Any:
    """When the first row of an account is due, as SQL."""
    o, a = t.outbox.c, t.accounts.c
    of_account = (o.platform == a.platform, o.account == a.id, o.due_at.is_not(None))
    first = select(o.due_at).where(*of_account).order_by(o.due_at).limit(1)
    return first.correlate(t.accounts).scalar_subquery()


def entries() -> Any:
    """Select accounts as `entry_of` takes them."""
    a = t.accounts.c
    return select(
        a.platform, a.id, a.owner, *(a[name] for name in GATE), a.opens_at, a.scarce_until
    )  # fmt: skip


def entry_of(row: Sequence[Any]) -> tuple[Whose, Entry]:
    """An account and its entry, as selected."""
    gate = Gate(State(row[3]), *row[4 : 3 + len(GATE)])
    return (row[0], row[1]), Entry(row[2], gate, *row[3 + len(GATE) :])


def _update(table: Any, given: FromClause, key: list[str], **more: Any) -> Any:
    """Overwrite all that is given of the rows of these keys."""
    same = (table.c[name] == given.c[name] for name in key)
    new = {column.name: column for column in given.c if column.name not in key}
    return update(table).where(*same).values({**new, **more})


def delivery_of(row: Sequence[Any]) -> tuple[Key, Delivery]:
    """A key and its row of the outbox, as selected."""
    return (row[0], row[1], row[2]), Delivery(*row[3:])


def gather(look: Callable[[Sequence[sql.Step]], list[Rows]], *questions: Steps) -> list[Rows]:
    """Ask all questions in one trip; returns the rows of each, which may take several statements."""
    answers = iter(look([step for steps in questions for step in steps]))
    return [[row for _ in steps for row in next(answers)] for steps in questions]
