"""The page at `/`, its sections alone for its script, and the button that tries a mark again."""

from typing import Any, cast

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug import Response as AnyResponse

from webhook_app.errors import InvalidValue, NotFound, ReadmarkError
from webhook_app.web.api import marks
from webhook_app.web.auth import caller, csrf_token, needs
from webhook_app.web.current import services
from webhook_app.web.front import API, front
from webhook_app.web.pages.login import local
from webhook_app.web.pages.query import Query, read_query
from webhook_app.web.pages.sections import SECTIONS, read_sections
from webhook_app.web.pages.shared import Shared

blueprint = Blueprint("board", __name__)
#: Asked by scripts, which are told 401 where a visitor is sent to the login.
fragments = Blueprint("fragments", __name__)
#: The fields of a mark that is to be tried again.
KEY = ("platform", "account", "peer")


@blueprint.get("/")
@needs("read")
def index() -> str:
    """Show who has read what, and how we fare."""
    query = read_query(request.args)
    return render_template(
        "board.html",
        **_shown(query, list(SECTIONS)),
        **read_sections(query, list(SECTIONS), services().clock()),
        receivers=_receivers(),
        csrf_token=csrf_token(),
    )


@fragments.get("/sections")
@needs("read")
def sections() -> Response:
    """Show some sections, `?name=…&name=…`, without what changes by itself: the script that asks says it.

    So the same figures have the same validator, and those who look at the same share them.
    """
    query = read_query(request.args, "name")
    names = list(dict.fromkeys(request.args.getlist("name"))) or list(SECTIONS)
    for name in names:
        if name not in SECTIONS:
            raise InvalidValue("name", f"Not one of: {', '.join(SECTIONS)}.")
    # What somebody searches for takes long, and concerns nobody else.
    shared = Shared() if query.q else cast(Shared, current_app.extensions["readmark.sections"])
    key = (query, *names, "admin" in caller().token.scopes, request.url_root)
    answer = make_response(shared.get(key, services().clock(), lambda: _render(query, names)))
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.add_etag()
    answer.make_conditional(request)
    return answer


@blueprint.post("/retry")
@needs("admin")
def retry() -> AnyResponse:
    """Try a mark again at once, as the API does, and go back to where the button was."""
    marks.retry(*(request.form.get(name, "") for name in KEY))
    flash(f"The mark for {request.form['peer']} is tried again now.")
    return redirect(local(request.form.get("back", "/")), 303)


def _render(query: Query, names: list[str]) -> str:
    shown = read_sections(query, names, services().clock())
    return render_template(
        "sections.html", **_shown(query, names), **shown, fragment=True, receivers=_receivers()
    )


def _shown(query: Query, names: list[str]) -> dict[str, Any]:
    """What templates need besides the sections' own."""
    return {
        "query": query,
        "names": names,
        "now": services().clock(),
        "api": API,
        "platforms": sorted(front().platforms),
        "admin": "admin" in caller().token.scopes,
        "back": url_for("pages.board.index") + ("?" + query.text if query.text else ""),
    }


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
