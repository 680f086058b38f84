"""Another process holds SQLite's write lock."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.databases import migrated
from tests.host.hosting import until
from tests.scenarios.deliveries import deliveries
from tests.scenarios.load import CLIENTS, Load
from tests.scenarios.service import Service
from tests.scenarios.truth import expect_nothing_lost
from tests.scenarios.watch import CrcWatch
from webhook_app.storage import Store


@pytest.fixture
def database(tmp_path: Path) -> str:
    """Only SQLite has such a lock."""
    return migrated(f"sqlite:///{tmp_path}/readmark.db")


@contextmanager
def locked(tmp_path: Path) -> Iterator[None]:
    """Hold the lock: this process is not one of the service's."""
    with closing(sqlite3.connect(tmp_path / "readmark.db", isolation_level=None, timeout=60)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def test_a_lock_held_elsewhere_costs_deliveries_time_and_checks_nothing(
    service: Service, store: Store, tmp_path: Path
) -> None:
    with Load(service.port, deliveries(1_000_000, marks_each=2)) as load, CrcWatch(service) as watch:
        load.acknowledge(300)
        with locked(tmp_path):
            began = time.monotonic()
            # What is in flight may have been committed just before.
            until(lambda: time.monotonic() > began + 0.5)
            held, looks = len(load.acknowledged), watch.looks
            load.refuse(CLIENTS)
            assert len(load.acknowledged) == held
            # If checks waited for the lock too, each worker would answer one meanwhile.
            assert watch.looks - looks >= 5
        load.acknowledge(300)
    print(f"answers: {dict(load.statuses)}; slowest {load.slowest:.1f} s; {watch}")
    assert load.statuses[0] == 0
    expect_nothing_lost(store, load)
