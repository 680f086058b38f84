"""Postgres goes away in mid-load, as in a crash, and comes back."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.databases import StoppablePostgres, migrated, postgres_database, stoppable_postgres
from tests.host.hosting import until
from tests.scenarios.deliveries import deliveries, mark
from tests.scenarios.load import Load
from tests.scenarios.service import Service, serving
from tests.scenarios.truth import expect_nothing_lost
from tests.scenarios.viewers import deliver, looking_on
from tests.scenarios.watch import CrcWatch
from tests.scenarios.wire import Wire, get
from webhook_app.storage import Store


@pytest.fixture(scope="module")
def server() -> Iterator[StoppablePostgres]:
    """A Postgres server that nobody else uses."""
    with stoppable_postgres() as server:
        yield server


@pytest.fixture
def database(server: StoppablePostgres) -> Iterator[str]:
    """A database on that server, in place of the common ones."""
    with postgres_database(server.url) as url:
        yield migrated(url)
        # A test that fails may have left it stopped.
        server.start()


def test_nothing_acknowledged_is_lost_when_postgres_goes_and_comes(
    server: StoppablePostgres, environ: dict[str, str], tmp_path: Path, store: Store
) -> None:
    with (
        serving(tmp_path, **environ) as service,
        Load(service.port, deliveries(1_000_000, marks_each=2)) as load,
        CrcWatch(service) as watch,
    ):
        workers = {worker.pid for worker in service.workers}
        for _ in range(2):
            load.acknowledge(300)
            server.stop()
            load.refuse(50)
            watch.look(20)
            server.start()
        load.acknowledge(300)
        # It recovered by itself.
        assert {worker.pid for worker in service.workers} == workers
    print(f"answers: {dict(load.statuses)}; slowest {load.slowest:.1f} s; {watch}")
    assert load.statuses[0] == 0
    assert watch.in_time
    expect_nothing_lost(store, load)


def test_it_starts_without_postgres_and_serves_when_it_comes(
    server: StoppablePostgres, environ: dict[str, str], tmp_path: Path, store: Store
) -> None:
    server.stop()
    with serving(tmp_path, **environ) as service, Load(service.port, deliveries(99)) as load:
        load.refuse(20)
        assert load.acknowledged == []
        server.start()
        load.wait(20)
        assert not load.running
    assert len(load.acknowledged) == 99
    expect_nothing_lost(store, load)


def test_streams_stay_open_and_miss_nothing(
    server: StoppablePostgres, environ: dict[str, str], tmp_path: Path
) -> None:
    with serving(tmp_path, **environ, WEB_CONCURRENCY="1") as service, looking_on(service) as seen:
        seen.until(lambda: seen.last_id)
        for number in range(2):
            server.stop()
            until(lambda: not ready(service))
            server.start()
            until(lambda: ready(service))
            deliver(service, mark(number))
            seen.until(partial(seen.knows, cursor=str(mark(number).cursor)))
        assert "Traceback" not in "\n".join(service.log)


def ready(service: Service) -> bool:
    """Whether the service has its database."""
    with Wire(service.port) as wire:
        return wire.exchange(get("/readyz")).status == 200
