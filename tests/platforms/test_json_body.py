"""Bodies become JSON values, and texts become storable."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_app.platforms.json_body import clean, parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON, st.booleans())
def test_it_reads_json(value: Any, ascii: bool) -> None:
    assert parse(json.dumps(value, ensure_ascii=ascii).encode("utf-8")) == value


def test_it_reads_lone_surrogates() -> None:
    assert parse(b'["\\ud800", "\\u0000"]') == ["\ud800", "\0"]


@given(st.binary())
def test_it_refuses_the_rest_with_a_value_error(body: bytes) -> None:
    with suppress(ValueError):
        parse(body)


@pytest.mark.parametrize("body", [b"NaN", b"[Infinity]", b'["\\ud800", -Infinity]'])
def test_numbers_that_json_does_not_have_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        parse(body)


@given(st.text(st.characters() | st.sampled_from("\0\ud800\udc00")), st.integers(0, 5))
def test_a_clean_text_is_short_and_storable(text: str, most: int) -> None:
    cleaned = clean(text, most)
    cleaned.encode()
    assert "\0" not in cleaned
    assert len(cleaned) <= most


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8")))
def test_a_good_text_stays_as_it_is(text: str) -> None:
    assert clean(text, len(text)) == text


@pytest.mark.parametrize("value", [None, 5, b"x", ["x"], True])
def test_what_is_no_text_is_empty(value: object) -> None:
    assert clean(value, 10) == ""
