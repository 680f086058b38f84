"""Makes the desk: everything behind the webhooks, built when a request first wants it."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, cast

from flask import Flask
from flask.json.provider import DefaultJSONProvider
from flask_cors import CORS
from flask_smorest import Api

from schemas.api import Problem
from schemas.api_fields import Moment
from webhook_app.errors import DatabaseUnavailable
from webhook_app.services import Services
from webhook_app.storage.secret_key import derive
from webhook_app.web import auth, compression, docs, metrics, pages, refusals
from webhook_app.web.api import (
    accounts,
    audit,
    export,
    marks,
    messages,
    people,
    positions,
    quarantine,
    rate_limits,
    routing,
    stats,
    stream,
    unread,
)
from webhook_app.web.feed import Feed
from webhook_app.web.front import API, WSGI, Environ, Front, StartResponse
from webhook_app.web.pages.shared import Shared
from webhook_app.web.version import version

#: The parts of the API, in the order of the documents.
NOUNS = (
    positions, messages, unread, stats, stream, export, marks, rate_limits, accounts, quarantine, people,
    audit,
)  # fmt: skip
CONFIG = {
    "SESSION_COOKIE_NAME": "readmark",
    "SESSION_COOKIE_SAMESITE": "Lax",
    # A cookie at each poll of the page would only be noise.
    "SESSION_REFRESH_EACH_REQUEST": False,
    # Addresses of static files carry the version.
    "SEND_FILE_MAX_AGE_DEFAULT": 86_400,  # seconds
    "MAX_CONTENT_LENGTH": 1 << 16,
    "API_TITLE": "readmark",
    "OPENAPI_VERSION": "3.1.0",
}


def create_desk(front: Front) -> Flask:
    """Return the application behind the webhooks."""
    app = Flask(__name__)
    app.extensions["webhook_app"] = front
    feed = app.extensions["readmark.feed"] = Feed(app)
    app.extensions["readmark.sections"] = Shared()
    front.closing.append(feed.stop)
    app.config.update(CONFIG, API_VERSION=version())
    app.session_interface = auth.Sessions()
    cast(DefaultJSONProvider, app.json).sort_keys = False
    auth.public(app.view_functions["static"])
    app.before_request(refusals.refuse_what_is_no_text)
    # The caller first: what is wrong with a request is nobody else's business.
    app.before_request(auth.guard)
    app.before_request(refusals.refuse_nul)
    # Last of all, so from the end: compressed is what the others have made.
    app.after_request(compression.compress)
    app.after_request(routing.finish)
    app.after_request(pages.finish)

    api = _open_api(app)
    refusals.register(app, api)
    for noun in NOUNS:
        api.register_blueprint(noun.blueprint)
    for blueprint in (docs.blueprint, metrics.blueprint, pages.blueprint, pages.fragments):
        app.register_blueprint(blueprint)
    if front.settings.cors_origins:
        _allow_origins(app, front.settings.cors_origins)
    app.wsgi_app = _Keyed(app, front)  # type: ignore[method-assign]  # Flask's own way to wrap
    return app


def _open_api(app: Flask) -> Any:
    api = Api()
    api.ERROR_SCHEMA = Problem
    api.init_app(app, spec_kwargs={"info": {"description": docs.INTRODUCTION}})
    api.register_field(Moment, "string", "date-time")
    for name, scheme in docs.SECURITY.items():
        api.spec.components.security_scheme(name, scheme)
    app.extensions["readmark.openapi"] = api.spec
    return api


def _allow_origins(app: Flask, origins: tuple[str, ...]) -> None:
    """Let scripts of these origins ask the API, with tokens; never with a session."""
    rules = {
        "origins": list(origins),
        "allow_headers": ["Authorization", "Content-Type", "If-None-Match", "Last-Event-ID", "Prefer"],
        "expose_headers": ["ETag", "Preference-Applied", "Retry-After"],
        "max_age": 600,
    }
    CORS(app, resources={rf"{API}/.*": rules})


class _Keyed:
    """Gives the application its keys at the first request that can have them.

    For SQLite they may lie in a file that cannot be made just now. Without them there are no sessions, and
    views say what is wrong.
    """

    def __init__(self, app: Flask, front: Front) -> None:
        self._app = app
        self._front = front
        self._wrapped: WSGI = app.wsgi_app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not self._app.config["SECRET_KEY"]:
            with suppress(DatabaseUnavailable):
                keys = cast(Services, self._front.services()).secret_keys
                first, *others = (derive(key, "readmark/sessions") for key in keys)
                self._app.config["SECRET_KEY_FALLBACKS"] = others
                self._app.config["SECRET_KEY"] = first
        return self._wrapped(environ, start_response)
