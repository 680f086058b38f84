"""Connections to the sandbox, which stay open."""

import socket
import threading
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.sandbox.conftest import CONFIG, Driver
from tests.sandbox.consumer import PATIENCE
from webhook_app.sandbox.server import Sandbox

BODY = b'{"visits_per_second": 0}'


def _connect(sandbox: Sandbox) -> socket.socket:
    address = urlsplit(sandbox.url)
    return socket.create_connection((address.hostname, address.port), timeout=PATIENCE)


def test_one_connection_carries_many_calls_whatever_they_are(driver: Driver) -> None:
    connection = HTTPConnection(urlsplit(driver.sandbox.url).netloc, timeout=PATIENCE)
    connection.connect()
    kept = connection.sock
    calls = [
        ("GET", "/_sandbox/marks", b"", 200),
        ("POST", "/_sandbox/life", BODY, 200),
        # Nobody reads this body.
        ("POST", "/1.1/nothing.json", b"x" * 100_000, 404),
        ("HEAD", "/_sandbox/marks", b"", 200),
        ("POST", "/1.1/direct_messages/mark_read.json", b"", 401),
        ("GET", "/nowhere", b"", 404),
    ]
    for method, path, body, status in calls * 5:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.version, answer.will_close) == (status, 11, False)
        assert connection.sock is kept
    connection.close()


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /_sandbox/life HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY),
        b"POST /_sandbox/life HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
        % (len(BODY), BODY),
    ],
)
def test_calls_can_be_sent_before_the_answers_come(driver: Driver, request_: bytes) -> None:
    with _connect(driver.sandbox) as connection:
        connection.sendall(request_ * 3)
        answers = b""
        while answers.count(b"{}\n") < 3:
            answers += connection.recv(4096)
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 3


def test_who_asks_first_whether_to_send_the_body_is_told_to(driver: Driver) -> None:
    head = b"POST /_sandbox/life HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    with _connect(driver.sandbox) as connection:
        connection.sendall(head % len(BODY))
        assert connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_client_that_wants_the_connection_closed_gets_that(driver: Driver) -> None:
    with _connect(driver.sandbox) as connection:
        connection.sendall(b"GET /_sandbox/marks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := connection.recv(4096):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


def test_kept_connections_and_calls_that_hang_end_with_the_sandbox() -> None:
    before = set(threading.enumerate())
    with Sandbox(CONFIG) as sandbox:
        idle, hanging = _connect(sandbox), _connect(sandbox)
        hanging.sendall(
            b'POST /_sandbox/mark_faults HTTP/1.1\r\nHost: x\r\nContent-Length: 14\r\n\r\n{"hang": 3600}'
        )
        assert hanging.recv(4096)
        hanging.sendall(b"POST /1.1/direct_messages/mark_read.json HTTP/1.1\r\nHost: x\r\n\r\n")
        idle.sendall(b"GET /_sandbox/marks HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(4096)
    assert set(threading.enumerate()) <= before
    for connection in (idle, hanging):
        connection.close()
