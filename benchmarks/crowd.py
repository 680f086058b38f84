"""A crowd that looks on: so many open streams whose events nobody reads closely, in a process of their own.

`python -m benchmarks.crowd PORT VIEWERS`: says `open` when all have their first bytes, and at the end of its
input how many bytes came, and how many streams had ended.
"""

import resource
import select
import selectors
import socket
import sys

from benchmarks.hosts import API_TOKEN

REQUEST = f"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {API_TOKEN}\r\n\r\n"
BUFFER = bytearray(1 << 18)


def main(port: int, viewers: int) -> None:
    """Open the streams, and read until the input ends."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, viewers + 500), hard))
    selector = selectors.DefaultSelector()
    for _ in range(viewers):
        sock = socket.create_connection(("127.0.0.1", port), timeout=30)
        sock.sendall(REQUEST.encode())
        if not sock.recv(1 << 16).startswith(b"HTTP/1.1 200 "):
            sys.exit("refused")
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ)
    print("open", flush=True)
    received = ended = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        for key, _ in selector.select(0.5):
            assert isinstance(key.fileobj, socket.socket)
            many = key.fileobj.recv_into(BUFFER)
            received += many
            if not many:
                ended += 1
                selector.unregister(key.fileobj)
    print(received, ended, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
