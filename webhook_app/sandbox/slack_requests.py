"""Reads a call of Slack's Web API as its pages say one may be posted, and refuses it in their words."""

import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from werkzeug.exceptions import ClientDisconnected
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header
from werkzeug.wrappers import Request

from webhook_app.sandbox.slack_errors import SlackRefusal

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
JSON, TEXT = "application/json", "text/plain"
#: The row ``invalid_charset`` of both pages.
CHARSETS = ("utf-8", "iso-8859-1")
#: Slack says "very long" and no number.
LONGEST_NAME = 64

_ARRAY = re.compile(r"[^\[\]]*\[.*\]", re.DOTALL)
_NAME = re.compile(rf"[A-Za-z0-9_]{{1,{LONGEST_NAME}}}")
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class PostType:
    """What a ``Content-Type`` says."""

    type: str
    charset: str
    boundary: str
    warnings: tuple[str, ...]


#: A call without a body: all its arguments are in the query.
NO_POST = PostType("", "utf-8", "", ())


def post_type(asked: Request) -> PostType:
    """The type of the body, if Slack knows it and its charset."""
    if asked.method != "POST":
        return NO_POST
    header = asked.headers.get("Content-Type")
    if header is None:
        if asked.content_length or asked.environ.get("wsgi.input_terminated"):
            raise SlackRefusal("missing_post_type")
        return NO_POST
    kind, options = parse_options_header(header)
    kind = kind.strip().lower()
    if kind not in (FORM, MULTIPART, JSON, TEXT):
        raise SlackRefusal("invalid_post_type")
    charset = options.get("charset")
    if charset is not None and charset.lower() not in CHARSETS:
        raise SlackRefusal("invalid_charset")
    return PostType(kind, (charset or "utf-8").lower(), options.get("boundary", ""), _warnings(kind, charset))


def _warnings(kind: str, charset: str | None) -> tuple[str, ...]:
    if kind in (FORM, MULTIPART):
        return () if charset is None else ("superfluous_charset",)
    return ("missing_charset",) if charset is None else ()


def read_arguments(asked: Request, post: PostType, *, required: bool) -> dict[str, str]:
    """All arguments by name, those of the body over those of the query.

    ``required``: the method has arguments that it cannot do without, so that an empty form is a missing one.
    """
    given: list[tuple[str, Any]] = parse_qsl(asked.query_string.decode("latin-1"), keep_blank_values=True)
    if post is not NO_POST:
        body = _body(asked)
        if body or required:
            given += _posted(body, post)
    return {name: _checked(name, value) for name, value in given if value is not None}


def token_of(asked: Request, post: PostType, arguments: Mapping[str, str]) -> str | None:
    """The token: of the ``Authorization`` header, which JSON requires; else the argument."""
    scheme, _, credentials = asked.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip() or None
    return None if post.type == JSON else arguments.get("token") or None


def _body(asked: Request) -> bytes:
    """The bytes announced; where fewer have come, Slack speaks of a time-out."""
    try:
        return asked.get_data(cache=False)
    except ClientDisconnected as exc:
        raise SlackRefusal("request_timeout") from exc


def _posted(body: bytes, post: PostType) -> Iterable[tuple[str, Any]]:
    if post.type == MULTIPART:
        return _multipart(body, post)
    # No page says how plain text is read; a brace begins no form.
    if post.type == JSON or (post.type == TEXT and body.lstrip().startswith(b"{")):
        return _json(body, post)
    return _form(body, post)


def _form(body: bytes, post: PostType) -> Iterable[tuple[str, Any]]:
    if not body or _BROKEN_ESCAPE.search(body):
        _refuse_form(post)
    try:
        text = body.decode(post.charset)
        return parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, encoding=post.charset, errors="strict"
        )
    except ValueError:
        _refuse_form(post)


def _multipart(body: bytes, post: PostType) -> Iterable[tuple[str, Any]]:
    try:
        fields, _ = MultiPartParser().parse(io.BytesIO(body), post.boundary.encode(), len(body))
    except ValueError:
        _refuse_form(post)
    if not fields:
        _refuse_form(post)
    return fields.items(multi=True)


def _refuse_form(post: PostType) -> NoReturn:
    """The row ``invalid_form_data`` is about forms alone."""
    raise SlackRefusal("invalid_arguments" if post.type == TEXT else "invalid_form_data")


def _json(body: bytes, post: PostType) -> Iterable[tuple[str, Any]]:
    try:
        value = json.loads(body.decode(post.charset))
    except (ValueError, RecursionError) as exc:
        raise SlackRefusal("invalid_arguments", messages=["[ERROR] the body is no JSON"]) from exc
    if not isinstance(value, dict):
        raise SlackRefusal("invalid_arguments", messages=["[ERROR] the body is no JSON object"])
    return value.items()


def _checked(name: str, value: object) -> str:
    """The argument as a string, if its name may be one and it is no array."""
    if isinstance(value, list) or _ARRAY.fullmatch(name):
        raise SlackRefusal("invalid_array_arg")
    if not _NAME.fullmatch(name):
        raise SlackRefusal("invalid_arg_name")
    if isinstance(value, dict):
        raise SlackRefusal("invalid_arguments", messages=[f"[ERROR] {name} must be a string"])
    return str(value)
