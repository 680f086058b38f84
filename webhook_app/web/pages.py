"""The pages: the latest read positions, and the way in. They work without JavaScript."""

from typing import Any, NamedTuple

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug import Response as AnyResponse

from schemas.api_fields import show_time
from webhook_app.errors import NotFound, ReadmarkError
from webhook_app.storage.positions import latest_positions
from webhook_app.storage.tokens import Token, has_login_link, use_login_link
from webhook_app.web.api.positions import show_position
from webhook_app.web.auth import csrf_token, log_in, log_out, needs, public, token_by_id, token_of
from webhook_app.web.current import services, store
from webhook_app.web.front import front
from webhook_app.web.version import version

blueprint = Blueprint("pages", __name__)
#: Positions on the page.
LATEST = 50
#: A dispatcher says every few seconds that it is there; after this it is missed.
MISSED = 15_000  # milliseconds
UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
UNKNOWN = "This is not a valid token."
USED = "This link has been used or is older than 10 minutes. Ask for a new one, or log in with a token."
UNFIT = "This page needs a token with the scope read that is not bound to an account."


@blueprint.get("/")
@needs("read")
def index() -> str:
    """Show the latest read positions."""
    rows = store().read(lambda connection: latest_positions(connection, LATEST))
    return render_template(
        "positions.html",
        # A platform that is no longer registered has nobody to read its cursors.
        positions=[show_position(row) for row in rows if row.platform in front().platforms],
        now=services().clock(),
        since=max((row.updated_at for row in rows), default=0),
        receivers=_receivers(),
        csrf_token=csrf_token(),
        outbox=_outbox(),
    )


@blueprint.get("/outbox")
@needs("read")
def outbox() -> str:
    """Show what is on its way out, as the page does: its script asks again and again."""
    return render_template("outbox.html", outbox=_outbox())


@blueprint.get("/login")
@public
def login() -> AnyResponse | str | tuple[str, int]:
    """Show the form, or let in who brings a single-use link."""
    link = request.args.get("link")
    # What only looks at the address must not use the link up.
    if link is None or request.method == "HEAD":
        return render_template("login.html", problem=None)
    now = services().clock()
    # Looked up before anything is written: strangers with made-up links must not take the lock.
    known = store().read(lambda connection: has_login_link(connection, link))
    token_id = store().write(lambda connection: use_login_link(connection, link, now)) if known else None
    return _enter(token_by_id(token_id) if token_id else None, USED)


@blueprint.post("/login")
@public
def enter() -> AnyResponse | tuple[str, int]:
    """Let in who knows a token."""
    return _enter(token_of(request.form.get("token", "").strip()), UNKNOWN)


@blueprint.post("/logout")
@needs("read")
def logout() -> AnyResponse:
    """End the session."""
    log_out()
    return redirect(url_for("pages.login"), 303)


def _enter(token: Token | None, problem: str) -> AnyResponse | tuple[str, int]:
    if token is not None and (token.account or "read" not in token.scopes):
        token, problem = None, UNFIT
    if token is None:
        return render_template("login.html", problem=problem), 403
    log_in(token)
    return redirect(url_for("pages.index"), 303)


class Outbox(NamedTuple):
    """Marks on their way out. Times are in seconds."""

    waiting: int
    #: For how long the oldest has waited.
    age: float
    failed: int
    #: For how long no dispatcher was seen; None if there never was one.
    unseen: float | None
    #: Whether something waits and nobody seems to pass it on.
    stuck: bool


def _outbox() -> Outbox:
    outbox, now = store().outbox, services().clock()
    numbers, seen = outbox.numbers(), outbox.last_seen()
    waiting = sum(numbers.waiting.values())
    return Outbox(
        waiting,
        max(0, now - min(numbers.oldest.values(), default=now)) / 1000,
        sum(numbers.failed.values()),
        None if seen is None else max(0, now - seen) / 1000,
        waiting > 0 and (seen is None or now - seen >= MISSED),
    )


def _receivers() -> list[str]:
    """The platforms that deliver to webhooks here."""
    names = []
    for name, platform in sorted(front().platforms.items()):
        try:
            platform.challenge([])
        except NotFound:
            continue
        except ReadmarkError:
            names.append(name)
    return names


@blueprint.app_template_filter()
def rfc3339(moment: int) -> str:
    """Milliseconds since 1970, for programs."""
    return show_time(moment)


@blueprint.app_template_filter()
def duration(seconds: float) -> str:
    """Seconds in the largest unit that they fill; live.js says it alike."""
    return next((f"{int(seconds // size)} {unit}" for size, unit in UNITS if seconds >= size), "0 s")


@blueprint.app_context_processor
def shared() -> dict[str, Any]:
    """What every page may show."""
    return {"version": version(), "url": request.url_root.rstrip("/")}


def harden(response: Response) -> Response:
    """Let pages load nothing from elsewhere, run nothing that is written into them, and be kept by nobody."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.mimetype == "text/html":
        response.headers["Cache-Control"] = "no-store"
    # The server writes it.
    response.headers.pop("Date", None)
    return response
