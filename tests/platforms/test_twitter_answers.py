"""What X's answers mean for marks, accounts and the platform, and what they say of windows."""

import json
from typing import Any

import pytest

from webhook_app.domain.outbox import State, Verdict
from webhook_app.domain.rate import Word
from webhook_app.platforms.twitter_answers import read_word, refusal, taken
from webhook_app.platforms.twitter_codes import CODES, STATUSES

DATE = "Sat, 21 Nov 2026 00:00:00 GMT"
SECOND = 1_795_219_200


def errors(*coded: Any) -> bytes:
    """A body in X's shape."""
    return json.dumps({"errors": [{"code": code, "message": f"It is {code}."} for code in coded]}).encode()


@pytest.mark.parametrize(
    ("code", "verdict", "state"),
    [
        *((code, Verdict.ACCOUNT, State.UNAUTHORISED) for code in (32, 135, 215, 87, 93, 220, 261)),
        *((code, Verdict.ACCOUNT, State.REVOKED) for code in (89, 99)),
        *((code, Verdict.ACCOUNT, State.SUSPENDED) for code in (64, 326)),
        *((code, Verdict.PEER, None) for code in (17, 34, 50, 144, 38, 44, 214, 150, 151, 349, 354)),
        (226, Verdict.PAUSE, None),
        *((code, Verdict.RETRY, None) for code in (67, 130, 131)),
        (88, Verdict.WINDOW, None),
        *((code, Verdict.PLATFORM, State.SUSPENDED) for code in (251, 416, 453)),
    ],
)
def test_it_sorts_xs_codes(code: int, verdict: Verdict, state: State | None) -> None:
    sorted_ = refusal(CODES[code].status, {}, errors(code))
    assert (sorted_.verdict, sorted_.state, str(sorted_)) == (verdict, state, f"{code} It is {code}.")
    assert sorted_.word == (Word(refused=True) if verdict is Verdict.WINDOW else None)


@pytest.mark.parametrize(
    ("status", "verdict", "state"),
    [
        (400, Verdict.PEER, None),
        (401, Verdict.ACCOUNT, State.UNAUTHORISED),
        (402, Verdict.PAUSE, None),
        (403, Verdict.PEER, None),
        (404, Verdict.PEER, None),
        (410, Verdict.PLATFORM, State.SUSPENDED),
        (409, Verdict.RETRY, None),
        (500, Verdict.RETRY, None),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        b'{"errors":[{"code":9999,"message":"Unheard of"}]}',
        b'{"errors":[{"message":"No code"}]}',
        b'{"errors":"A sentence"}',
        b'{"error":"Not authorized."}',
        b'{"title":"Forbidden","detail":"\xc3\xa9","type":"about:blank","status":403}',
    ],
)
def test_without_a_known_code_the_status_counts(
    status: int, verdict: Verdict, state: State | None, body: bytes
) -> None:
    sorted_ = refusal(status, {}, body)
    assert (sorted_.verdict, sorted_.state) == (verdict, state)
    assert STATUSES.get(status, (Verdict.RETRY, None)) == (verdict, state)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 410, 500, 502, 503, 504])
@pytest.mark.parametrize(
    "body",
    [b"", b"<html><body>403 Forbidden</body></html>", b"[]", b'[{"code": 32}]', b"{}", b"null", b'"32"',
     b'{"errors": null}', b'{"errors": []}', b'{"errors": [5]}', b"\xff\xfe", b"{" * 100_000,
     b'{"title": 5}', b'{"title": ' + b"[" * 1000 + b"]" * 1000 + b"}"],
)  # fmt: skip
def test_what_is_not_in_xs_shape_is_tried_again(status: int, body: bytes) -> None:
    sorted_ = refusal(status, {"Content-Type": "text/html"}, body)
    assert (sorted_.verdict, sorted_.state, sorted_.word) == (Verdict.RETRY, None, None)
    assert str(sorted_) == f"HTTP {status}"


@pytest.mark.parametrize("status", [420, 429])
@pytest.mark.parametrize("body", [errors(88), errors(32), b"<html>", b"", b'{"title":"UsageCapExceeded"}'])
def test_too_many_is_of_the_window_whatever_it_says(status: int, body: bytes) -> None:
    sorted_ = refusal(status, {}, body)
    assert (sorted_.verdict, sorted_.word) == (Verdict.WINDOW, Word(refused=True))


def test_of_several_errors_the_first_known_counts() -> None:
    assert refusal(403, {}, errors(9999, 150, 64)).verdict is Verdict.PEER


def test_servers_that_suffer_stop_no_account() -> None:
    assert refusal(503, {}, errors(32)).verdict is Verdict.RETRY


def test_xs_words_are_kept_short_and_storable() -> None:
    body = json.dumps({"errors": [{"code": 150, "message": "No\0\ud800" + "!" * 1000}]}).encode()
    words = str(refusal(403, {}, body))
    assert words.startswith("150 No\ufffd\ufffd!!!")
    assert len(words) == 204


def test_what_is_too_long_for_a_code_is_none() -> None:
    body = b'{"errors":[{"code":' + b"9" * 4000 + b',"message":"No."}]}'
    assert str(refusal(403, {}, body)) == "HTTP 403 No."


def test_xs_words_stay_on_their_line_and_steer_no_terminal() -> None:
    body = json.dumps({"errors": [{"code": 150, "message": "No.\r\n\x1b[2J No\u2028more"}]}).encode()
    assert str(refusal(403, {}, body)) == "150 No. [2J No more"


@pytest.mark.parametrize(
    ("status", "body", "success"),
    [(204, b"", True), (200, b"", True), (200, b"<html>", False), (200, b"{}", False), (302, b"", False)],
)
def test_it_knows_a_success(status: int, body: bytes, success: bool) -> None:
    assert taken(status, body) is success


@pytest.mark.parametrize(
    ("headers", "word"),
    [
        ({}, Word()),
        ({"x-rate-limit-limit": "1000", "x-rate-limit-remaining": "999"}, Word(1000, 999)),
        # By X's clock, whatever ours says.
        ({"x-rate-limit-reset": str(SECOND + 900), "date": DATE}, Word(reset_in=900_000)),
        ({"x-rate-limit-reset": str(SECOND), "date": DATE}, Word(reset_in=0)),
        # Against nothing it says nothing.
        ({"x-rate-limit-reset": str(SECOND + 900)}, Word()),
        ({"x-rate-limit-reset": str(SECOND + 900), "date": "yesterday"}, Word()),
        # Past, or not a second but something else.
        ({"x-rate-limit-reset": str(SECOND - 1), "date": DATE}, Word()),
        ({"x-rate-limit-reset": str(SECOND * 100), "date": DATE}, Word()),
        ({"x-rate-limit-limit": "many", "x-rate-limit-remaining": "-1", "x-rate-limit-reset": ""}, Word()),
        ({"x-rate-limit-remaining": "0"}, Word(remaining=0)),
        # Of a success it says nothing about the window.
        ({"retry-after": "5"}, Word()),
    ],
)
def test_it_reads_the_windows_headers(headers: dict[str, str], word: Word) -> None:
    assert read_word(headers, counted=True) == word
    # A refusal may not have been counted: it is a word only if it says one.
    assert read_word(headers, counted=False) == (word if word != Word() else None)


def test_a_refusal_for_the_rate_says_until_when() -> None:
    headers = {"x-rate-limit-limit": "1000", "x-rate-limit-remaining": "0", "retry-after": "7",
               "x-rate-limit-reset": str(SECOND + 60), "date": DATE}  # fmt: skip
    assert refusal(429, headers, errors(88)).word == Word(1000, 0, 60_000, 7000, refused=True)


def test_a_refusal_of_another_kind_may_tell_the_window_too() -> None:
    headers = {"x-rate-limit-limit": "1000", "x-rate-limit-remaining": "3"}
    sorted_ = refusal(403, headers, errors(150))
    assert (sorted_.verdict, sorted_.word) == (Verdict.PEER, Word(1000, 3))
