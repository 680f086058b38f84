"""Who calls X's mark_read of us, what is marked, and X's answers."""

import json
from typing import Any

import pytest

from tests.conftest import NOW
from tests.platforms.callers import WINDOW, Book, account, make
from tests.platforms.test_twitter_oauth import APP, FORM, PAIRS, PATH, TOKEN, request
from tests.platforms.test_twitter_oauth import SECRET as TOKEN_SECRET
from webhook_app.domain.account import Account
from webhook_app.domain.outbox import State
from webhook_app.errors import (
    CallRefused,
    DatabaseUnavailable,
    NotFound,
    OutboxFull,
    ReadmarkError,
    SealedElsewhere,
    Unstorable,
)
from webhook_app.platforms.native import Reply, Request
from webhook_app.platforms.twitter import Twitter
from webhook_app.platforms.twitter_calls import digest
from webhook_app.settings import Settings

twitter = Twitter(Settings(twitter_consumer_key=APP[0], twitter_consumer_secret=APP[1]))
CREDENTIALS = {"access_token": TOKEN, "access_token_secret": TOKEN_SECRET}
MARK = ("1693649419", 1247310121283321862)
JSON = "application/json"


def book(tokens: Any = None, **changes: Any) -> Book:
    """A book with the account of the signing token."""
    who = account("twitter", "1245", **{"digest": digest(TOKEN), **changes})
    return Book([(who, CREDENTIALS)], tokens or {})


def bearer(secret: str, body: str = PAIRS, kind: str = FORM, query: str = "") -> Request:
    """A call with a token of ours."""
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": kind}
    return Request("POST", f"https://h{PATH}", PATH, query, headers, body.encode())


def made(request: Request, who: Book) -> tuple[Any, Reply]:
    """What is marked, and the answer."""
    return make(twitter, request, who, NOW)


def refusal(reply: Reply) -> tuple[int, int, str]:
    """Status, code and message of an answer in X's shape."""
    headers = dict(reply.headers)
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert_window(reply)
    ((error,),) = json.loads(reply.body).values()
    assert set(json.loads(reply.body)) == {"errors"}
    return reply.status, error["code"], error["message"]


def assert_window(reply: Reply) -> None:
    """The window's headers are there."""
    headers = dict(reply.headers)
    told = [headers[f"x-rate-limit-{name}"] for name in ("limit", "remaining", "reset")]
    assert told == [str(number) for number in WINDOW]


@pytest.mark.parametrize(
    "request_",
    [
        request(query=PAIRS),
        request(body=PAIRS),
        request(body=PAIRS, kind=f"{FORM}; charset=utf-8", scheme="http"),
        request(body=json.dumps({"last_read_event_id": MARK[1], "recipient_id": MARK[0]}), kind=JSON),
        request(
            body='{"recipient_id": "1693649419"}', kind=JSON, query="last_read_event_id=1247310121283321862"
        ),
        request(query="last_read_event_id=1247310121283321862&recipient_id=0001693649419"),
        request(query=PAIRS + "&more=1"),
    ],
)
def test_a_signed_call_is_taken(request_: Request) -> None:
    wanted, reply = made(request_, book())
    assert wanted == MARK
    assert (reply.status, reply.body) == (204, b"")
    assert_window(reply)
    assert len(reply.headers) == 3


class Sealed(Book):
    """A book whose credentials were sealed under another key."""

    def credentials(self, account: Account) -> dict[str, str]:
        raise SealedElsewhere


def test_credentials_that_cannot_be_opened_are_no_fault_of_the_callers() -> None:
    wanted, reply = made(request(query=PAIRS), Sealed(book().entries))
    assert wanted is None
    assert refusal(reply) == (503, 130, str(SealedElsewhere()))


@pytest.mark.parametrize(
    ("tokens", "right"),
    [
        # For any account, and there is one.
        ({"t": ""}, True),
        ({"t": ("twitter", "1245")}, True),
        ({"t": ("twitter", "1246")}, False),
        ({"t": ("slack", "T1.U1")}, False),
        ({}, False),
    ],
)
def test_a_token_of_ours_may_mark_its_account(tokens: Any, right: bool) -> None:
    wanted, reply = made(bearer("t"), book(tokens))
    if right:
        assert (wanted, reply.status) == (MARK, 204)
    else:
        assert refusal(reply) == (401, 32, "Could not authenticate you.")


def test_of_several_accounts_a_token_must_name_one() -> None:
    who = book({"any": "", "one": ("twitter", "42")})
    who.entries.append((account("twitter", "42"), None))
    who.entries.append((account("slack", "T1.U1"), None))
    assert refusal(made(bearer("any"), who)[1]) == (
        401, 32, "Not one account: use a token that is bound to one."
    )  # fmt: skip
    assert made(bearer("one"), who)[0] == MARK


@pytest.mark.parametrize(
    ("request_", "who"),
    [
        (request(query=PAIRS, token=(TOKEN, "other")), book()),
        (request(query=PAIRS), book(digest=digest("1245-other"))),
        (request(query=PAIRS, timestamp=str(NOW // 1000 - 301)), book()),
        # Its credentials were erased.
        (request(query=PAIRS), Book([(account("twitter", "1245", digest=digest(TOKEN)), None)])),
        (bearer(""), book()),
        (bearer("x")._replace(headers={}), book()),
    ],
)
def test_nobody_else_is_let_in(request_: Request, who: Book) -> None:
    wanted, reply = made(request_, who)
    assert wanted is None
    assert refusal(reply) == (401, 32, "Could not authenticate you.")


def test_without_a_consumer_key_no_signature_is_right() -> None:
    unconfigured = Twitter(Settings(twitter_consumer_secret=APP[1]))
    assert make(unconfigured, request(query=PAIRS), book(), NOW)[1].status == 401


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": State.REVOKED, "reason": "89 Expired."}, (401, 89, "Expired.")),
        ({"state": State.REVOKED}, (401, 89, "Invalid or expired token.")),
        ({"state": State.UNAUTHORISED, "reason": "401"}, (401, 32, "Could not authenticate you.")),
        ({"state": State.UNAUTHORISED, "reason": "261 Read-only."}, (403, 261, "Read-only.")),
        ({"state": State.SUSPENDED, "reason": "326"}, (403, 326, "This account is temporarily locked.")),
        ({"state": State.SUSPENDED, "reason": "453 Pay."}, (403, 453, "Pay.")),
        ({"refused_until": NOW + 1, "reason": "226 A machine?"}, (403, 226, "A machine?")),
        (
            {"refused_until": NOW + 1, "reason": "HTTP 402 CreditsDepleted"},
            (403, 220, "Your credentials do not allow access to this resource."),
        ),
    ],
)
def test_a_refused_account_is_told_xs_words(changes: Any, said: tuple[int, int, str]) -> None:
    wanted, reply = made(request(query=PAIRS), book(**changes))
    assert wanted is None
    assert refusal(reply) == said


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", PATH),
        ("DELETE", PATH),
        ("POST", PATH + "/"),
        ("POST", "/1.1/direct_messages/indicate_typing.json"),
        ("POST", "/1.1/"),
    ],
)
def test_there_is_nothing_else(method: str, path: str) -> None:
    reply = made(bearer("t")._replace(method=method, path=path), book({"t": ""}))[1]
    assert refusal(reply) == (404, 34, "Sorry, that page does not exist.")


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        # What X has said of the recipient, remembered.
        (CallRefused("150 They do not follow you."), (403, 150, "They do not follow you.")),
        (CallRefused("349"), (403, 349, "You cannot send messages to this user.")),
        (CallRefused("50 User not found."), (404, 50, "User not found.")),
        (CallRefused("HTTP 403 Forbidden"), (403, 220, "HTTP 403 Forbidden")),
        (CallRefused("9999 Unheard of."), (403, 220, "9999 Unheard of.")),
        (OutboxFull(1500), (429, 88, "Rate limit exceeded")),
        (DatabaseUnavailable(), (503, 130, "Over capacity")),
        # Removed while it called.
        (NotFound(), (401, 32, "Could not authenticate you.")),
        (Unstorable(), (500, 131, "Internal error")),
        (ReadmarkError(), (500, 131, "Internal error")),
        (ZeroDivisionError(), (500, 131, "Internal error")),
    ],
)
def test_every_problem_has_xs_words(problem: Exception, said: tuple[int, int, str]) -> None:
    assert refusal(twitter.answer(None, account("twitter", "1245"), problem, WINDOW)) == said


def test_a_full_outbox_says_when_to_come_back() -> None:
    assert dict(twitter.answer(None, None, OutboxFull(1500), WINDOW).headers)["Retry-After"] == "2"
