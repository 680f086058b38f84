"""A signed body becomes a JSON object, or a sentence saying why not."""

import json
from typing import Any, NoReturn

import orjson


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def parse(body: bytes) -> Any:
    """Return the JSON value of a body.

    orjson reads it; where it refuses (lone surrogates, which X may send), the standard library decides,
    without NaN and infinities. Raises ValueError.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


def clean(text: object, most: int) -> str:
    """A text that every database takes: NUL and lone surrogates replaced, at most `most` characters."""
    if not isinstance(text, str):
        return ""
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "�")[:most]


def line(text: object, most: int) -> str:
    """The same on one line, for logs and sentences, without what would steer a terminal."""
    return "".join(filter(str.isprintable, " ".join(clean(text, most).split())))
