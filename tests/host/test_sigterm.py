"""SIGTERM, and worse."""

import resource
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.host.hosting import Host, gunicorn, read_all, read_until, until

#: Seconds; what does not end by itself ends after 25.
AT_ONCE = 20
HALF_HEADER = b"GET /hello HTTP/1.1\r\nHost: bot.example"
HALF_BODY = b"POST /body HTTP/1.1\r\nHost: bot.example\r\nContent-Length: 100\r\n\r\nhalf"
WHOLE = b"GET /hello HTTP/1.1\r\nHost: bot.example\r\n\r\n"
STREAM = b"GET /stream HTTP/1.1\r\nHost: bot.example\r\n\r\n"


@pytest.fixture(autouse=True)
def _many_files() -> Iterator[None]:
    """Let this process open a socket for each of its thousand connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def crowd(host: Host, stack: ExitStack, number: int, request: bytes) -> list[socket.socket]:
    """Open this many connections that send these bytes and no more."""
    return [stack.enter_context(host.connect(request)) for _ in range(number)]


def test_it_ends_cleanly_with_a_thousand_connections_and_a_stream(tmp_path: Path) -> None:
    with gunicorn(tmp_path) as host, ExitStack() as stack:
        idle = crowd(host, stack, 400, WHOLE)
        for sock in idle:
            read_until(sock, b"hello")
        crowd(host, stack, 300, HALF_HEADER)
        crowd(host, stack, 300, HALF_BODY)
        streams = crowd(host, stack, 10, STREAM)
        for sock in streams:
            read_until(sock, b"begun\n")

        began = time.monotonic()
        host.signal_all(signal.SIGTERM)
        assert all(read_all(sock) == b"" for sock in idle)
        idle_seconds = time.monotonic() - began
        host.signal_all(signal.SIGTERM)
        assert all(b"done" in read_all(sock) for sock in streams)
        code = host.process.wait(30)
        seconds = time.monotonic() - began

        print(f"idle connections closed after {idle_seconds:.2f} s, all ended after {seconds:.2f} s")
        assert code == 0
        assert idle_seconds < 2
        assert seconds < 25
        assert "unfinished" not in "\n".join(host.log)


@pytest.mark.parametrize("request_bytes", [HALF_HEADER, HALF_BODY, WHOLE, STREAM])
def test_a_thousand_connections_do_not_delay_a_request(tmp_path: Path, request_bytes: bytes) -> None:
    with gunicorn(tmp_path) as host, ExitStack() as stack:
        crowd(host, stack, 1000, request_bytes)
        began = time.monotonic()
        assert host.get("/") == "hello"
        seconds = time.monotonic() - began
        print(f"answered after {seconds * 1000:.0f} ms")
        # X waits so long for the answer to a check.
        assert seconds < 3


def test_it_answers_a_request_in_flight(tmp_path: Path) -> None:
    with gunicorn(tmp_path, WEB_CONCURRENCY="1") as host:
        with host.connect(b"GET /slow HTTP/1.1\r\nHost: bot.example\r\n\r\n") as sock:
            until(lambda: host.get("/in_flight") == "1")
            seconds = host.terminate()
            answer = read_all(sock)
        assert answer.endswith(b"answered")
        assert b"Connection: close" in answer
        assert host.process.returncode == 0
        assert seconds < 5


def test_it_answers_what_was_still_arriving(tmp_path: Path) -> None:
    with gunicorn(tmp_path, WEB_CONCURRENCY="1") as host:
        with host.connect(HALF_BODY) as sock, host.connect(STREAM) as stream:
            read_until(stream, b"begun\n")
            host.process.send_signal(signal.SIGTERM)
            read_until(stream, b"done\n")
            sock.sendall(b"x" * 96)
            assert read_all(sock).endswith(b"100")
        assert host.process.wait(30) == 0


def test_the_application_may_hang_up_on_who_takes_nothing(tmp_path: Path) -> None:
    with gunicorn(tmp_path, WEB_CONCURRENCY="1") as host:
        with host.connect(b"GET /stubborn HTTP/1.1\r\nHost: bot.example\r\n\r\n") as sock:
            read_until(sock, b"200 OK")
            until(lambda: host.get("/in_flight") == "1")
            assert host.terminate() < AT_ONCE
        assert "unfinished" not in "\n".join(host.log)


def test_it_waits_for_the_callbacks_of_the_application(tmp_path: Path) -> None:
    with gunicorn(tmp_path, WEB_CONCURRENCY="3") as host:
        until(lambda: len({host.get("/process") for _ in range(20)}) == 3)
        host.terminate()
        assert host.process.returncode == 0
        assert host.log.count("flushed") == 3


def test_it_obeys_while_it_starts(tmp_path: Path) -> None:
    with gunicorn(tmp_path, awaited=False) as host:
        until(lambda: any("Booting worker" in line for line in host.log))
        assert host.terminate() < AT_ONCE
        assert host.process.returncode == 0


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    with gunicorn(tmp_path, WEB_CONCURRENCY="1") as host:
        first = host.get("/process")
        host.workers[0].kill()
        until(lambda: host.answers() and host.get("/process") != first)
        assert host.terminate() < AT_ONCE
        assert host.process.returncode == 0


def test_ctrl_c_does_not_wait_long_for_a_request(tmp_path: Path) -> None:
    with gunicorn(tmp_path, "-k", "tests.host.apps.HastyWorker", WEB_CONCURRENCY="1") as host:
        with host.connect(b"GET /stuck HTTP/1.1\r\nHost: bot.example\r\n\r\n"):
            until(lambda: host.get("/in_flight") == "1")
            host.signal_all(signal.SIGINT)
            assert host.process.wait(AT_ONCE) == 0
        assert any('level=warning event="ended unfinished"' in line for line in host.log)


def test_ctrl_c_ends_it_without_a_traceback(tmp_path: Path) -> None:
    with gunicorn(tmp_path) as host:
        host.signal_all(signal.SIGINT)
        assert host.process.wait(AT_ONCE) == 0
        assert "Traceback" not in "\n".join(host.log)
