"""The way in and out. Who was sent here goes on to where they wanted to go."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug import Response

from webhook_app.storage.tokens import Token, has_login_link, use_login_link
from webhook_app.web.auth import log_in, log_out, needs, public, token_by_id, token_of
from webhook_app.web.current import services, store

blueprint = Blueprint("login", __name__)
UNKNOWN = "This is not a valid token."
USED = "This link has been used or is older than 10 minutes. Ask for a new one, or log in with a token."
UNFIT = "This page needs a token with the scope read that is not bound to an account."


@blueprint.get("/login")
@public
def form() -> Response | str | tuple[str, int]:
    """Show the form, or let in who brings a single-use link."""
    link = request.args.get("link")
    # What only looks at the address must not use the link up.
    if link is None or request.method == "HEAD":
        return render_template("login.html", problem=None, next=local(request.args.get("next", "/")))
    now = services().clock()
    # Looked up before anything is written: strangers with made-up links must not take the lock.
    known = store().read(lambda connection: has_login_link(connection, link))
    token_id = store().write(lambda connection: use_login_link(connection, link, now)) if known else None
    return _enter(token_by_id(token_id) if token_id else None, USED, request.args.get("next", "/"))


@blueprint.post("/login")
@public
def enter() -> Response | tuple[str, int]:
    """Let in who knows a token."""
    token = token_of(request.form.get("token", "").strip())
    return _enter(token, UNKNOWN, request.form.get("next", "/"))


@blueprint.post("/logout")
@needs("read")
def leave() -> Response:
    """End the session."""
    log_out()
    return redirect(url_for(".form"), 303)


def local(path: str) -> str:
    r"""A path of ours, or `/`: what browsers take for another host's address is none.

    To them `\` is `/`, and tabs and line breaks are nothing: https://url.spec.whatwg.org/#url-parsing
    """
    ours = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if ours and all(character > " " for character in path) else "/"


def _enter(token: Token | None, problem: str, wanted: str) -> Response | tuple[str, int]:
    if token is not None and (token.account or "read" not in token.scopes):
        token, problem = None, UNFIT
    if token is None:
        return render_template("login.html", problem=problem, next=local(wanted)), 403
    log_in(token)
    return redirect(local(wanted), 303)
