"""Makes the application: webhooks and platforms' own calls at once, everything else at its first request."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import Any

import orjson
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from webhook_app.clock import wall_clock
from webhook_app.environment import environment
from webhook_app.platforms import open_platforms
from webhook_app.settings import Settings, read_settings
from webhook_app.web import ops
from webhook_app.web.body import BadBody, read_body
from webhook_app.web.front import WSGI, Environ, Front, StartResponse
from webhook_app.web.headers import hardened
from webhook_app.web.native import Native
from webhook_app.web.webhooks import PREFIX, Webhooks


def create_app(settings: Settings | None = None, *, clock: Callable[[], int] = wall_clock) -> Flask:
    """Return the application; without settings, those of the environment. Raises SettingsError."""
    settings = settings or read_settings(environment())
    app = Flask(__name__, static_folder=None)
    front = Front(settings, open_platforms(settings), clock)
    app.extensions["webhook_app"] = front
    app.extensions["readmark.start"] = front.start
    app.extensions["readmark.stop"] = front.close
    app.register_blueprint(ops.blueprint)
    switch = _Switch(Webhooks(front), Native(front), app.wsgi_app, front)
    app.wsgi_app = _behind_proxies(settings, hardened(switch))  # type: ignore[method-assign, assignment]
    return app


def _behind_proxies(settings: Settings, application: Any) -> WSGI:
    hops = settings.trusted_proxies
    # Never X-Forwarded-Host: nothing here asks for it, and a forged one would be believed.
    fixed: WSGI = ProxyFix(application, x_for=hops, x_proto=hops, x_host=0) if hops else application
    return fixed


class _Switch:
    """Sends webhooks, platforms' own calls and the health check on at once, and all else to the desk."""

    def __init__(self, webhooks: WSGI, native: Native, health: WSGI, front: Front) -> None:
        self._webhooks = webhooks
        self._native = native
        self._health = health
        self._front = front

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(PREFIX):
            return self._webhooks(environ, start_response)
        if self._native.takes(path):
            return self._native(environ, start_response)
        if path == "/healthz":
            return self._health(environ, start_response)
        try:
            body = read_body(environ)
        except BadBody as refusal:
            return _refuse(refusal, start_response)
        # Flask's views read without a time limit, and a half-sent body would hold a connection for hours.
        environ["wsgi.input"] = BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        return self._front.desk()(environ, start_response)


def _refuse(refusal: BadBody, start_response: StartResponse) -> Iterable[bytes]:
    """Say so in the API's shape."""
    phrase = HTTPStatus(refusal.status).phrase
    said = {"code": refusal.status, "status": phrase, "message": str(refusal)}
    start_response(f"{refusal.status} {phrase}", [("Content-Type", "application/json")])
    return [orjson.dumps(said)]
