"""Posted forms and queries as fields."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_app.platforms.form_body import parse, parse_parts, parse_query

MULTIPART = "multipart/form-data; boundary=b"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.dictionaries(texts, texts, min_size=1, max_size=5))
def test_it_reads_what_was_encoded(fields: dict[str, str]) -> None:
    assert parse(urlencode(fields).encode()) == fields


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a=1&", {"a": "1"}),
        (b"a=", {"a": ""}),
        (b"a=b=c", {"a": "b=c"}),
        # The last one counts.
        (b"a=1&a=2", {"a": "2"}),
        (b"a=%2B+%20", {"a": "+  "}),
        ("a=é".encode(), {"a": "é"}),
    ],
)
def test_it_reads_a_form(body: bytes, fields: dict[str, str]) -> None:
    assert parse(body) == fields


def test_it_reads_the_other_charset() -> None:
    assert parse(b"a=%E9&b=\xe9", "iso-8859-1") == {"a": "é", "b": "é"}


@pytest.mark.parametrize(
    "body", [b"", b"&&", b"a", b"a=1&b", b"a=%", b"a=%4", b"%zz=1", b"a=\xe9", b"a=%E9", b'{"a":1}']
)
def test_it_refuses_what_is_no_form(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(body)


def part(name: str, value: bytes) -> bytes:
    """A part of a multipart body, up to the next boundary."""
    return b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)


def test_it_reads_parts() -> None:
    body = part("a", b"1") + part("b", "é\r\n--".encode()) + part("c", b"") + b"--b--\r\n"
    assert parse_parts(body, MULTIPART) == {"a": "1", "b": "é\r\n--", "c": ""}


def test_it_reads_parts_of_the_other_charset() -> None:
    assert parse_parts(part("a", b"\xe9") + b"--b--", MULTIPART, "iso-8859-1") == {"a": "é"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", MULTIPART),
        (b"a=1", MULTIPART),
        # Cut off before its end.
        (part("a", b"1"), MULTIPART),
        (part("a", b"1") + b"--b--", "multipart/form-data"),
        (part("a", b"1") + b"--b--", "multipart/form-data; boundary=c"),
        (part("a", b"\xe9") + b"--b--", MULTIPART),
        (b"--b\r\n\r\nnameless\r\n--b--", MULTIPART),
        (b"--b\r\nContent-Disposition: form-data; name*=utf-8'en'a\r\n\r\n1\r\n--b--", MULTIPART + "\xe9"),
    ],
)
def test_it_refuses_what_has_no_parts(body: bytes, content_type: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_parts(body, content_type)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (part("a", b"1") + b"--b--", MULTIPART + "; a*"),
        (b"--b\r\nContent-Disposition: form-data; " + b"(" * 2000 + b"\r\n\r\n1\r\n--b--", MULTIPART),
        (b"--b\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 3000, MULTIPART),
    ],
    ids=["parameter", "comments", "messages"],
)
def test_what_the_standard_library_stumbles_over_has_no_parts_either(body: bytes, content_type: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        parse_parts(body, content_type)


@given(st.binary(max_size=200))
def test_nothing_but_a_value_error_comes_of_bytes(body: bytes) -> None:
    for read in (parse, lambda body: parse_parts(body, MULTIPART)):
        try:
            assert read(body)
        except ValueError:
            continue


@pytest.mark.parametrize(
    ("query", "fields"), [("", {}), ("a=1&b", {"a": "1", "b": ""}), ("%zz=1", {"%zz": "1"}), ("&&", {})]
)
def test_a_query_is_never_refused(query: str, fields: dict[str, str]) -> None:
    assert parse_query(query) == fields
