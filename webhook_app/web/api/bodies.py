"""What requests bring: JSON read by a schema, an object or a list of objects, taken all or nothing.

Whatever Content-Type is named: sessions need a CSRF token, so that no stranger's form passes for JSON.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, NoReturn

from flask import request
from flask_smorest import Blueprint
from marshmallow import Schema, ValidationError

from webhook_app.platforms.json_body import parse
from webhook_app.web.body import MOST_BYTES
from webhook_app.web.refusals import deny

View = Callable[..., Any]
Errors = dict[Any, Any]
UNWANTED = "The body is not what is wanted."


class Body(NamedTuple):
    """A body as a view wants it."""

    schema: type[Schema]
    example: dict[str, Any]
    required: bool = True
    #: If set, a list of up to so many is taken as well, and the view gets a list as `batch`.
    most: int | None = None

    def give(self, blueprint: Blueprint, view: View) -> View:
        """The view with what the body holds as keywords, and with it in the documents."""

        @wraps(view)
        def with_body(**values: Any) -> Any:
            return view(**values, **self._read())

        content = {"schema": self._shape(), "example": self.example}
        told = {"required": self.required, "content": {"application/json": content}}
        given: View = blueprint.doc(requestBody=told)(with_body)
        return given

    def _shape(self) -> Any:
        if self.most is None:
            return self.schema
        many = {"type": "array", "items": self.schema, "minItems": 1, "maxItems": self.most}
        return {"oneOf": [self.schema, many]}

    def _read(self) -> dict[str, Any]:
        body = _json(self.required)
        if self.most is None:
            return self._load([body], alone=True)[0]
        alone = not isinstance(body, list)
        rows = [body] if alone else body
        if not 1 <= len(rows) <= self.most:
            refuse_body({"_schema": [f"Not a list of 1 to {self.most}."]})
        return {"batch": self._load(rows, alone=alone)}

    def _load(self, rows: list[Any], *, alone: bool) -> list[dict[str, Any]]:
        try:
            loaded: list[dict[str, Any]] = self.schema(many=True).load(rows)
            return loaded
        except ValidationError as error:
            found: Any = error.messages
            refuse_body(found[0] if alone else found)


def refuse_rows(errors: Errors, message: str = UNWANTED) -> None:
    """Refuse a whole batch for what is wrong with rows of it, by index, if anything is."""
    if errors:
        refuse_body(errors if isinstance(_json(True), list) else errors[0], message)


def refuse_body(errors: Errors, message: str = UNWANTED) -> NoReturn:
    """Say what is wrong with the body, by field."""
    deny(422, message, errors={"json": errors})


def _json(required: bool) -> Any:
    # Forms have to be shorter than a thousand marks.
    request.max_content_length = MOST_BYTES
    data = request.get_data()
    if not data and not required:
        return {}
    try:
        return parse(data)
    except ValueError:
        refuse_body({"_schema": ["Not JSON."]})
