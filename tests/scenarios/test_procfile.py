"""The Procfile's lines, run by a shell as they stand, over Postgres."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.databases import postgres_database
from tests.host.hosting import ROOT, until
from tests.scenarios.deliveries import deliveries
from tests.scenarios.load import Load
from tests.scenarios.service import Service, serving
from tests.scenarios.truth import expect_nothing_lost
from webhook_app.storage import Store


def lines() -> dict[str, str]:
    """The commands of the Procfile by their names."""
    text = (ROOT / "Procfile").read_text()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in text.splitlines())}


@pytest.fixture
def database(postgres: str) -> Iterator[str]:
    """An empty database, with its URL as Heroku writes it: the release line is to migrate it."""
    with postgres_database(postgres) as url:
        yield url.replace("postgresql://", "postgres://")


def release(environ: dict[str, str], folder: Path) -> str:
    """Run the release line; returns what it said."""
    env = {"PATH": str(Path(sys.executable).parent), "PYTHONPATH": str(ROOT), **environ}
    command = ["/bin/sh", "-c", lines()["release"]]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_its_lines_run_as_written(environ: dict[str, str], tmp_path: Path, store: Store) -> None:
    dyno = {**environ, "DYNO": "web.1", "WEB_CONCURRENCY": "2"}
    assert "(was empty)" in release(dyno, tmp_path)
    assert "up to date" in release(dyno, tmp_path)
    # A shell that stays would keep the signals to itself; Heroku signals every process.
    with serving(tmp_path, ["/bin/sh", "-c", f"exec {lines()['web']}"], **dyno) as service:
        assert len(service.workers) == 2
        _listens_for_everybody(service)
        with _worker(dyno, tmp_path), Load(service.port, deliveries(300)) as load:
            load.wait(20)
        assert len(load.acknowledged) == 300
        assert len(service.read_positions()) > 0
        service.signal_all(signal.SIGTERM)
        assert service.process.wait(25) == 0
    expect_nothing_lost(store, load)


@contextmanager
def _worker(environ: dict[str, str], folder: Path) -> Iterator[None]:
    """Run the worker line; it ends by itself when it is told to."""
    env = {"PATH": str(Path(sys.executable).parent), "PYTHONPATH": str(ROOT), **environ}
    command = ["/bin/sh", "-c", f"exec {lines()['worker']}"]
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)
    try:
        until(lambda: "passing marks on" in (folder / "worker.log").read_text())
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(25) == 0


def _listens_for_everybody(service: Service) -> None:
    """On PORT, at every address: the router comes from elsewhere."""
    (line,) = [line for line in service.log if "Listening at" in line]
    assert f"http://0.0.0.0:{service.port}" in line
