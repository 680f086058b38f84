"""Commands as processes of their own, over real sockets."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil

from tests.host.hosting import LONGEST, ROOT
from tests.scenarios.deliveries import sign


class Process:
    """A command that runs, and what it has said."""

    def __init__(
        self,
        folder: Path,
        words: tuple[str, ...],
        env: dict[str, str],
        stderr: int | None = None,
        stdin: int | None = None,
    ) -> None:
        self._out, self._err = folder / "out", folder / "err"
        base = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "webhook_app", *words],
                cwd=folder, env=base | env, stdout=out, stderr=err if stderr is None else stderr, stdin=stdin,
            )  # fmt: skip

    @property
    def out(self) -> str:
        """What it has printed."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """What it has complained about."""
        return self._err.read_text()

    @property
    def children(self) -> list[psutil.Process]:
        """The processes that it has started, and theirs."""
        return psutil.Process(self.popen.pid).children(recursive=True)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.popen.send_signal(number)
        return self.popen.wait(LONGEST)

    def kill(self) -> None:
        """End it and all that it has started, without asking."""
        if self.popen.poll() is None:
            for child in self.children:
                child.kill()
            self.popen.kill()
        self.popen.wait(LONGEST)


Start = Callable[..., Process]


def start(folder: Path) -> Iterator[Start]:
    """Start processes, and kill what still runs in the end."""
    started: list[Process] = []

    def begin(*words: str, stderr: int | None = None, **env: str) -> Process:
        started.append(Process(folder, words, env, stderr))
        return started[-1]

    yield begin
    for process in started:
        process.kill()


def crc(port: int) -> bool:
    """Whether the service answers a webhook check, and rightly."""
    status, body = ask(port, "GET", "/webhooks/twitter?crc_token=foo")
    assert status in (None, 200), body
    return status is not None and json.loads(body) == {"response_token": sign(b"foo")}


def ask(port: int, method: str, path: str, body: bytes = b"") -> tuple[int | None, bytes]:
    """The answer to a request, signed if it has a body; None while nobody listens."""
    connection = HTTPConnection("127.0.0.1", port, timeout=LONGEST)
    try:
        headers = {"X-Twitter-Webhooks-Signature": sign(body)} if body else {}
        connection.request(method, path, body or None, headers)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, HTTPException):
        return None, b""
    finally:
        connection.close()
