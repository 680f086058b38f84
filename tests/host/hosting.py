"""Starts gunicorn as the Procfile does and talks to it over real sockets."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
LONGEST = 60.0  # seconds that anything may take before a test fails


def until(claim: Callable[[], object], seconds: float = LONGEST) -> None:
    """Return as soon as the claim is true; fail at the deadline."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Host:
    """A running gunicorn: its address, its processes and its log."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self._log = log

    @property
    def log(self) -> list[str]:
        """The lines logged so far."""
        return self._log.read_text().splitlines()

    @property
    def workers(self) -> list[psutil.Process]:
        """The worker processes."""
        return psutil.Process(self.process.pid).children()

    def connect(self, request: bytes = b"") -> socket.socket:
        """Open a connection and send these bytes."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=LONGEST)
        sock.sendall(request)
        return sock

    def exchange(self, request: bytes) -> bytes:
        """Send these bytes on a connection of their own and return all that comes until its end."""
        with self.connect(request) as sock:
            return read_all(sock)

    def get(self, path: str) -> str:
        """Return the body of an answer of 200."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=LONGEST)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            assert response.status == 200
            return response.read().decode()
        finally:
            connection.close()

    def answers(self) -> bool:
        """Whether somebody answers."""
        try:
            return self.get("/") == "hello"
        except OSError:
            return False

    def signal_all(self, number: signal.Signals) -> None:
        """Send this to every process, as Heroku does with SIGTERM and a terminal with SIGINT."""
        for worker in self.workers:
            worker.send_signal(number)
        self.process.send_signal(number)

    def terminate(self) -> float:
        """Send SIGTERM to the master and return the seconds until it has ended."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        return time.monotonic() - began


def read_all(sock: socket.socket) -> bytes:
    """Return all that comes until the other side closes."""
    received = b""
    while data := sock.recv(65536):
        received += data
    return received


def read_until(sock: socket.socket, end: bytes) -> bytes:
    """Return what comes until these bytes have come."""
    received = b""
    while end not in received:
        data = sock.recv(65536)
        assert data, f"closed after {received!r}"
        received += data
    return received


@contextmanager
def gunicorn(
    folder: Path, *options: str, limits: str = "", bound: bool = True, awaited: bool = True, **environ: str
) -> Iterator[Host]:
    """Run gunicorn in this folder, after these `ulimit` options, and end it with its workers."""
    port = free_port()
    log = folder / "log"
    words = [sys.executable, "-m", "gunicorn", "-c", "python:webhook_app.gunicorn_conf", *options]
    words += ["-b", f"127.0.0.1:{port}"] if bound else []
    words += ["tests.host.apps:app"]
    if limits:
        words = ["sh", "-c", f'ulimit {limits} && exec "$@"', "sh", *words]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PORT": str(port), **environ}
    with log.open("wb") as stderr:
        process = subprocess.Popen(words, cwd=folder, env=env, stderr=stderr, stdout=stderr)
    host = Host(process, port, log)
    try:
        if awaited:
            until(host.answers)
        yield host
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        for worker in psutil.Process(process.pid).children():
            worker.kill()
        process.kill()
    process.wait(LONGEST)
