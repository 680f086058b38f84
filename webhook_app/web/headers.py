"""What every answer tells browsers, whichever part of the application gives it.

The webhooks and the platforms' own calls are answered without Flask, and so are some refusals: therefore
around all of them, as WSGI.
"""

from collections.abc import Callable, Iterable
from typing import Any

from webhook_app.web.front import WSGI, Environ, StartResponse

Headers = list[tuple[str, str]]
#: Nothing is loaded from elsewhere, nothing runs that is written into a page, and nobody frames one.
HEADERS: Headers = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
]
#: A browser that has come by https comes by https for a year. Of this host alone: others below its name
#: are not ours to speak for.
OVER_HTTPS: Headers = [("Strict-Transport-Security", "max-age=31536000")]
#: Where an answer does not say who may keep it, nobody may.
KEPT_BY_NOBODY = ("Cache-Control", "no-store")


def hardened(application: WSGI) -> WSGI:
    """The application with these headers on all its answers."""

    def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        told = HEADERS + OVER_HTTPS if environ["wsgi.url_scheme"] == "https" else HEADERS

        def start(status: str, headers: Headers, *failure: Any) -> Callable[[bytes], object]:
            says = any(name.lower() == "cache-control" for name, _ in headers)
            more = told if says else [*told, KEPT_BY_NOBODY]
            written: Callable[[bytes], object] = start_response(status, [*headers, *more], *failure)
            return written

        return application(environ, start)

    return answer
