"""Indexes are used: claims, their ends, accepting and the lists look at a few rows of many."""

from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from sqlalchemy import Connection, text

from tests.conftest import NOW
from tests.storage.outgoing import POLICIES
from tests.storage.plans import NUMBERS, OUTBOUND, Visit, learn, visits
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.outbox import Claim, Outgoing, Settled, Status, Verdict
from webhook_app.domain.position import Mark
from webhook_app.domain.rate import Word
from webhook_app.storage import Store
from webhook_app.storage.accepting import Accepting
from webhook_app.storage.batch import merge
from webhook_app.storage.claiming import Claiming
from webhook_app.storage.link import Rows
from webhook_app.storage.outbox import OutboxFilter
from webhook_app.storage.settling import Settling
from webhook_app.storage.sql import Step

ACCOUNTS, ROWS = 2000, 40_000
#: Rows that may be looked at for one statement: a page and what surrounds it, never the table.
FEW = 1000
#: Of the twenty conversations of an account seven are delivered, two were refused, the others are due.
FILL = {
    "accounts (platform, id, owner, name, state, reason, since, authorised_at, refused_until, attempts,"
    " digest, configured, due_at, opens_at, scarce_until)": (
        ACCOUNTS,
        f"'twitter', CAST(n AS text), CAST(n AS text), '', 'active', '', 0, 0, 0, 0, '', 1, {NOW} + n, 0, 0",
    ),
    "rate_windows": (ACCOUNTS, "'twitter', CAST(n AS text), 'mark_read', 0,0,0,0, 0,0,0,0, 0,0,0,0, 0"),
    "outbox": (
        ROWS,
        f"'twitter', CAST(1 + n % {ACCOUNTS} AS text), CAST(n AS text), 7,"
        f" CASE WHEN n / {ACCOUNTS} % 3 = 0 THEN 7 ELSE -1 END,"
        f" CASE WHEN n / {ACCOUNTS} % 3 = 0 OR n / {ACCOUNTS} % 10 = 1 THEN NULL ELSE {NOW} + n END,"
        f" 0, 0, 0, '', 0, {NOW}, 0, n",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def full(shared: Store) -> Store:
    """A store with some ten thousand rows, whose planner knows it."""
    shared.configure(POLICIES)

    def fill(connection: Connection) -> None:
        for table, (many, values) in FILL.items():
            numbers = NUMBERS[shared.database.dialect]
            query = f"INSERT INTO {table} {numbers} SELECT {values} FROM numbers"
            connection.execute(text(query), {"rows": many})

    shared.write(fill)
    learn(shared)
    return shared


class Undone(Exception):
    """What was done is to be explained, and so done again."""


class OverheardLink:
    """The link of those who claim, sent where it can be overheard; commits nothing."""

    local = False

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def ask(self, queries: Sequence[Step]) -> list[Rows]:
        """Look."""
        return [[tuple(row) for row in self.connection.exec_driver_sql(*query)] for query in queries]

    def peek(self, queries: Sequence[Step]) -> list[Rows]:
        """Look."""
        return self.ask(queries)

    begin = ask

    def commit(self, steps: Sequence[Step]) -> None:
        """Run the steps."""
        for step in steps:
            self.connection.exec_driver_sql(*step)

    def commit_unless(self, exceptions: str, steps: Sequence[Step]) -> bool:
        """Say that there may be exceptions."""
        return False


def visited(full: Store, work: Callable[[], object]) -> list[Visit]:
    """How the work visits the tables."""
    return visits(full, work, OUTBOUND)


def assert_few(full: Store, work: Callable[[Connection], object], *tables: str) -> None:
    """The work visits these tables by index, and only a few rows of them."""

    def undone(connection: Connection) -> None:
        work(connection)
        raise Undone

    def act() -> None:
        with suppress(Undone):
            full.database.write(undone, by_key=True)

    found = visited(full, act)
    assert {visit.table for visit in found} >= set(tables), found
    for visit in found:
        assert visit.searched, visit
        assert visit.rows is None or visit.rows <= FEW, visit


def marks(size: int) -> list[Outgoing]:
    """Marks of known conversations and new ones."""
    numbers = [1 + n * (ROWS // size) for n in range(size)]
    known = [Outgoing("twitter", str(1 + n % ACCOUNTS), str(n), 9, NOW) for n in numbers]
    return known + [Outgoing("twitter", str(1 + n % ACCOUNTS), f"new {n}", 9, NOW) for n in numbers]


@pytest.mark.parametrize("size", [1, 10, 200])
def test_accepting(full: Store, size: int) -> None:
    echoes = [Mark(*mark) for mark in marks(size)]
    batch = merge([Inbound("twitter", outgoing=marks(size), echoes=echoes)])
    steps = Accepting(full.database.engine.dialect, POLICIES).steps(batch)
    assert_few(full, lambda connection: OverheardLink(connection).commit(steps), "outbox", "accounts")


@pytest.mark.parametrize("room", [1, 8])
def test_claiming(full: Store, room: int) -> None:
    claiming = Claiming(full.database.engine.dialect, POLICIES)

    def work(connection: Connection) -> None:
        assert len(claiming.claim(OverheardLink(connection), lambda: NOW + ROWS, {"twitter": room})) == room

    assert_few(full, work, "outbox", "accounts", "rate_windows")


@pytest.mark.parametrize("verdict", [None, Verdict.RETRY, Verdict.ACCOUNT])
def test_settling(full: Store, verdict: Verdict | None) -> None:
    settling = Settling(full.database.engine.dialect, POLICIES)
    claims = [Claim("twitter", str(n), str(n - 1), 7, 0, NOW, str(n)) for n in range(100, 108)]
    results = [Settled(claim, Word(), verdict) for claim in claims]
    assert_few(
        full,
        lambda connection: settling.settle(OverheardLink(connection), results, NOW + 100),
        "outbox", "accounts", "rate_windows",
    )  # fmt: skip


@pytest.mark.parametrize(
    "wanted",
    [
        OutboxFilter(),
        OutboxFilter(after=("twitter", "1500", "1"), limit=500),
        OutboxFilter(platform="twitter", account="1500"),
        OutboxFilter(platform="twitter", account="1500", status=Status.WAITING),
        OutboxFilter(platform="twitter", account="1500", peer="1499"),
        OutboxFilter(status=Status.FAILED),
        OutboxFilter(platform="twitter", status=Status.FAILED, after=("twitter", "1500", "1")),
    ],
    ids=str,
)
def test_lists(full: Store, wanted: OutboxFilter) -> None:
    found = visited(full, lambda: full.outbox.list(wanted))
    assert "outbox" in {visit.table for visit in found}
    assert all(visit.rows is None or visit.rows <= FEW for visit in found), found


def test_rows_by_key(full: Store) -> None:
    keys = [("twitter", str(1 + n % ACCOUNTS), str(n)) for n in range(1, 600)]
    for visit in visited(full, lambda: full.outbox.rows(keys)):
        # The state of all accounts may be read at once for so many.
        assert visit.searched or visit.table == "accounts", visit
        assert visit.rows is None or visit.rows <= ACCOUNTS, visit


def test_when_to_look_next(full: Store) -> None:
    claiming = Claiming(full.database.engine.dialect, POLICIES)
    for visit in visited(full, lambda: full.read(lambda c: claiming.next_at(OverheardLink(c)))):
        assert "accounts_next" in visit.how, visit
        assert visit.rows is None or visit.rows <= 1, visit


@pytest.mark.parametrize("one", ["find", "by_digest"])
def test_one_account(full: Store, one: str) -> None:
    find = getattr(full.accounts, one)
    found = visited(full, lambda: find("twitter", "1500"))
    assert [visit.table for visit in found] == ["accounts"]
    for visit in found:
        assert visit.searched, visit
        assert visit.rows is None or visit.rows <= 1, visit


def test_waiting_rows_of_an_account(full: Store) -> None:
    for visit in visited(full, lambda: full.outbox.waiting("twitter", "1500", 100)):
        assert visit.searched, visit
        assert visit.rows is None or visit.rows <= 100, visit


def test_forgetting_a_peer(full: Store) -> None:
    for mark in marks(10):
        full.record(Inbound("twitter", marks=[Mark(*mark)]))
    for visit in visited(full, lambda: full.forget("twitter", marks(10)[3].peer, NOW, "tests")):
        assert visit.table != "outbox" or visit.rows is None or visit.rows <= FEW, visit
