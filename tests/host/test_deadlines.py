"""How long a client may take, and what it is told."""

from collections.abc import Iterator

import pytest

from tests.host.hosting import Host, gunicorn, read_until, until

GET = b"GET /hello HTTP/1.1\r\nHost: bot.example\r\n\r\n"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host that gives headers half a second."""
    folder = tmp_path_factory.mktemp("host")
    with gunicorn(folder, "-k", "tests.host.apps.HastyWorker", WEB_CONCURRENCY="1") as running:
        yield running


def post(path: str, body: bytes) -> bytes:
    """Return a whole POST request."""
    return b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body)


@pytest.mark.parametrize("beginning", [b"G", GET[:-2], b"GET / HTTP/1.1\r\nX: " + b"x" * 5000])
def test_it_gives_up_a_header_that_does_not_end(host: Host, beginning: bytes) -> None:
    assert host.exchange(beginning).startswith(b"HTTP/1.1 408 ")


def test_it_closes_a_connection_that_says_nothing(host: Host) -> None:
    assert host.exchange(b"") == b""


def test_an_idle_connection_is_kept_for_longer_than_a_header_may_take(host: Host) -> None:
    with host.connect(GET) as idle:
        read_until(idle, b"hello")
        # Takes as long as a header may.
        assert b" 408 " in host.exchange(GET[:-2])
        idle.sendall(GET)
        assert b"Connection: keep-alive" in read_until(idle, b"hello")


def test_a_later_header_has_its_deadline_too(host: Host) -> None:
    with host.connect(GET + GET[:10]) as sock:
        read_until(sock, b"hello")
        assert b" 408 " in read_until(sock, b"</html>")


def test_it_answers_requests_sent_together_in_their_order(host: Host) -> None:
    with host.connect(post("/body", b"12345") + GET + GET[:10]) as sock:
        first = read_until(sock, b"hello")
        sock.sendall(GET[10:])
        second = read_until(sock, b"hello")
    assert b"\r\n\r\n5HTTP/1.1 200" in first
    assert second.startswith(b"HTTP/1.1 200")


def test_a_small_body_that_nobody_reads_leaves_the_connection_usable(host: Host) -> None:
    with host.connect(post("/hello", b"x" * 1000)) as sock:
        read_until(sock, b"hello")
        sock.sendall(post("/body", b"y" * 7))
        assert read_until(sock, b"\r\n\r\n7")


def test_a_large_body_that_nobody_reads_does_not_cost_the_answer(host: Host) -> None:
    assert host.exchange(post("/hello", b"x" * 2_000_000)).endswith(b"hello")


def test_a_refused_body_that_never_ends_is_cut_off(host: Host) -> None:
    assert host.exchange(b"POST /hello HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf").endswith(b"hello")


def test_a_client_that_takes_nothing_is_given_up(host: Host) -> None:
    with host.connect(b"GET /flood HTTP/1.1\r\nHost: a\r\n\r\n") as sock:
        read_until(sock, b"200 OK")
        until(lambda: host.get("/in_flight") == "1")
        until(lambda: host.get("/in_flight") == "0")
