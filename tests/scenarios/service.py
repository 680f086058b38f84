"""The service as the Procfile starts it, in processes of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from tests.conftest import API_TOKEN
from tests.host.hosting import LONGEST, ROOT, Host, free_port, until
from tests.scenarios.deliveries import sign
from tests.scenarios.wire import Wire, get

GUNICORN = (
    sys.executable, "-m", "gunicorn", "-c", "python:webhook_app.gunicorn_conf", "webhook_app:create_app()",
)  # fmt: skip


class Service(Host):
    """The running service."""

    def crc(self) -> float:
        """Ask for a webhook check on a new connection; returns the seconds until the right answer."""
        began = time.monotonic()
        with Wire(self.port) as wire:
            answer = wire.exchange(get("/webhooks/twitter?crc_token=foo"))
        assert (answer.status, json.loads(answer.body)) == (200, {"response_token": sign(b"foo")})
        return time.monotonic() - began

    def serves(self) -> bool:
        """Whether a webhook check is answered."""
        with suppress(OSError):
            self.crc()
            return True
        return False

    def ask(self, path: str) -> Any:
        """What the API says."""
        with Wire(self.port) as wire:
            answer = wire.exchange(get(path, f"Authorization: Bearer {API_TOKEN}"))
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def read_positions(self) -> dict[tuple[str, str], tuple[str, str]]:
        """(cursor, read_at) by (reader, peer), by way of the API, page for page."""
        rows, page = [], ""
        while True:
            answer = self.ask(f"/api/v1/read-positions?limit=1000{page}")
            rows += answer["items"]
            if answer["next_page"] is None:
                break
            page = f"&page={answer['next_page']}"
        return {(row["reader"], row["peer"]): (row["cursor"], row["read_at"]) for row in rows}


@contextmanager
def serving(
    folder: Path, words: Sequence[str] = GUNICORN, port: int | None = None, /, **environ: str
) -> Iterator[Service]:
    """Run the service in this folder until it serves, and in the end kill what is left of it."""
    port = port or free_port()
    log = folder / "log"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "PYTHONPATH": str(ROOT), "PORT": str(port), **environ}
    with log.open("ab") as stderr:
        process = subprocess.Popen(words, cwd=folder, env=env, stdout=stderr, stderr=stderr)
    service = Service(process, port, log)
    try:
        until(service.serves)
        yield service
    finally:
        _kill(process)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    workers = []
    if process.poll() is None:
        # Stopped first, or it would replace its workers.
        process.send_signal(signal.SIGSTOP)
        workers = psutil.Process(process.pid).children(recursive=True)
        for worker in workers:
            worker.kill()
        process.kill()
    process.wait(LONGEST)
    # They may still hold files. Once they have ended it does not matter when somebody reaps them.
    until(lambda: all(_ended(worker) for worker in workers))


def _ended(process: psutil.Process) -> bool:
    """Whether no thread of it is left that could hold a file."""
    tasks = Path(f"/proc/{process.pid}/task")
    if not tasks.parent.parent.exists():
        return not process.is_running()
    with suppress(FileNotFoundError, psutil.NoSuchProcess):
        return process.status() == psutil.STATUS_ZOMBIE and len(list(tasks.iterdir())) <= 1
    return True
