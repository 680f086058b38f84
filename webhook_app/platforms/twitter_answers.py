"""What an answer of X says: whether it has taken a mark, why not, and how much of the window is left."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from webhook_app.domain.outbox import State, Verdict
from webhook_app.domain.rate import Word
from webhook_app.errors import DeliveryError
from webhook_app.platforms.json_body import line, parse
from webhook_app.platforms.twitter_codes import CODES, STATUSES, TOO_MANY

#: X's longest windows; what is longer is no window.
LONGEST = 86_400_000  # milliseconds
#: Of X's own words, as many as an operator reads.
MOST_WORDS = 200
MOST_CODE = 10**6
NUMBER = re.compile(r"[0-9]{1,12}", re.ASCII)


def taken(status: int, body: bytes) -> bool:
    """Whether X has taken the mark: its page says 204, without a body; what stands in between may say 200."""
    return status == 204 or (200 <= status < 300 and not body)


def read_word(headers: Mapping[str, str], *, counted: bool, refused: bool = False) -> Word | None:
    """What the answer says of the window; None if that is nothing, and the call may not have been `counted`.

    `x-rate-limit-reset` is by X's clock, so it is taken against the answer's own Date. A 204 has no such
    headers, by a recorded answer of the sibling `indicate_typing` (tweepy/tweepy@c05ba988, cassettes).
    """
    limit, remaining, reset = (
        _number(headers.get(f"x-rate-limit-{name}")) for name in ("limit", "remaining", "reset")
    )
    sent_at = read_date(headers.get("date"))
    reset_in = reset * 1000 - sent_at if reset is not None and sent_at is not None else None
    retry_in = _retry_after(headers) if refused else None
    word = Word(limit, remaining, _within_reason(reset_in), retry_in, refused)
    return word if counted or word != Word() else None


def _retry_after(headers: Mapping[str, str]) -> int | None:
    """The wait in milliseconds, if it is one."""
    wait = _number(headers.get("retry-after"))
    return None if wait is None else _within_reason(wait * 1000)


def _number(text: str | None) -> int | None:
    return int(text) if text and NUMBER.fullmatch(text) else None


def read_date(text: str | None) -> int | None:
    """A Date header in milliseconds since 1970; None if it is none."""
    try:
        return round(parsedate_to_datetime(text or "").timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _within_reason(wait: int | None) -> int | None:
    return wait if wait is not None and 0 <= wait <= LONGEST else None


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> DeliveryError:
    """Sort an answer that is no success.

    The window first, whatever the body says; then what X's servers suffer from; then X's own codes. What is
    not in X's shape (a page, a list, nothing) is not X's word, and says only: try again. Whether X counts
    what it refuses is documented nowhere, so only the window's own headers say something of it.
    """
    errors = _errors(body)
    code, text = errors or (None, "")
    if status in TOO_MANY:
        verdict, state = Verdict.WINDOW, None
    elif status >= 500 or errors is None:
        verdict, state = Verdict.RETRY, None
    else:
        verdict, state = _sort(status, code)
    word = read_word(headers, counted=False, refused=verdict is Verdict.WINDOW)
    # Of what is down for a while, too (RFC 9110, 10.2.3).
    wait = _retry_after(headers) if verdict is Verdict.RETRY else None
    return DeliveryError(verdict, _words(status, code, text), word=word, wait=wait, state=state)


def _sort(status: int, code: int | None) -> tuple[Verdict, State | None]:
    if code in CODES:
        return CODES[code].verdict, CODES[code].state
    return STATUSES.get(status, (Verdict.RETRY, None))


def _words(status: int, code: int | None, text: str) -> str:
    """X's code and its message; without a code, the status."""
    start = f"HTTP {status}" if code is None else str(code)
    return f"{start} {line(text, MOST_WORDS)}".strip()


def _errors(body: bytes) -> tuple[int | None, str] | None:
    """Code and message of a body in one of X's shapes: v1.1's list, its single `error`, or a problem of v2.

    Of several errors the first whose code we know, or the first. None if it is in no such shape.
    """
    try:
        document = parse(body)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    listed = document.get("errors")
    found = [_error(each) for each in (listed if isinstance(listed, list) else [listed])]
    found += [_error(document.get("error")), _error(document.get("title"))]
    said = [each for each in found if each is not None]
    return next((each for each in said if each[0] in CODES), said[0] if said else None)


def _error(error: Any) -> tuple[int | None, str] | None:
    if isinstance(error, str):
        return None, error
    if not isinstance(error, dict):
        return None
    code, message = error.get("code"), error.get("message")
    # Longer ones are no codes.
    known = type(code) is int and abs(code) < MOST_CODE
    return code if known else None, message if isinstance(message, str) else ""
