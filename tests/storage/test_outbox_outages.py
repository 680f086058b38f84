"""Those who pass marks on, and a database that does not answer."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import NOW
from tests.storage.locks import execute, locked
from tests.storage.outgoing import BOT, accept, end, open_accounts, row, take
from webhook_app.domain.outbox import Status
from webhook_app.errors import DatabaseUnavailable
from webhook_app.storage import Store

CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def out(store: Store) -> Store:
    """A store with an account."""
    open_accounts(store, BOT)
    return store


def test_what_could_not_be_settled_is_settled_the_next_time(out: Store, database: str) -> None:
    key = accept(out, 7)
    claims = take(out, NOW, 8)
    with locked(database, "outbox"), pytest.raises(DatabaseUnavailable):
        end(out, claims, NOW + 1)
    end(out, claims, NOW + 2)
    assert row(out, key).status is Status.DELIVERED


def test_a_dropped_connection_is_opened_again(out: Store, database: str) -> None:
    key = accept(out, 7)
    assert out.outbox.next_at() == NOW
    if database.startswith("postgres"):
        execute(database, CUT)
    claims = take(out, NOW, 8)
    if database.startswith("postgres"):
        execute(database, CUT)
    end(out, claims, NOW + 1)
    assert row(out, key).status is Status.DELIVERED


def test_nobody_waits_for_ever_for_a_table_that_is_being_changed(out: Store, database: str) -> None:
    with ThreadPoolExecutor(1) as threads, locked(database, "accounts", mode="ACCESS EXCLUSIVE"):
        refused = isinstance(threads.submit(out.outbox.next_at).exception(60), DatabaseUnavailable)
        assert refused == database.startswith("postgres")
    assert out.outbox.next_at() is None


def test_a_store_that_was_closed_opens_its_connection_again(out: Store) -> None:
    accept(out, 7)
    out.outbox.next_at()
    out.outbox.close()
    out.outbox.close()
    assert len(take(out, NOW, 8)) == 1


UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()
import sys
import gevent
from tests.storage.outgoing import BOT, NOW, accept, deliver, open_accounts, rows
from webhook_app.storage import Store

store = Store(sys.argv[1], ("key",))
open_accounts(store, BOT)
others = [gevent.spawn(accept, store, n, NOW, peer=str(n % 50)) for n in range(200)]

def work():
    now = NOW
    while True:
        last, at = all(other.ready() for other in others), store.outbox.next_at()
        if last and at is None:
            return
        now = max(now, at or now)
        deliver(store, now)
        gevent.sleep(0)

ways = [gevent.spawn(work), gevent.spawn(work)]
gevent.joinall([*others, *ways], raise_error=True, timeout=60)
print(sum(row.acknowledged == row.cursor == 150 + int(row.peer) for row in rows(store)))
store.close()
"""


def test_it_works_under_gevent(database: str) -> None:
    url = database.replace("postgresql:", "postgresql+psycopg:")
    command = [sys.executable, "-c", UNDER_GEVENT, url]
    done = subprocess.run(command, check=True, timeout=120, capture_output=True, text=True)
    assert done.stdout == "50\n"
