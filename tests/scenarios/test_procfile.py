"""The Procfile, run by honcho as it stands: a host with two web processes and two workers over Postgres."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path

import psutil
import pytest

from tests.databases import postgres_database
from tests.host.hosting import LONGEST, ROOT, until
from tests.scenarios.clients import BOT, CONSUMER, bot_before, event, on_x
from tests.scenarios.deliveries import deliveries
from tests.scenarios.load import Load
from tests.scenarios.service import Service
from tests.scenarios.test_killed_dispatchers import accept
from tests.scenarios.truth import stored
from webhook_app.sandbox.config import SandboxConfig
from webhook_app.sandbox.server import Sandbox
from webhook_app.storage import Store

HONCHO = [sys.executable, "-m", "honcho", "-f", str(ROOT / "Procfile")]


@pytest.fixture
def database(postgres: str) -> Iterator[str]:
    """An empty database, with its URL as Heroku writes it: the release line is to migrate it."""
    with postgres_database(postgres) as url:
        yield url.replace("postgresql://", "postgres://")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """X, which takes marks."""
    with Sandbox(SandboxConfig(*CONSUMER, "bearer", (BOT,)), say=lambda _: None) as sandbox:
        yield sandbox


@pytest.fixture
def dyno(environ: dict[str, str], sandbox: Sandbox) -> dict[str, str]:
    """The environment of a dyno."""
    return {
        **environ,
        **bot_before(sandbox),
        "DYNO": "web.1",
        "WEB_CONCURRENCY": "1",
        "COALESCE_SECONDS": "0.1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }


class Hosted:
    """What honcho runs, and what it has said."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process = process
        self.log = log
        #: honcho gives each line of the Procfile a hundred ports; `release` comes before `web`.
        self.webs = [Service(process, port + 100 + number, log) for number in range(2)]

    def said(self, words: str) -> int:
        """How many lines hold these words."""
        return sum(words in line for line in self.log.read_text().splitlines())

    def named(self, words: str) -> list[psutil.Process]:
        """The Python processes that these words have started, parents first."""
        everybody = psutil.Process(self.process.pid).children(recursive=True)
        return [one for one in everybody if words in " ".join(one.cmdline()) and one.name() != "sh"]


@contextmanager
def hosted(folder: Path, environ: dict[str, str], port: int) -> Iterator[Hosted]:
    """Run two web processes and two workers; yields when all of them are at work."""
    log = folder / "honcho.log"
    words = [*HONCHO, "start", "-p", str(port), "-c", "release=0,web=2,worker=2"]
    with log.open("wb") as out:
        process = subprocess.Popen(words, cwd=folder, env=environ, stdout=out, stderr=out)
    host = Hosted(process, port, log)
    try:
        until(lambda: all(web.serves() for web in host.webs) and host.said("passing marks on") == 2, 60)
        yield host
    finally:
        if process.poll() is None:
            left = psutil.Process(process.pid)
            for one in [*left.children(recursive=True), left]:
                with suppress(psutil.NoSuchProcess):
                    one.kill()
        process.wait(LONGEST)


def base_port() -> int:
    """A port for honcho to count from, of those that the system gives to nobody by itself.

    Whoever asks again and again for one of the others, while nobody listens there, may end up connected to
    itself, and the address is in use.
    """
    for port in range(20_000 + os.getpid() % 10_000, 32_000, 2):
        with suppress(OSError), socket.socket() as web, socket.socket() as other:
            web.bind(("127.0.0.1", port + 100))
            other.bind(("127.0.0.1", port + 101))
            return port
    raise AssertionError("no port is free")


def release(environ: dict[str, str], folder: Path) -> str:
    """Run the release line; returns what it said."""
    words = [*HONCHO, "start", "release"]
    done = subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_two_webs_and_two_workers_lose_nothing_when_one_of_each_dies(
    dyno: dict[str, str], tmp_path: Path, store: Store, sandbox: Sandbox
) -> None:
    assert "(was empty)" in release(dyno, tmp_path)
    assert "up to date" in release(dyno, tmp_path)
    marks = [{str(10 * number + peer): int(event(60)) for peer in range(10)} for number in (1, 2)]
    port = base_port()
    loads = [Load(port + 100 + web, islice(deliveries(1_000_000), web, None, 2)) for web in range(2)]
    with ExitStack() as x:
        for load in loads:
            x.enter_context(load)
        with hosted(tmp_path, dyno, port) as host:
            # The router comes from elsewhere.
            assert host.said("Listening at: http://0.0.0.0:") == 2
            for load in loads:
                load.acknowledge(50)
            accept(host.webs[0], marks[0])
            for one in (host.named("gunicorn")[-1], host.named("webhook_app worker")[0]):
                one.kill()
            # It ends all when one has ended; a host would start that one again.
            host.process.wait(LONGEST)
        with hosted(tmp_path, dyno, port) as host:
            accept(host.webs[1], marks[1])
            for load in loads:
                load.acknowledge(50)
            wanted = {(peer, str(cursor)) for batch in marks for peer, cursor in batch.items()}
            until(lambda: {mark[1:] for mark in on_x(sandbox)} == wanted)
            x.close()
            host.process.send_signal(signal.SIGTERM)
            host.process.wait(LONGEST)
    assert (host.said("worker: ended"), host.said("Shutting down: Master")) == (2, 2)
    assert not any(host.said(word) for word in ("SIGKILL", "unfinished", "Traceback"))
    owed = {mark for load in loads for one in load.acknowledged for mark in one.marks}
    assert owed <= stored(store)[1]
