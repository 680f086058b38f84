"""What the host logs, and what it never does."""

import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from gunicorn import __version__ as gunicorn_version

from tests.host.hosting import Host, gunicorn, read_until

VALUE = r'("[^"\n]*"|[^\s"=]+)'
LINE = re.compile(rf"ts=\S+Z level=(info|warning|error|critical) event={VALUE}( [a-z_]+={VALUE})*")
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset

MALFORMED = [
    # No version, a wrong one, a wrong method
    b"GET /hello?token=sekret\r\n\r\n",
    b"GET /hello?token=sekret HTTP/9.9\r\n\r\n",
    b"get! /hello?token=sekret HTTP/1.1\r\n\r\n",
    # Too long a line, too long a header, too many headers
    b"GET /hello?token=sekret" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n",
    b"GET /hello?token=sekret HTTP/1.1\r\nCookie: sekret" + b"x" * 9000 + b"\r\n\r\n",
    b"GET /hello?token=sekret HTTP/1.1\r\n" + b"X: sekret\r\n" * 200 + b"\r\n",
    # Headers that are none
    b"GET /hello?token=sekret HTTP/1.1\r\nsekret\r\n\r\n",
    b"GET /hello?token=sekret HTTP/1.1\r\nse kret: sekret\r\n\r\n",
    b"GET /hello?token=sekret HTTP/1.1\r\nAuthorization: sekret\x01\r\n\r\n",
    # Bodies of no length
    b"POST /hello?token=sekret HTTP/1.1\r\nContent-Length: sekret\r\n\r\n",
    b"POST /hello?token=sekret HTTP/1.1\r\nTransfer-Encoding: sekret\r\n\r\n",
    b"POST /hello?token=sekret HTTP/1.1\r\nExpect: sekret\r\n\r\n",
]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """One host, whose log all these tests read."""
    with gunicorn(tmp_path_factory.mktemp("host"), WEB_CONCURRENCY="1") as running:
        yield running


def logged(host: Host, event: str) -> list[str]:
    """Return the lines of an event; all lines must be logfmt and none may tell a secret."""
    for line in host.log:
        assert LINE.fullmatch(line), line
        assert "sekret" not in line
    return [line for line in host.log if f'event="{event}"' in line]


def test_it_writes_one_line_an_event(host: Host) -> None:
    assert logged(host, f"Starting gunicorn {gunicorn_version}")[0].startswith("ts=")


@pytest.mark.parametrize("request_bytes", MALFORMED)
def test_a_malformed_request_is_refused_and_logged_without_its_words(
    host: Host, request_bytes: bytes
) -> None:
    before = len(logged(host, "bad request"))
    status = host.exchange(request_bytes).split()[1]
    assert status in (b"400", b"417", b"431", b"501")
    lines = logged(host, "bad request")
    assert len(lines) == before + 1
    assert re.search(r" reason=[A-Z]\w+ ip=127\.0\.0\.1$", lines[-1])


def test_a_malformed_chunk_is_not_logged(host: Host) -> None:
    before = host.log
    host.exchange(b"POST /hello?token=sekret HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nsekret\r\n")
    assert host.log == before


def test_an_error_is_logged_with_its_place_and_not_its_message(host: Host) -> None:
    answer = host.exchange(b"GET /fails?token=sekret HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"sekret" not in answer
    assert re.search(r'error=ValueError at="apps\.py:\d+:__call__ ', logged(host, "request failed")[-1])


def test_an_error_amid_an_answer_is_logged_likewise(host: Host) -> None:
    assert host.exchange(b"GET /breaks?token=sekret HTTP/1.1\r\n\r\n").endswith(b"begun\n\r\n")
    assert re.search(r'error=ValueError at="apps\.py:\d+:breaks ', logged(host, "Error handling request")[-1])


def test_an_error_in_a_greenlet_is_logged_likewise(host: Host) -> None:
    host.get("/forgets?sekret")
    assert host.answers()
    assert "error=TypeError" in logged(host, "greenlet failed")[-1]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"",
        b"GET /hello?token=sekret HT",
        b"POST /body?token=sekret HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf",
        b"GET /stream?token=sekret HTTP/1.1\r\n\r\n",
    ],
)
def test_a_client_that_resets_is_not_logged(host: Host, request_bytes: bytes) -> None:
    before = host.log
    with host.connect(request_bytes) as sock:
        if b"stream" in request_bytes:
            read_until(sock, b"begun")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    assert host.answers()
    assert host.log == before


def test_the_end_is_logged_in_the_same_way(tmp_path: Path) -> None:
    with gunicorn(tmp_path, WEB_CONCURRENCY="1") as host:
        host.terminate()
        lines = [line for line in host.log if line != "flushed"]
    assert all(LINE.fullmatch(line) for line in lines)
    assert 'level=info event="Shutting down: Master"' in lines[-1]
