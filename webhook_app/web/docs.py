"""The documents of the API: OpenAPI for programs, and a page made of it for people."""

import json
import re
from shlex import quote
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from markupsafe import Markup, escape

from webhook_app.web.auth import public
from webhook_app.web.front import API

blueprint = Blueprint("docs", __name__)
INTRODUCTION = """\
Who has read whose messages, up to where; and the marks of our own accounts on their way to the platforms. A \
position says how far a reader has read the messages of a peer; its cursor is the message read up to, as the \
platform writes it, and always a string.

Lists come in pages: pass `next_page` of one answer as `page` of the next question, with the same filters. \
Times are RFC 3339. Unknown parameters are refused, so that a misspelt filter does not pass for none.

Send `Authorization: Bearer TOKEN`. A token has scopes (`read`, `mark`, `admin`; none includes another). \
One that is bound to an account may read what names that account as account, reader or peer, and must ask \
so; it may mark for that account only. A session of the page may do what its token may: GET by its cookie \
alone, the rest with `X-CSRF-Token` as well.\
"""
SECURITY: dict[str, dict[str, str]] = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token with the named scope."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "readmark",
        "description": "The page's session; other methods than GET need its CSRF token as well.",
    },
}
#: What stands for a variable in an example.
EXAMPLES = {name: name.upper() for name in ("platform", "account", "reader", "peer", "message", "id")}
EXAMPLES |= {"what": "positions", "format": "ndjson"}


@blueprint.get(f"{API}/openapi.json")
@public
def openapi() -> Response:
    """The API for programs."""
    return jsonify(_document())


@blueprint.get("/docs")
@public
def page() -> str:
    """The API for people."""
    document = _document()
    groups = [(tag, _operations(document, tag["name"])) for tag in document["tags"]]
    return render_template("docs.html", document=document, groups=groups)


def _document() -> dict[str, Any]:
    document: dict[str, Any] = current_app.extensions["readmark.openapi"].to_dict()
    # flask-smorest's own paging, which is not ours.
    document["components"]["schemas"].pop("PaginationMetadata", None)
    return document


def _operations(document: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    """The operations of a tag, each with what the page shows of it."""
    return [
        {
            **operation,
            "path": path,
            "method": method.upper(),
            "parameters": [*item.get("parameters", []), *operation.get("parameters", [])],
            "scope": operation["security"][0]["token"][0],
            "body": body,
            "curl": _curl(method.upper(), path, body),
        }
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters" and tag in operation["tags"]
        for body in [operation.get("requestBody", {}).get("content", {}).get("application/json")]
    ]


def _curl(method: str, path: str, body: dict[str, Any] | None) -> str:
    """A command that calls an operation."""
    address = request.url_root.rstrip("/") + path.format_map(EXAMPLES)
    verb = "" if method == "GET" or body else f"-X {method} "
    data = f" --json {quote(json.dumps(body['example']))}" if body else ""
    return f'curl {verb}-H "Authorization: Bearer $TOKEN" {quote(address)}{data}'


@blueprint.app_template_filter()
def prose(text: str) -> Markup:
    """Text as paragraphs, with what stands in backticks as code."""
    paragraphs = (re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(part))) for part in text.split("\n\n"))
    return Markup("".join(f"<p>{part}</p>" for part in paragraphs))
