"""Exports under gunicorn: flat memory, room for others, and no whole answer that is not whole."""

import signal
import socket
import time
from functools import partial
from pathlib import Path
from statistics import median

import pytest
from sqlalchemy import Connection, text

from tests.conftest import API_TOKEN
from tests.host.hosting import LONGEST, read_all, read_until, until
from tests.scenarios.service import Service, serving
from tests.storage.plans import NUMBERS, learn
from webhook_app.storage import Store

#: 30 MB in NDJSON, far more than sockets buffer.
ROWS = 100_000
FILL = "INSERT INTO read_positions SELECT 'twitter', CAST(n AS text), '42', n * 8388608, n, n, 0 FROM numbers"


@pytest.fixture
def full(store: Store) -> Store:
    """A store with many positions."""
    head, rest = FILL.split(" SELECT ", 1)
    query = f"{head} {NUMBERS[store.database.dialect]} SELECT {rest}"
    store.write(partial(Connection.execute, statement=text(query), parameters={"rows": ROWS}))
    learn(store)
    return store


def ask(service: Service, version: str = "1.1") -> socket.socket:
    """Ask for an export; nothing of it is read yet."""
    return service.connect(
        f"GET /api/v1/export/positions.ndjson HTTP/{version}\r\nHost: bot.example\r\n"
        f"Authorization: Bearer {API_TOKEN}\r\n\r\n".encode()
    )


def drain(sock: socket.socket) -> int:
    """Read an answer to its end; returns how many rows there were."""
    rows, tail = 0, b""
    while not tail.endswith(b"\r\n0\r\n\r\n"):
        data = sock.recv(1 << 16)
        assert data, tail
        rows += data.count(b"}\n")
        # A row's end may come in two pieces.
        rows += tail.endswith(b"}") and data.startswith(b"\n")
        tail = (tail + data)[-7:]
    return rows


def test_memory_stays_flat(full: Store, environ: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, WEB_CONCURRENCY="1", **environ) as service:
        (worker,) = service.workers
        grown = []
        for _ in range(2):
            with ask(service) as sock:
                read_until(sock, b"\r\n\r\n")
                before = worker.memory_info().rss
                assert drain(sock) > ROWS * 0.99
            grown.append(worker.memory_info().rss - before)
        print(f"grown by {grown} bytes for {ROWS} rows")
        assert grown[1] < 4 << 20


def test_others_are_answered_meanwhile(full: Store, environ: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, WEB_CONCURRENCY="1", **environ) as service, ask(service) as sock:
        # The first request loads what exports need.
        read_until(sock, b"\r\n\r\n")
        sock.settimeout(0)
        took, got, deadline = list[float](), 0, time.monotonic() + LONGEST
        while got < 10_000_000:
            assert time.monotonic() < deadline
            try:
                got += len(sock.recv(1 << 20))
            except BlockingIOError:
                took.append(service.crc())
        print(f"{len(took)} answers, the slowest after {max(took) * 1000:.0f} ms")
        assert median(took) < 0.5


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("fault", ["the process ends", "the database fails"])
def test_an_answer_that_breaks_off_does_not_look_whole(
    full: Store, environ: dict[str, str], tmp_path: Path, version: str, fault: str
) -> None:
    """HTTP/1.0, which some proxies speak, has no chunks: there a mere close would be the end."""
    with serving(tmp_path, WEB_CONCURRENCY="1", **environ) as service, ask(service, version) as sock:
        read_until(sock, b"\r\n\r\n")
        if fault == "the process ends":
            service.process.send_signal(signal.SIGTERM)
            until(lambda: not accepts(service))
        else:
            full.write(
                lambda connection: connection.execute(text("ALTER TABLE read_positions RENAME TO gone"))
            )
        with pytest.raises(ConnectionResetError):
            read_all(sock)
        if fault == "the process ends":
            assert service.process.wait(LONGEST) == 0
        assert any("export of positions broken off" in line for line in service.log)
        assert not any("Traceback" in line for line in service.log)


def accepts(service: Service) -> bool:
    """Whether somebody still listens."""
    try:
        service.connect().close()
    except ConnectionRefusedError:
        return False
    return True
