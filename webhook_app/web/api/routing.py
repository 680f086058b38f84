"""How a view of the API is declared: path, scope, query, body and answer, checked and documented."""

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema

from schemas.api import Problem
from schemas.api_fields import Conditional, NoQuery
from webhook_app.export import FIELDS, FORMATS
from webhook_app.platforms import REGISTRY
from webhook_app.web.api.bodies import Body
from webhook_app.web.auth import needs
from webhook_app.web.front import API

V = TypeVar("V", bound=Callable[..., Any])
VARIABLE = re.compile(r"(\w+)>")
#: What the variables of the paths are.
PATH: dict[str, dict[str, Any]] = {
    "platform": {"description": "The platform.", "schema": {"type": "string", "enum": sorted(REGISTRY)}},
    "reader": {"description": "The id of who has read."},
    "peer": {"description": "The id of who wrote, or of the channel."},
    "message": {"description": "The id of a message, as the platform writes it."},
    "account": {"description": "The id of the account."},
    "what": {"description": "What is exported.", "schema": {"type": "string", "enum": list(FIELDS)}},
    "format": {"description": "How it is written.", "schema": {"type": "string", "enum": list(FORMATS)}},
    "id": {"description": "Which one: a person's or an account's id, or a row's number."},
}
RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
#: What is no JSON.
TEXT = {"type": "string"}
NONE: Mapping[Any, Any] = {}


def noun(name: str, description: str) -> Blueprint:
    """Return a part of the API."""
    return Blueprint(name, __name__, url_prefix=API, description=description)


def route(
    blueprint: Blueprint,
    rule: str,
    *,
    scope: str,
    bound: bool = False,
    method: str = "GET",
    query: type[Schema] = NoQuery,
    body: Body | None = None,
    answer: type[Schema] | None = None,
    status: int = 200,
    media: str | None = None,
    done: str | None = None,
    etag: bool = False,
    headers: type[Schema] | None = None,
    tells: Mapping[str, Any] = NONE,
    later: Mapping[int, str] = NONE,
) -> Callable[[V], V]:
    """Declare a view. It gets the values of query and body as keywords beside the path's.

    Without `answer`, 204; with `media`, the view answers by itself, in this type. `done` says when the same
    answer comes with 200 instead of `status`. `headers` are those of the request that the view reads, `tells`
    those that answers carry, and `later` says for which refusals the caller is to come back. The summary and
    the description in the documents are those of its docstring.
    """
    security = [{"token": [scope]}, {"session": [scope]}]
    parameters = [
        {"in": "path", "name": name, "required": True, **PATH[name]} for name in VARIABLE.findall(rule)
    ]

    def declare(view: V) -> V:
        wrapped = body.give(blueprint, view) if body else view
        code, shape = (status, answer) if answer else (200, TEXT) if media else (204, None)
        wrapped = blueprint.response(code, shape, content_type=media, headers=tells or None)(wrapped)
        if done:
            wrapped = blueprint.alt_response(200, schema=answer, description=done, headers=tells)(wrapped)
        for code, why in later.items():
            again = blueprint.alt_response(code, schema=Problem, description=why, headers=RETRY_AFTER)
            wrapped = again(wrapped)
        if headers:
            wrapped = _reading(blueprint, headers, wrapped)
        if etag:
            wrapped = _reading(blueprint, Conditional, wrapped)
            wrapped = blueprint.alt_response(304, description="Nothing has changed.")(wrapped)
        wrapped = blueprint.arguments(query, location="query", as_kwargs=True, unknown=RAISE)(wrapped)
        wrapped = needs(scope, bound=bound)(blueprint.doc(security=security)(wrapped))
        blueprint.route(rule, methods=[method], parameters=parameters)(wrapped)
        return view

    return declare


def _reading(blueprint: Blueprint, headers: type[Schema], view: Callable[..., Any]) -> Any:
    """The view with headers in its documents; who reads them finds them in the request."""

    @wraps(view)
    def without(_: Any, **values: Any) -> Any:
        return view(**values)

    return blueprint.arguments(headers, location="headers")(without)


def finish(response: Response) -> Response:
    """Give an answer its validator, and 304 to who has it already. Answers are for their caller alone."""
    if request.path.startswith(API):
        response.headers.setdefault("Cache-Control", "private, no-cache")
        # A validator of a stream would have to wait for its end.
        if request.method in ("GET", "HEAD") and response.status_code == 200 and not response.is_streamed:
            response.add_etag()
            response.make_conditional(request)
    return response
