"""A webhook consumer of the tests' own, from the standard library alone, that can be told to misbehave."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

#: Seconds after which a test that waits for something gives up.
PATIENCE = 60.0


def eventually(condition: Callable[[], object]) -> None:
    """Returns once the condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def signature(secret: str, message: bytes) -> str:
    """What X's page says a signature is, written down a second time."""
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


@dataclass(frozen=True)
class Reply:
    """What the consumer answers."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    #: An event to wait for before answering.
    after: threading.Event | None = None


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    method: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def signature(self) -> str | None:
        """The signature beside the body."""
        return self.headers.get("x-twitter-webhooks-signature")


@dataclass
class Consumer:
    """Answers challenges rightly and deliveries with 200, until told otherwise."""

    secret: str
    #: Stands in for the right answer to a challenge.
    crc_reply: Reply | None = None
    #: Replies to the next deliveries; afterwards everything gets ``reply``.
    replies: list[Reply] = field(default_factory=list)
    reply: Reply = Reply()
    challenges: list[Received] = field(default_factory=list)
    deliveries: list[Received] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_port
        # Polling twice a second, the default, would make every test wait for its end.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """The webhook's address."""
        return f"http://127.0.0.1:{self.port}/webhooks/twitter"

    def answer_challenge(self, received: Received) -> Reply:
        """The right answer, or the one the test wants."""
        self.challenges.append(received)
        if self.crc_reply is not None:
            return self.crc_reply
        (token,) = parse_qs(received.query)["crc_token"]
        return Reply(body=json.dumps({"response_token": signature(self.secret, token.encode())}).encode())

    def take(self, received: Received) -> Reply:
        """Keeps a delivery and answers as planned."""
        self.deliveries.append(received)
        return self.replies.pop(0) if self.replies else self.reply


def _handler(consumer: Consumer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave together and at once; else each answer waits 40 ms for an acknowledgement.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(consumer.answer_challenge(self._received()))

        def do_POST(self) -> None:
            self._answer(consumer.take(self._received()))

        def _received(self) -> Received:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            return Received(self.command, urlsplit(self.path).query, headers, body)

        def _answer(self, reply: Reply) -> None:
            if reply.after is not None:
                reply.after.wait(PATIENCE)
            try:
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                self.send_header("Content-Length", str(len(reply.body)))
                for name, value in reply.headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)
            except ConnectionError:
                # The sandbox had waited long enough.
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Does nothing, on purpose."""

    return Handler
