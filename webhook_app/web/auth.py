"""Who asks, and whether they may: tokens, scopes, sessions.

1. Every view says by `needs` which scope it wants, or by `public` that it wants none. A view that says
   nothing is an error: nothing is open by mistake.
2. `guard` runs before every request: finds the caller's token, by its secret or by the session that a
   login has begun, and refuses. Sessions hold a token's id, and the token is looked up at each request.
   A page sends who has none to the login, which remembers where the visitor wanted to go.
3. A browser sends its session by itself, so that whatever changes something needs the session's CSRF token.
"""

import hmac
import secrets
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar, cast

from flask import Flask, current_app, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from werkzeug import Response

from webhook_app.storage.secret_key import derive
from webhook_app.storage.tokens import Token, find_token, valid_tokens
from webhook_app.web.csrf import is_token, show_token
from webhook_app.web.current import services, store
from webhook_app.web.refusals import deny

V = TypeVar("V", bound=Callable[..., Any])
SCOPES = frozenset({"read", "mark", "admin"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: The blueprint of what people look at.
PAGES = "pages"
#: Starts the id of the token that the setting API_TOKEN is; those of the table do not start so.
API_TOKEN = "api-token-"


class Access(NamedTuple):
    """What a view wants of its caller."""

    #: None: nothing.
    scope: str | None
    #: Whether tokens bound to an account may come; the view then calls `only_own`.
    bound: bool = False


class Caller(NamedTuple):
    """Who sent this request."""

    token: Token
    by_session: bool


class Sessions(SecureCookieSessionInterface):
    """Flask's sessions, in cookies that return over https only if they were set over https."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether the request came over https."""
        return request.is_secure


def needs(scope: str, *, bound: bool = False) -> Callable[[V], V]:
    """Declare the scope that a view wants."""

    def declare(view: V) -> V:
        cast(Any, view).access = Access(scope, bound)
        return view

    return declare


def public(view: V) -> V:
    """Declare that a view needs no token."""
    cast(Any, view).access = Access(None)
    return view


def guard() -> Response | None:
    """Refuse a request before anything looks at it, or remember its caller."""
    if request.endpoint is None or request.method == "OPTIONS":
        return None  # no view will run
    access: Access = cast(Any, current_app.view_functions[request.endpoint]).access
    if access.scope is None:
        return None
    caller = _caller()
    if caller is None and PAGES in request.blueprints:
        return _to_login()
    if caller is None:
        challenge = 'Bearer realm="readmark"' + (', error="invalid_token"' if _bearer() is not None else "")
        deny(401, "A valid token is required.", {"WWW-Authenticate": challenge})
    _check(caller, access)
    g.caller = caller
    return None


def _to_login() -> Response:
    """Ask for a login, or refuse what pretends to be a session."""
    if (
        current_app.secret_key
        and not session
        and current_app.config["SESSION_COOKIE_NAME"] in request.cookies
    ):
        log_out()
        deny(403, "This session is not one of ours, or not any more. Log in again.")
    # Only what a visitor looks at can be gone back to.
    path = request.full_path.removesuffix("?") if request.method in SAFE else "/"
    return redirect(url_for(f"{PAGES}.login.form", next=None if path == "/" else path), 303)


def _check(caller: Caller, access: Access) -> None:
    if caller.by_session and request.method not in SAFE and not _has_csrf_token():
        deny(403, "By session this needs the page's CSRF token, in the header X-CSRF-Token.")
    if access.scope not in caller.token.scopes:
        challenge = f'Bearer realm="readmark", error="insufficient_scope", scope="{access.scope}"'
        deny(403, f"The token lacks the scope {access.scope}.", {"WWW-Authenticate": challenge})
    if caller.token.account and not access.bound:
        deny(403, "The token is bound to an account and may not do this.")


def only_own(platform: str | None, *ids: str | None) -> None:
    """Let a token bound to an account ask only for what names that account."""
    account = caller().token.account
    if account and not (platform == account[0] and account[1] in ids):
        deny(
            403,
            f"The token is bound to {account[1]} of {account[0]}: ask with platform={account[0]} and with"
            f" {account[1]} as account, reader or peer.",
        )


def caller() -> Caller:
    """Who sent this request, which the guard has let in."""
    return cast(Caller, g.caller)


def who() -> str:
    """The caller's name in the audit log."""
    return f"token {caller().token.id}"


def token_of(secret: str) -> Token | None:
    """The token with that secret: the setting API_TOKEN, or one of the table."""
    configured = services().settings.api_token
    if configured and hmac.compare_digest(secret.encode("utf-8", "replace"), configured.encode()):
        return api_token_ids()[0]
    return store().read(lambda connection: find_token(connection, secret=secret))


def token_by_id(token_id: str) -> Token | None:
    """The token with that id, if it is still valid."""
    if token_id.startswith(API_TOKEN):
        return next((token for token in api_token_ids() if token.id == token_id), None)
    return store().read(lambda connection: find_token(connection, id=token_id))


def valid_ids(ids: Iterable[str]) -> set[str]:
    """Those of the ids that are of valid tokens."""
    own = {token.id for token in api_token_ids()}
    others = {token_id for token_id in ids if not token_id.startswith(API_TOKEN)}
    return own | store().read(lambda connection: valid_tokens(connection, others))


def api_token_ids() -> list[Token]:
    """The setting API_TOKEN as a token, under each key's fingerprint of it; the first is the one to write."""
    here = services()
    secret = (here.settings.api_token or "").encode()
    fingerprints = [
        hmac.digest(derive(key, "readmark/api-token"), secret, "sha256") for key in here.secret_keys
    ]
    ids = [API_TOKEN + fingerprint.hex()[:16] for fingerprint in fingerprints if secret]
    return [Token(token_id, "API_TOKEN", SCOPES, None, 0, None) for token_id in ids]


def log_in(token: Token) -> None:
    """Begin a session."""
    session.clear()
    session.permanent = True
    session.update(token=token.id, csrf=secrets.token_urlsafe(24))


def log_out() -> None:
    """End the session."""
    session.clear()


def csrf_token() -> str:
    """What forms and scripts of the session's pages send along; another in each answer."""
    return show_token(session["csrf"]) if "csrf" in session else ""


def _has_csrf_token() -> bool:
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    return is_token(given, session.get("csrf", ""))


def _bearer() -> str | None:
    """The secret in the Authorization header. Other schemes are a proxy's in front of us."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    # Headers arrive as Latin-1, whatever the client has written.
    text = secret.strip().encode("latin-1", "replace").decode("utf-8", "replace")
    return text if scheme.lower() == "bearer" else None


def _caller() -> Caller | None:
    secret = _bearer()
    if secret is not None:
        token = token_of(secret)
        return Caller(token, False) if token else None
    token_id = session.get("token")
    token = token_by_id(token_id) if token_id else None
    return Caller(token, True) if token else None
