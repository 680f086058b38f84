"""Reads a call of Slack's Web API as its pages say one may be posted, and refuses it in their words.

In the order of the contract: the method, the type of the post, its charset, its body, the names in it.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from webhook_app.errors import CallRefused
from webhook_app.platforms import form_body, json_body
from webhook_app.platforms.native import Call, Request

PREFIX = "/api/"
CONVERSATIONS_MARK, MPIM_MARK, AUTH_TEST = METHODS = ("conversations.mark", "mpim.mark", "auth.test")
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
JSON, TEXT = "application/json", "text/plain"
#: The row `invalid_charset` of both pages.
CHARSETS = ("utf-8", "iso-8859-1")
#: The row `invalid_arg_name`; Slack says "very long" and no number.
NAME = re.compile(r"[A-Za-z0-9_]{1,64}", re.ASCII)


class PostType(NamedTuple):
    """What a Content-Type says."""

    kind: str
    charset: str = "utf-8"
    warnings: tuple[str, ...] = ()


NO_POST = PostType("")


def open_call(request: Request) -> Call:
    """Return the call. Raises CallRefused, with `warnings` in its details once the type is known."""
    method = request.path.removeprefix(PREFIX)
    if method not in METHODS:
        raise CallRefused("unknown_method")
    post = post_type(request)
    try:
        given: dict[str, Any] = {**form_body.parse_query(request.query)}
        if post is not NO_POST:
            given |= _posted(request, post, needed=method != AUTH_TEST)
        return Call(request, method, _checked(given), post.warnings)
    except CallRefused as refusal:
        refusal.details["warnings"] = post.warnings
        raise


def post_type(request: Request) -> PostType:
    """Return the type of the body; `NO_POST` if all there is, is in the query."""
    if request.method != "POST":
        return NO_POST
    header = request.headers.get("Content-Type")
    if not header:
        if request.body or not request.whole:
            raise CallRefused("missing_post_type")
        return NO_POST
    kind, _, rest = header.partition(";")
    kind = kind.strip().lower()
    if kind not in (FORM, MULTIPART, JSON, TEXT):
        raise CallRefused("invalid_post_type")
    charset = _charset(rest) if rest else None
    if charset not in (None, *CHARSETS):
        raise CallRefused("invalid_charset")
    return PostType(kind, charset or "utf-8", _warnings(kind, charset))


def _charset(parameters: str) -> str | None:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return None


def _warnings(kind: str, charset: str | None) -> tuple[str, ...]:
    if kind in (FORM, MULTIPART):
        return () if charset is None else ("superfluous_charset",)
    return ("missing_charset",) if charset is None else ()


def _posted(request: Request, post: PostType, *, needed: bool) -> Mapping[str, Any]:
    """The arguments in the body; `needed`: the method has some that it cannot do without."""
    body = request.body
    if not request.whole:
        raise CallRefused("request_timeout")
    if not body and not needed:
        # slack_sdk posts auth.test as JSON without a body.
        return {}
    if post.kind == JSON or (post.kind == TEXT and body.lstrip().startswith(b"{")):
        return _json(body, post.charset)
    try:
        if post.kind == MULTIPART:
            return form_body.parse_parts(body, request.headers["Content-Type"], post.charset)
        return form_body.parse(body, post.charset)
    except ValueError as exc:
        raise CallRefused("invalid_form_data") from exc


def _json(body: bytes, charset: str) -> Mapping[str, Any]:
    try:
        value = json_body.parse(body if charset == "utf-8" else body.decode(charset).encode())
    except ValueError as exc:
        raise CallRefused("invalid_arguments") from exc
    if not isinstance(value, dict):
        raise CallRefused("invalid_arguments")
    return value


def _checked(given: Mapping[str, Any]) -> dict[str, str]:
    """The arguments as strings, if none is an array and all have names; null is none."""
    for name, value in given.items():
        if isinstance(value, list) or (name.endswith("]") and "[" in name):
            raise CallRefused("invalid_array_arg")
    for name, value in given.items():
        if not NAME.fullmatch(name):
            raise CallRefused("invalid_arg_name")
        if isinstance(value, dict):
            raise CallRefused("invalid_arguments")
    return {name: str(value) for name, value in given.items() if value is not None}
