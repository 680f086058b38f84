"""Bodies that dawdle, swell or lie about their length, on the wire."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from select import select

import pytest

from tests.conftest import API_TOKEN, CONSUMER_SECRET
from tests.scenarios.deliveries import BOT, body_of, mark, sign, signed
from tests.scenarios.service import Service, serving
from tests.scenarios.watch import CrcWatch
from tests.scenarios.wire import Answer, Wire, post
from webhook_app.settings import read_settings
from webhook_app.storage.migrate import migrate

#: The service's own patience with a body.
MOST_SECONDS = 10
BODY = body_of([mark(1)])
SIGNATURE = f"X-Twitter-Webhooks-Signature: {sign(BODY)}"
HALF = post(BODY[:20], f"Content-Length: {len(BODY)}", SIGNATURE)
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all: none of this has to do with its database."""
    folder = tmp_path_factory.mktemp("service")
    environ = {"DATABASE_URL": f"sqlite:///{folder}/readmark.db", "SECRET_KEY": "k", "API_TOKEN": API_TOKEN}
    migrate(read_settings(environ).database_url)
    with serving(folder, **environ, TWITTER_CONSUMER_SECRET=CONSUMER_SECRET) as service:
        yield service


@pytest.fixture
def wire(service: Service) -> Iterator[Wire]:
    """A connection to it."""
    with Wire(service.port) as wire:
        yield wire


@pytest.fixture(autouse=True)
def _keeps(service: Service) -> Iterator[None]:
    """Whatever a test does, it leaves neither a position that it should not nor the service unable."""
    yield
    assert set(service.read_positions()) <= {(f"{1_000_000 + number}", BOT) for number in (10, 11, 12)}
    # The empty body was signed, so it is kept.
    assert {item["excerpt"] for item in service.ask("/api/v1/quarantine")["items"]} <= {""}
    service.crc()


def chunk(data: bytes) -> bytes:
    """A piece of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def error_of(answer: Answer) -> str:
    """The sentence of a refusal."""
    assert b"\r\nContent-Type: application/json\r\n" in answer.head
    error: str = json.loads(answer.body)["error"]
    return error


def test_bodies_that_do_not_arrive_are_given_up_and_delay_nobody(service: Service) -> None:
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(service.port)) for _ in range(300)]
        began = time.monotonic()
        for number, half in enumerate(wires):
            # The page and the API give nobody more time than the webhooks do.
            half.socket.sendall(HALF if number % 2 == 0 else HALF.replace(b"/webhooks/twitter", b"/login"))
        watch = stack.enter_context(CrcWatch(service))
        # A byte now and then does not buy time, or they would be used up.
        drops = iter(BODY[20:-1])
        while not select([wires[0].socket], [], [], 0)[0]:
            wires[0].socket.sendall(bytes([next(drops)]))
            watch.look(20)
        answers = [half.answer() for half in wires]
        seconds = time.monotonic() - began
    print(f"all answered after {seconds:.1f} s; {watch}")
    assert {answer.status for answer in answers} == {408}
    assert "10 seconds" in error_of(answers[0])
    assert seconds > MOST_SECONDS - 0.5
    assert watch.in_time


def test_a_chunked_body_is_a_body(service: Service, wire: Wire) -> None:
    body = body_of([mark(10)])
    pieces = b"".join(chunk(body[start : start + 7]) for start in range(0, len(body), 7)) + b"0\r\n\r\n"
    header = f"X-Twitter-Webhooks-Signature: {sign(body)}"
    for _ in range(2):
        answer = wire.exchange(post(pieces, "Transfer-Encoding: chunked", header))
        assert (answer.status, json.loads(answer.body)["accepted"]) == (200, 1)
    assert ("1000010", BOT) in service.read_positions()


def test_too_long_a_body_is_refused_before_it_has_come(wire: Wire) -> None:
    head = post(b"x" * 65536, f"Content-Length: {8 * MEBIBYTE}", SIGNATURE)
    answer = wire.exchange(head)
    assert (answer.status, error_of(answer)) == (413, "The body has more than 1048576 bytes.")


def test_who_goes_on_sending_too_long_a_body_still_reads_the_refusal(wire: Wire) -> None:
    wire.socket.sendall(post(b"x" * 2 * MEBIBYTE, f"Content-Length: {2 * MEBIBYTE}", SIGNATURE))
    assert wire.answer().status == 413


def test_a_chunked_body_without_end_is_refused_at_a_mebibyte(wire: Wire) -> None:
    wire.socket.sendall(post(b"", "Transfer-Encoding: chunked", SIGNATURE))
    for _ in range(20):
        wire.socket.sendall(chunk(b"x" * 65536))
    assert wire.answer().status == 413


def test_a_body_of_a_whole_mebibyte_is_taken(service: Service, wire: Wire) -> None:
    body = body_of([mark(11)])
    body += b" " * (MEBIBYTE - len(body))
    assert wire.exchange(signed(body)).status == 200
    assert wire.exchange(signed(body + b" ")).status == 413
    assert ("1000011", BOT) in service.read_positions()


def test_what_follows_a_length_that_is_too_small_is_no_delivery(wire: Wire) -> None:
    answer = wire.exchange(post(BODY, f"Content-Length: {len(BODY) - 5}", SIGNATURE))
    assert answer.status == 403
    assert wire.answer().status == 400
    assert wire.socket.recv(1) == b""


def test_a_length_that_is_too_great_waits_for_the_end_of_the_connection(wire: Wire) -> None:
    wire.socket.sendall(post(BODY, f"Content-Length: {len(BODY) + 5}", SIGNATURE))
    wire.socket.shutdown(1)
    answer = wire.answer()
    assert (answer.status, error_of(answer)) == (400, "The body is shorter than its Content-Length.")


def test_it_bears_that_the_other_side_hangs_up_in_the_middle(service: Service) -> None:
    for _ in range(20):
        with Wire(service.port) as wire:
            wire.socket.sendall(HALF)


#: Headers that would let two servers in a row see different requests.
LIES = [
    ("Content-Length: -1",),
    ("Content-Length: +12",),
    ("Content-Length: 1e3",),
    ("Content-Length: 12, 13",),
    (f"Content-Length: {len(BODY)}", f"Content-Length: {len(BODY) + 1}"),
    (f"Content-Length: {len(BODY)}", "Transfer-Encoding: chunked"),
    ("Transfer-Encoding: chunked, identity",),
]


@pytest.mark.parametrize("lies", LIES)
def test_lengths_that_can_be_read_in_two_ways_are_refused(wire: Wire, lies: tuple[str, ...]) -> None:
    answer = wire.exchange(post(BODY, *lies, SIGNATURE))
    assert answer.status in (400, 501)
    assert wire.socket.recv(1) == b""


def test_a_delivery_without_a_body_has_no_signature_to_believe(wire: Wire) -> None:
    assert wire.exchange(post(b"")).status == 403
    empty = f"X-Twitter-Webhooks-Signature: {sign(b'')}"
    assert wire.exchange(post(b"", empty)).status == 400


def test_an_answer_to_a_check_does_not_forge_a_delivery(wire: Wire) -> None:
    def checked(token: str) -> Answer:
        return wire.exchange(
            f"GET /webhooks/twitter?crc_token={token} HTTP/1.1\r\nHost: bot.example\r\n\r\n".encode()
        )

    # What could be a delivery is not signed.
    assert checked(BODY.decode().replace(" ", "%20").replace('"', "%22")).status == 400
    # What is signed is no delivery.
    signature = json.loads(checked("12").body)["response_token"]
    header = f"X-Twitter-Webhooks-Signature: {signature}"
    assert wire.exchange(post(b"12", "Content-Length: 2", header)).status == 400
