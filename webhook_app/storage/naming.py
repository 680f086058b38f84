"""Whom a body names that nobody could read."""

import json
import re

#: A number, whatever stands around it but digits.
NUMBER = re.compile(r"[0-9]+")
#: Digits and capitals, and what follows behind a dot: an id may have two parts.
WORD = re.compile(r"([0-9A-Z]+)(?=(\.[0-9A-Z]+)?)")
#: The one escape of JSON that may stand for a part of an id, or look like one.
ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})")


def ids_in(body: bytes) -> set[str]:
    """Whatever may be somebody's id: numbers, words of digits and capitals, and two of them with a dot.

    They may stand behind JSON's escapes or in UTF-16, and leading zeros are another spelling; a part of a
    number is no id. Takes time as the body is long.
    """
    return _ids(_spelt_out(body))


def is_named(person: str, body: bytes) -> bool:
    """Whether an id is among `ids_in(body)`; quicker where it is not."""
    text = _spelt_out(body)
    return person in text and person in _ids(text)


def _ids(text: str) -> set[str]:
    found = set(NUMBER.findall(text))
    for word, behind in WORD.findall(text):
        found |= {word, word + behind}
    return found | {id.lstrip("0") for id in found}


def _spelt_out(body: bytes) -> str:
    """A body as text, and once more without escapes; it need not be JSON, nor whole."""
    texts = [body.decode(encoding, "replace") for encoding in {"utf-8", json.detect_encoding(body)}]
    meant = [ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text) for text in texts if "\\u" in text]
    return "\n".join(texts + meant)
