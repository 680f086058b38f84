"""The disk is full, or the file may not grow: SQLite cannot write, and then it can again."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psutil
import pytest

from tests.databases import migrated
from tests.scenarios.deliveries import deliveries
from tests.scenarios.load import Load
from tests.scenarios.service import Service
from tests.scenarios.truth import expect_nothing_lost
from tests.scenarios.watch import CrcWatch
from webhook_app.storage import Store

SMALL, LARGE = 1 << 20, 1 << 26  # bytes


@contextmanager
def _small_disk(folder: Path, service: Service) -> Iterator[None]:
    """Make the database's file system small for a while."""
    _mount(folder, f"remount,size={SMALL}", check=True)
    yield
    _mount(folder, f"remount,size={LARGE}", check=True)


@contextmanager
def _small_files(folder: Path, service: Service) -> Iterator[None]:
    """Let the workers write no files larger than this for a while."""
    workers = service.workers
    for worker in workers:
        worker.rlimit(psutil.RLIMIT_FSIZE, (SMALL, psutil.RLIM_INFINITY))
    yield
    for worker in workers:
        worker.rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))


def _mount(folder: Path, options: str, *, check: bool) -> int:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=check).returncode


Shrink = Callable[[Path, Service], AbstractContextManager[None]]


@pytest.fixture(params=[_small_disk, _small_files])
def shrink(request: pytest.FixtureRequest) -> Shrink:
    """How the space is taken away."""
    chosen: Shrink = request.param
    return chosen


@pytest.fixture
def folder(shrink: Shrink, tmp_path: Path) -> Iterator[Path]:
    """Where the database lies; a file system of its own if the disk is to be small."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if shrink is not _small_disk:
        yield folder
        return
    if _mount(folder, f"size={LARGE}", check=False):
        pytest.skip("only root may mount; the other way runs everywhere")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def database(folder: Path) -> str:
    """Only SQLite's disk is ours to fill."""
    return migrated(f"sqlite:///{folder}/readmark.db")


def test_a_full_disk_refuses_deliveries_until_there_is_room(
    service: Service, store: Store, shrink: Shrink, folder: Path
) -> None:
    with Load(service.port, deliveries(1_000_000, marks_each=3)) as load, CrcWatch(service) as watch:
        load.acknowledge(20)
        workers = {worker.pid for worker in service.workers}
        with shrink(folder, service):
            load.refuse(100)
            watch.look(20)
        load.acknowledge(300)
        # It recovered by itself.
        assert {worker.pid for worker in service.workers} == workers
    print(f"answers: {dict(load.statuses)}; slowest {load.slowest:.1f} s; {watch}")
    assert load.statuses[0] == 0
    assert watch.in_time
    expect_nothing_lost(store, load)
