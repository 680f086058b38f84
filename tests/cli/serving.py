"""An application behind a real socket, for commands and platforms that call it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from werkzeug.serving import ThreadedWSGIServer

WSGI = Callable[..., Any]


class _Server(ThreadedWSGIServer):
    """Ends once the requests under way have: what they ask of a store must not outlive that."""

    daemon_threads = False


@contextmanager
def serving(app: WSGI, tls: Literal["adhoc"] | None = None) -> Iterator[str]:
    """The base URL at which an application is served; with `tls` by a certificate of its own making."""
    server = _Server("127.0.0.1", 0, app, ssl_context=tls)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
