"""How every platform takes calls in its own words, those of the registry and a third."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOW
from tests.platforms.callers import WINDOW, Book, make
from tests.platforms.specimens import SPECIMENS, cursor_at, each
from webhook_app.domain.account import Account
from webhook_app.domain.outbox import State
from webhook_app.errors import (
    CallRefused,
    DatabaseUnavailable,
    NotFound,
    OutboxFull,
    ReadmarkError,
    Unstorable,
)
from webhook_app.platforms import REGISTRY
from webhook_app.platforms.native import Call

HOUR = 3_600_000  # milliseconds
PARTS = "multipart/form-data; boundary=b"


@each
@pytest.mark.parametrize("ahead", [-1000 * HOUR, 0, HOUR - 1000])
def test_a_call_becomes_a_mark(name: str, ahead: int) -> None:
    specimen = SPECIMENS[name]
    cursor = cursor_at(name, NOW + ahead)
    wanted, reply = make(specimen.platform, specimen.call(specimen.peer, cursor, NOW), specimen.book(), NOW)
    assert wanted == (specimen.peer, specimen.platform.cursor(cursor))
    assert reply.status in (200, 204)


@each
def test_a_call_about_the_future_is_refused(name: str) -> None:
    specimen = SPECIMENS[name]
    request = specimen.call(specimen.peer, cursor_at(name, NOW + HOUR + 1000), NOW)
    wanted, reply = make(specimen.platform, request, specimen.book(), NOW)
    assert wanted is None
    assert b"true" not in reply.body
    assert reply.body


@each
def test_a_stranger_is_refused(name: str) -> None:
    specimen = SPECIMENS[name]
    call = specimen.platform.open(specimen.call(specimen.peer, cursor_at(name, NOW), NOW))
    with pytest.raises(CallRefused):
        specimen.platform.identify(call, Book(), NOW)
    with pytest.raises(CallRefused):
        specimen.platform.identify(
            call._replace(request=call.request._replace(headers={})), specimen.book(), NOW
        )


@each
@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"state": State.PAUSED, "reason": "by an operator"}, True),
        ({"refused_until": NOW, "reason": "it was refused, and is probed"}, True),
        ({"refused_until": NOW + 1, "reason": "it is refused"}, False),
        ({"state": State.REVOKED}, False),
        ({"state": State.UNAUTHORISED}, False),
        ({"state": State.SUSPENDED}, False),
    ],
)
def test_it_takes_marks_of_accounts_that_may_mark(
    name: str, changes: dict[str, object], allowed: bool
) -> None:
    specimen = SPECIMENS[name]
    request = specimen.call(specimen.peer, cursor_at(name, NOW), NOW)
    wanted, _ = make(specimen.platform, request, specimen.book(**changes), NOW)
    assert (wanted is not None) is allowed


@each
def test_a_body_that_broke_off_is_refused(name: str) -> None:
    specimen = SPECIMENS[name]
    request = specimen.call(specimen.peer, cursor_at(name, NOW), NOW)._replace(whole=False)
    with pytest.raises(CallRefused):
        specimen.platform.open(request)


@given(
    st.sampled_from(sorted(REGISTRY)),
    st.sampled_from(
        ["application/json", "application/x-www-form-urlencoded", "text/plain", PARTS, "", "\xff"]
    ),
    st.binary(max_size=100) | st.sampled_from([b"{", b"[" * 5000, b'{"ts": 1e999, "channel": "\\ud800"}']),
    st.text(max_size=30),
)
def test_whatever_comes_is_answered(name: str, kind: str, body: bytes, query: str) -> None:
    specimen = SPECIMENS[name]
    request = specimen.call(specimen.peer, "1", NOW)
    headers = {**request.headers, "Content-Type": kind}
    request = request._replace(headers=headers, body=body, query=query)
    wanted, reply = make(specimen.platform, request, specimen.book(), NOW)
    assert wanted is None or reply.status in (200, 204)
    assert reply.body or wanted


@each
def test_it_has_an_answer_to_paths_it_does_not_know(name: str) -> None:
    specimen = SPECIMENS[name]
    request = specimen.call(specimen.peer, "1", NOW)
    for path in (*specimen.platform.paths, specimen.platform.paths[0] + "no/such\0path"):
        wanted, reply = make(specimen.platform, request._replace(path=path), specimen.book(), NOW)
        assert wanted is None
        assert json.loads(reply.body)


PROBLEMS = [
    CallRefused("what nobody has ever heard"),
    OutboxFull(1500),
    DatabaseUnavailable(),
    NotFound(),
    Unstorable(),
    ReadmarkError(),
    ZeroDivisionError(),
]


@each
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: type(problem).__name__)
def test_every_problem_has_an_answer(name: str, problem: Exception) -> None:
    specimen = SPECIMENS[name]
    whole = specimen.platform.open(specimen.call(specimen.peer, cursor_at(name, NOW), NOW))
    stages: list[tuple[Call | None, Account | None]] = [
        (None, None), (whole, None), (whole, specimen.whose())
    ]  # fmt: skip
    for call, account in stages:
        reply = specimen.platform.answer(call, account, problem, WINDOW)
        assert 200 <= reply.status < 600
        assert json.loads(reply.body)
        assert "Content-Length" not in dict(reply.headers)
