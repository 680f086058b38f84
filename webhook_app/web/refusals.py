"""Every refusal of the desk in one shape: flask-smorest's envelope."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NoReturn

from flask import Flask, request
from flask_smorest import Api
from werkzeug.exceptions import HTTPException, MethodNotAllowed, default_exceptions

from webhook_app.errors import (
    DatabaseUnavailable,
    InvalidValue,
    NotFound,
    OutboxFull,
    ReadmarkError,
    Unstorable,
)

Answer = tuple[dict[str, Any], int, dict[str, str]]
logger = logging.getLogger(__name__)
STATUS: dict[type[ReadmarkError], int] = {
    InvalidValue: 422,
    Unstorable: 422,
    NotFound: 404,
    OutboxFull: 429,
    DatabaseUnavailable: 503,
}
RETRY_AFTER = "5"  # seconds


def register(app: Flask, api: Api) -> None:
    """Let our errors, and HTTP's own, end in the envelope."""
    app.register_error_handler(ReadmarkError, refuse)
    app.register_error_handler(HTTPException, _with_allow(api.handle_http_exception))


def refuse(error: ReadmarkError) -> Answer:
    """Say why not."""
    code = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    body: dict[str, Any] = {"code": code, "status": HTTPStatus(code).phrase, "message": str(error)}
    if isinstance(error, InvalidValue):
        where = "path" if error.field in (request.view_args or {}) else "query"
        body["errors"] = {where: {error.field: [str(error)]}}
    if isinstance(error, OutboxFull):
        return body, code, {"Retry-After": str(max(1, -(-error.retry_in // 1000)))}
    if code == 503:
        logger.warning("%s %s: %s", request.method, request.path, error)
        return body, code, {"Retry-After": RETRY_AFTER}
    if code == 500:
        logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return body, code, {}


def _with_allow(envelope: Callable[[HTTPException], Answer]) -> Callable[[HTTPException], Answer]:
    def answer(error: HTTPException) -> Answer:
        body, code, headers = envelope(error)
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            headers = {**headers, "Allow": ", ".join(sorted(error.valid_methods))}
        return body, code, headers

    return answer


def refuse_what_is_no_text() -> None:
    """Refuse a query that is not UTF-8, which nobody could read."""
    try:
        request.query_string.decode()
    except UnicodeDecodeError:
        deny(400, "The query is not UTF-8.")


def refuse_nul() -> None:
    """Refuse U+0000, which one of the databases cannot store and nobody means."""
    if "\0" in request.path:
        deny(422, "U+0000 is not allowed.", errors={"path": {"path": ["U+0000 is not allowed."]}})
    for name, value in request.args.items(multi=True):
        if "\0" in name + value:
            deny(422, "U+0000 is not allowed.", errors={"query": {name: ["U+0000 is not allowed."]}})


def deny(
    code: int, message: str, headers: dict[str, str] | None = None, errors: dict[str, Any] | None = None
) -> NoReturn:
    """End the request here, in the envelope."""
    error = default_exceptions[code]()
    said = {"message": message, "headers": headers or {}, "errors": errors}
    # Where flask-smorest looks for what to say.
    vars(error)["data"] = {name: value for name, value in said.items() if value is not None}
    raise error
