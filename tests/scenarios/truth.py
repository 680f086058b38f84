"""What the database holds, compared with what was sent and what was acknowledged."""

from collections.abc import Iterable

from sqlalchemy import Connection, Table, select

from tests.scenarios.deliveries import Delivery
from tests.scenarios.load import Load
from webhook_app.domain.position import Mark
from webhook_app.storage import Store
from webhook_app.storage import tables as t

Stored = tuple[set[Mark], set[Mark]]


def stored(store: Store) -> Stored:
    """The positions and the history."""

    def query(connection: Connection) -> Stored:
        def marks(table: Table) -> set[Mark]:
            rows = connection.execute(select(*(table.c[name] for name in Mark._fields)))
            return {Mark(*row) for row in rows}

        return marks(t.read_positions), marks(t.history)

    return store.read(query)


def expect_nothing_lost(store: Store, load: Load) -> None:
    """Whatever was acknowledged is there; what was not is there wholly or not at all; the law holds."""
    positions, history = stored(store)
    lost = _marks(load.acknowledged) - history
    assert not lost, f"{len(lost)} of {len(load.acknowledged)}: {sorted(lost)[:3]}"
    assert history - _marks(load.sent) == set()
    for delivery in load.sent:
        assert len(history.intersection(delivery.marks)) in (0, len(delivery.marks)), "half stored"
    assert positions == _furthest(history)
    assert load.strange == []


def _marks(deliveries: Iterable[Delivery]) -> set[Mark]:
    return {mark for delivery in deliveries for mark in delivery.marks}


def _furthest(marks: Iterable[Mark]) -> set[Mark]:
    """The greatest mark of each reader and peer; no two here have one cursor."""
    return set({mark.key: mark for mark in sorted(marks, key=lambda mark: mark.cursor)}.values())


def counted(store: Store) -> dict[str, int]:
    """The totals of the counts."""

    def query(connection: Connection) -> dict[str, int]:
        c = t.counts.c
        return {row.name: row.n for row in connection.execute(select(c.name, c.n).where(c.minute == 0))}

    return store.read(query)
