"""What all pages share: how they refuse, and the words for times and people."""

from typing import Any

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import HTTPException

from schemas.api_fields import show_time
from webhook_app.errors import InvalidValue, ReadmarkError
from webhook_app.web.auth import PAGES
from webhook_app.web.pages import board, login, words
from webhook_app.web.refusals import refuse
from webhook_app.web.version import version

blueprint = Blueprint(PAGES, __name__)
blueprint.register_blueprint(board.blueprint)
blueprint.register_blueprint(login.blueprint)
for name, filter_ in (
    ("rfc3339", show_time),
    ("duration", words.duration),
    ("figure", words.figure),
    ("told", words.told),
    ("initials", words.initials),
    ("tint", words.tint),
):
    blueprint.add_app_template_filter(filter_, name)


@blueprint.errorhandler(ReadmarkError)
def in_words(error: ReadmarkError) -> tuple[str, int, dict[str, str]]:
    """Say why not; a wrong value by its field."""
    body, code, headers = refuse(error)
    field = error.field if isinstance(error, InvalidValue) else None
    return _page(code, body["status"], body["message"], field), code, headers


@blueprint.errorhandler(HTTPException)
def of_http(error: HTTPException) -> tuple[str, int, dict[str, str]]:
    """Say what the guard, or HTTP itself, has against it."""
    told = vars(error).get("data", {})
    fields = [field for part in (told.get("errors") or {}).values() for field in part]
    page = _page(error.code or 500, error.name, told.get("message", error.description), *fields[:1])
    return page, error.code or 500, told.get("headers", {})


def _page(code: int, status: str, message: str, field: str | None = None) -> str:
    return render_template("refusal.html", code=code, status=status, message=message, field=field)


@blueprint.app_context_processor
def shared() -> dict[str, Any]:
    """What every page may show."""
    return {"version": version(), "url": request.url_root.rstrip("/")}


def finish(response: Response) -> Response:
    """Let browsers ask again for scripts whose address does not change with the release."""
    if request.endpoint == "static" and "v" not in request.args:
        # A script that another imports carries no version.
        response.headers["Cache-Control"] = "no-cache"
    # The server writes it.
    response.headers.pop("Date", None)
    return response
