"""Viewers of the stream over real connections."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse

from tests.conftest import API_TOKEN
from tests.host.hosting import LONGEST
from tests.scenarios.deliveries import body_of, signed
from tests.scenarios.service import Service
from tests.scenarios.wire import Wire, get
from tests.web.watching import STREAM, Reader
from webhook_app.domain.position import Mark


def _pieces(answer: HTTPResponse) -> Iterator[bytes]:
    while piece := answer.read1(1 << 16):
        yield piece


@contextmanager
def looking_on(service: Service, query: str = "", last_id: str = "") -> Iterator[Reader]:
    """A viewer; at the end its connection breaks."""
    connection = HTTPConnection("127.0.0.1", service.port, timeout=LONGEST)
    headers = {"Authorization": f"Bearer {API_TOKEN}"} | ({"Last-Event-ID": last_id} if last_id else {})
    try:
        connection.request("GET", STREAM + query, headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        yield Reader(_pieces(answer))
    finally:
        connection.close()


def sleeping(service: Service) -> socket.socket:
    """A viewer that takes nothing behind its first bytes."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(LONGEST)
    sock.connect(("127.0.0.1", service.port))
    sock.sendall(get(STREAM, f"Authorization: Bearer {API_TOKEN}"))
    assert sock.recv(100).startswith(b"HTTP/1.1 200 ")
    return sock


def deliver(service: Service, *marks: Mark) -> None:
    """Deliver marks to a service, as their platform does: again what is answered with 503."""
    for _ in range(5):
        with Wire(service.port) as wire:
            answer = wire.exchange(signed(body_of(marks)))
        if answer.status != 503:
            break
    assert (answer.status, json.loads(answer.body)["accepted"]) == (200, len(marks))
