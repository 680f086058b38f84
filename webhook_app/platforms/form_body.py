"""A posted form or a query becomes fields, or a sentence saying why not."""

import re
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl, unquote_plus

#: What the standard library stumbles over in parts that are none, although it promises not to.
STUMBLES = (LookupError, AttributeError, TypeError, RuntimeError)
BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")


def parse(body: bytes, charset: str = "utf-8") -> dict[str, str]:
    """Return the fields of a URL-encoded body; of several with one name, the last.

    Raises ValueError if there are none, or if it is no such form.
    """
    text = body.decode(charset)
    if BROKEN.search(text):
        raise ValueError("a % without two digits")
    fields = {}
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if equals:
            fields[unquote_plus(name, charset, "strict")] = unquote_plus(value, charset, "strict")
        elif part:
            raise ValueError("a name without a value")
    if not fields:
        raise ValueError("no fields")
    return fields


def parse_parts(body: bytes, content_type: str, charset: str = "utf-8") -> dict[str, str]:
    """Return the fields of a `multipart/form-data` body. Raises ValueError as `parse` does."""
    try:
        return _parse_parts(body, content_type, charset)
    except STUMBLES as exc:
        raise ValueError("parts that cannot be read") from exc


def _parse_parts(body: bytes, content_type: str, charset: str) -> dict[str, str]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    if message.defects or not message.is_multipart():
        raise ValueError("no parts, or no end")
    fields = {}
    for part in message.iter_parts():
        name, value = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(value, bytes):
            raise ValueError("a part without a name")
        fields[name] = value.decode(charset)
    return fields


def parse_query(query: str) -> dict[str, str]:
    """Return the fields of a URL's query, which is never refused."""
    return dict(parse_qsl(query, keep_blank_values=True)) if query else {}
