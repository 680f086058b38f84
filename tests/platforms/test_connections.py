"""No answer, of whatever it is made, takes more of a call's time or of our memory than it may."""

import gzip
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Protocol

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from urllib3 import Timeout

from tests.platforms.far_end import Answer, FarEnd
from tests.platforms.slow_end import Pieces, SlowEnd
from webhook_app.domain.outbox import Verdict
from webhook_app.domain.rate import Word
from webhook_app.errors import DeliveryError
from webhook_app.platforms import slack_delivery, twitter_delivery
from webhook_app.platforms.connections import LONGEST

#: Seconds to connect and to answer, for what comes; for what never does; and for who is hard to find.
PATIENT, HASTY, NEAR = (60.0, 60.0), (60.0, 0.3), (0.5, 60.0)
HEAD = b"HTTP/1.1 503 Busy\r\nContent-Type: text/html\r\n"
MIB = 1 << 20
BIG = gzip.compress(bytes(32 * MIB))
#: Of a kilobyte or so, for ever.
ENDLESS = repeat(b"x" * 1000)
CHUNK = b"3e8\r\n" + b"x" * 1000 + b"\r\n"

Mark = Callable[[], Word]


class Door(Protocol):
    """Calls to a platform at an address, which has `seconds` to be connected to, and to answer."""

    def __call__(self, url: str, seconds: tuple[float, float] = PATIENT) -> Mark: ...


def x(url: str, seconds: tuple[float, float] = PATIENT) -> Mark:
    """Calls to X."""
    delivery = twitter_delivery.Delivery(url, seconds)
    return lambda: delivery.mark(("key", "secret", "1245-abc", "secret"), "42", "1247310121283321862")


def slack(url: str, seconds: tuple[float, float] = PATIENT) -> Mark:
    """Calls to Slack."""
    connect, read = seconds
    delivery = slack_delivery.Delivery(f"{url}/api/", Timeout(connect=connect, read=read))
    return lambda: delivery.mark("xoxb-1", "C012345678", "1593473566.000200")


both = pytest.mark.parametrize("door", [x, slack])
#: What each takes for a success.
GOOD: dict[Door, bytes] = {
    x: b"HTTP/1.1 204 OK\r\n\r\n",
    slack: b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"ok":true}',
}


@pytest.fixture
def slow_end() -> Iterator[SlowEnd]:
    """What platforms call."""
    with SlowEnd() as slow_end:
        yield slow_end


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a certificate of 127.0.0.1, which vouches for itself, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "platform")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "platform.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return file


@pytest.fixture
def slow_tls_end(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowEnd]:
    """The same, over TLS."""
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with SlowEnd(context) as slow_end:
        yield slow_end


def given_up(mark: Mark) -> str:
    """Why a call was given up, which it was with little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(DeliveryError) as caught:
            mark()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (caught.value.verdict, caught.value.word) == (Verdict.RETRY, None)
    assert peak < 2 * MIB
    return str(caught.value)


def dribbled(text: bytes) -> Pieces:
    """A byte a twentieth of a second: each read is in time."""
    return Pieces((text[index : index + 1] for index in range(len(text))), 0.05)


TROUBLES: list[tuple[str, Callable[[], Pieces]]] = [
    ("a status line", lambda: dribbled(b"HTTP/1.1 503 " + b"x" * 100)),
    ("headers", lambda: dribbled(b"HTTP/1.1 503 Busy\r\n" + b"A: b\r\n" * 20)),
    ("a body", lambda: Pieces(chain([HEAD + b"Content-Length: 100000\r\n\r\n"], repeat(b"x")), 0.05)),
    ("chunks", lambda: Pieces(
        chain([HEAD + b"Transfer-Encoding: chunked\r\n\r\n"], repeat(b"1\r\nx\r\n")), 0.05)),
    ("trailers", lambda: Pieces(
        chain([HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"], repeat(b"A: b\r\n")), 0.05)),
    ("interim answers", lambda: Pieces(repeat(b"HTTP/1.1 100 Continue\r\n\r\n"), 0.05)),
    ("interim answers without end", lambda: Pieces(repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 50))),
    ("a status line without end", lambda: Pieces(chain([b"HTTP/1.1 503 "], ENDLESS))),
    ("a body without end", lambda: Pieces(chain([HEAD + b"\r\n"], ENDLESS))),
    ("chunks without end", lambda: Pieces(
        chain([HEAD + b"Transfer-Encoding: chunked\r\n\r\n"], repeat(CHUNK)))),
    ("a long body", lambda: Pieces(chain([HEAD + b"Content-Length: 400000000\r\n\r\n"], ENDLESS))),
    ("a chunk as long as none", lambda: Pieces(
        chain([HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffff\r\n"], ENDLESS))),
    ("a chunk as long as no number", lambda: Pieces(
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 100 + b"\r\nx"], close=True)),
    ("a body as long as no number", lambda: Pieces(
        [HEAD + b"Content-Length: " + b"9" * 100 + b"\r\n\r\nx"], close=True)),
]  # fmt: skip


@both
@pytest.mark.parametrize("trouble", [pytest.param(make, id=name) for name, make in TROUBLES])
def test_an_answer_is_bounded_in_time_and_length(
    door: Door, trouble: Callable[[], Pieces], slow_end: SlowEnd
) -> None:
    slow_end.answers.append(trouble())
    assert given_up(door(slow_end.url, HASTY)).startswith("no answer (")
    assert slow_end.calls <= 1


@both
@pytest.mark.parametrize("trouble", [pytest.param(make, id=name) for name, make in TROUBLES[2:9:3]])
def test_it_is_so_over_tls(door: Door, trouble: Callable[[], Pieces], slow_tls_end: SlowEnd) -> None:
    slow_tls_end.answers.append(trouble())
    assert given_up(door(slow_tls_end.url, HASTY)).startswith("no answer (")


@both
def test_what_is_compressed_is_not_inflated(door: Door, far_end: FarEnd) -> None:
    far_end.always = Answer(503, BIG, (("Content-Encoding", "gzip"),))
    assert len(BIG) < LONGEST
    assert given_up(door(far_end.url)) == "HTTP 503"
    assert far_end.came[0].headers["accept-encoding"] == "identity"


@both
def test_a_body_may_be_long(door: Door, far_end: FarEnd) -> None:
    far_end.always = Answer(503, b"x" * (LONGEST - 1000))
    assert given_up(door(far_end.url)) == "HTTP 503"


@both
def test_a_body_may_be_nested_as_deeply_as_it_likes(door: Door, far_end: FarEnd) -> None:
    far_end.always = Answer(400, b"[" * 50_000)
    with pytest.raises(DeliveryError) as caught:
        door(far_end.url)()
    assert caught.value.verdict is Verdict.RETRY


@both
def test_each_answer_on_a_connection_has_all_the_time(door: Door) -> None:
    def comes(read: float) -> bool:
        """Whether four answers do, of which two take longer together than one may."""
        with SlowEnd() as slow_end:
            mark = door(slow_end.url, (60.0, read))
            slow_end.answers += [Pieces([GOOD[door][:20], GOOD[door][20:]], read / 3) for _ in range(4)]
            with suppress(DeliveryError):
                assert [mark() for _ in range(4)] == [Word()] * 4
                assert (slow_end.calls, len(slow_end.connections)) == (4, 1)
                return True
            return False

    # A machine may stand still for a while; where the time is the connection's, no time is enough.
    assert any(comes(read) for read in (0.3, 3.0, 30.0))


@both
def test_connections_over_tls_are_kept(door: Door, slow_tls_end: SlowEnd) -> None:
    mark = door(slow_tls_end.url)
    for _ in range(3):
        slow_tls_end.answers.append(Pieces([GOOD[door]]))
        assert mark() == Word()
    assert (slow_tls_end.calls, len(slow_tls_end.connections)) == (3, 1)


@both
def test_a_connection_may_be_closed_after_an_answer(door: Door, slow_end: SlowEnd) -> None:
    mark = door(slow_end.url)
    line, _, rest = GOOD[door].partition(b"\r\n")
    for _ in range(2):
        slow_end.answers.append(Pieces([line, b"\r\nConnection: close\r\n", rest], 0.05, close=True))
        assert mark() == Word()
    assert len(slow_end.connections) == 2


@both
def test_after_trouble_it_connects_again(door: Door, slow_end: SlowEnd) -> None:
    mark = door(slow_end.url)
    slow_end.answers += [Pieces([GOOD[door]]), TROUBLES[8][1](), Pieces([GOOD[door]])]
    assert mark() == Word()
    assert given_up(mark).startswith("no answer (")
    assert mark() == Word()
    assert len(slow_end.connections) == 2


@both
def test_nothing_is_sent_after_the_time_to_connect(
    door: Door, slow_end: SlowEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo

    def slowly(*args: Any, **kwargs: Any) -> Any:
        threading.Event().wait(NEAR[0] + 0.1)
        return resolve(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    assert given_up(door(slow_end.url, NEAR)).startswith("no answer (Connect")
    assert slow_end.calls == 0
