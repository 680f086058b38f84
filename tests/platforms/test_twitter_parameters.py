"""The parameters of calls to X's mark_read: wherever they are, they are checked."""

import pytest

from tests.conftest import NOW
from tests.platforms.test_twitter_calls import JSON, MARK, bearer, book, made, refusal
from tests.platforms.test_twitter_oauth import FORM, PAIRS, request

#: An event of an hour, and of an hour and a second from now.
SOON, LATER = (((NOW - 1288834974657 + 3_600_000 + more) << 22) for more in (0, 1000))


def test_a_multipart_form_is_taken() -> None:
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, _, value in (pair.partition("=") for pair in PAIRS.split("&"))
    )
    assert made(bearer("t", parts + "--b--", "multipart/form-data; boundary=b"), book({"t": ""}))[0] == MARK


@pytest.mark.parametrize(
    ("pairs", "code", "message"),
    [
        ("", 38, "last_read_event_id parameter is missing."),
        ("recipient_id=42", 38, "last_read_event_id parameter is missing."),
        ("last_read_event_id=5", 38, "recipient_id parameter is missing."),
        ("last_read_event_id=&recipient_id=42", 38, "last_read_event_id parameter is missing."),
        *((f"last_read_event_id={bad}&recipient_id=42", 214, "last_read_event_id parameter is invalid.")
          for bad in ("five", "-5", "5.0", "1e3", "%20", "9223372036854775808", "0" * 19 + "5", "%D9%A1")),
        *((f"last_read_event_id=5&recipient_id={bad}", 214, "recipient_id parameter is invalid.")
          for bad in ("ann", "-42", "@ann", "9" * 20)),
        (f"last_read_event_id={LATER}&recipient_id=42", 214,
         "last_read_event_id parameter is invalid: it is from the future."),
    ],
)  # fmt: skip
def test_parameters_are_checked(pairs: str, code: int, message: str) -> None:
    for request_ in (bearer("t", pairs), bearer("t", "", query=pairs)):
        wanted, reply = made(request_, book({"t": ""}))
        assert wanted is None
        assert refusal(reply) == (400, code, message)


def test_what_is_not_signed_does_not_outrank_what_is() -> None:
    signed = request(query=PAIRS)
    for kind, body in ((JSON, b'{"recipient_id": "42"}'), ("text/plain", b"recipient_id=42")):
        changed = signed._replace(headers={**signed.headers, "Content-Type": kind}, body=body)
        assert made(changed, book())[0] == MARK


def test_a_cursor_may_be_an_hour_ahead() -> None:
    request_ = bearer("t", f"last_read_event_id={SOON}&recipient_id=42")
    assert made(request_, book({"t": ""}))[0] == ("42", SOON)


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        ("{", JSON, 214),
        ("[]", JSON, 214),
        ('{"last_read_event_id": [5], "recipient_id": {}}', JSON, 214),
        # As deep as JSON may be, and too deep to be written out.
        ('{"last_read_event_id": ' + "[" * 1020 + "]" * 1020 + ', "recipient_id": "42"}', JSON, 214),
        ('{"last_read_event_id": true, "recipient_id": "42"}', JSON, 214),
        ('{"last_read_event_id": 5.5, "recipient_id": "42"}', JSON, 214),
        ('{"last_read_event_id": null, "recipient_id": "42"}', JSON, 38),
        ("last_read_event_id=%zz", FORM, 214),
        ("no form", FORM, 214),
        (PAIRS, "multipart/form-data", 214),
        # Of another type it is not looked at.
        (PAIRS, "text/plain", 38),
        (PAIRS, "", 38),
    ],
)
def test_bodies_are_checked(body: str, kind: str, code: int) -> None:
    assert refusal(made(bearer("t", body, kind), book({"t": ""}))[1])[:2] == (400, code)


def test_a_body_that_broke_off_is_no_call() -> None:
    assert refusal(made(bearer("t")._replace(whole=False), book({"t": ""}))[1])[:2] == (400, 214)


BROKEN = [
    (b"\xff=1", FORM, "The body is not a URL-encoded form in UTF-8."),
    (b"last_read_event_id=%ff", FORM, "The body is not a URL-encoded form in UTF-8."),
    (b"--x", "multipart/form-data; boundary=x", "The body is not a whole multipart form in UTF-8."),
    (b'{"last_read_event_id": "\xff"}', JSON, "The body is not valid JSON."),
    (b'{"last_read_event_id": ' + b"9" * 5000 + b"}", JSON, "The body is not valid JSON."),
    (b"{", JSON, "The body is not valid JSON."),
    (b"[" * 10_000, JSON, "The body is not valid JSON."),
]


@pytest.mark.parametrize(("body", "kind", "message"), BROKEN, ids=lambda v: repr(v)[:24])
def test_of_a_broken_body_we_say_so_in_our_own_words(body: bytes, kind: str, message: str) -> None:
    call = bearer("t", "", kind)._replace(body=body)
    assert refusal(made(call, book({"t": ""}))[1]) == (400, 214, message)
