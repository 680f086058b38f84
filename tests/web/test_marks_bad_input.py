"""What marks over the API are refused for, and in which words."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import API_TOKEN, Clock
from tests.web.callers import BOB, BOT, add_x, bearer, message, slack_mark, x_mark
from webhook_app.settings import read_settings
from webhook_app.web.app import create_app

MARKS = "/api/v1/marks"


#: A body, and the fields that its refusal names.
WRONG: list[tuple[Any, Any]] = [
    ({}, {"platform": 1, "peer": 1, "cursor": 1}),
    (x_mark(colour="red"), {"colour": 1}),
    (x_mark(platform="icq"), {"platform": 1}),
    (x_mark(platform=None), {"platform": 1}),
    (x_mark(account="999"), {"account": 1}),  # nobody
    (x_mark(account="T1.U1"), {"account": 1}),
    (slack_mark(), {"account": 1}),  # there is none
    (x_mark(peer="alice"), {"peer": 1}),
    (x_mark(peer=42), {"peer": 1}),
    (x_mark(peer="4\0"), {"peer": 1}),
    (x_mark(cursor=-1), {"cursor": 1}),
    (x_mark() | {"cursor": "x"}, {"cursor": 1}),
    (x_mark() | {"cursor": message(-5)}, {"cursor": 1}),  # a number
    (x_mark() | {"cursor": "9223372036854775808"}, {"cursor": 1}),
    (x_mark(message(3601)), {"cursor": 1}),  # from the future
    (x_mark(if_limited="perhaps"), {"if_limited": 1}),
    ("a text", {"_schema": 1}),
    (None, {"_schema": 1}),
    (5, {"_schema": 1}),
]


@pytest.mark.parametrize(("body", "fields"), WRONG)
def test_it_names_what_it_cannot_read(
    plain_app: Flask, plain_api: FlaskClient, body: Any, fields: Any
) -> None:
    add_x(plain_app)
    alone = plain_api.post(MARKS, json=body)
    assert alone.status_code == 422
    assert alone.get_json()["errors"]["json"].keys() == fields.keys()
    many = plain_api.post(MARKS, json=[x_mark(), body, x_mark()])
    assert many.status_code == 422
    assert {n: set(errors) for n, errors in many.get_json()["errors"]["json"].items()} == {"1": set(fields)}
    # All or nothing.
    assert plain_api.get(MARKS).get_json()["items"] == []


@pytest.mark.parametrize(
    "data",
    ["", "{", "[]", "[1, {}]", "nan", "NaN", "[" * 100_000, '{"platform": ' * 50_000, "\xff",
     "platform=twitter", json.dumps([x_mark()] * 1001)],
)  # fmt: skip
def test_it_refuses_what_is_no_mark_and_no_list_of_up_to_1000(
    plain_app: Flask, plain_api: FlaskClient, data: str
) -> None:
    add_x(plain_app)
    answer = plain_api.post(MARKS, data=data.encode("latin-1"), content_type="application/json")
    assert answer.status_code == 422
    assert answer.get_json()["errors"]["json"]
    assert plain_api.get(MARKS).get_json()["items"] == []


def test_a_message_a_moment_ahead_of_our_clock_is_believed(plain_app: Flask, plain_api: FlaskClient) -> None:
    add_x(plain_app)
    assert plain_api.post(MARKS, json=x_mark(message(3599))).status_code == 202


@pytest.mark.parametrize(
    ("path", "status"),
    [(f"twitter/{BOT}/{BOB}", 404), (f"icq/{BOT}/{BOB}", 404), (f"twitter/x/{BOB}", 422),
     (f"twitter/{BOT}/x", 422), (f"twitter/{BOT}/{BOB}%00", 422)],
)  # fmt: skip
def test_there_is_nothing_to_try_again(plain_api: FlaskClient, path: str, status: int) -> None:
    assert plain_api.post(f"{MARKS}/{path}/retry").status_code == status


def test_it_fails_where_the_window_has_no_room_if_that_is_wanted(
    plain_environ: dict[str, str], plain_app: Flask, clock: Clock
) -> None:
    app = create_app(read_settings(plain_environ | {"TWITTER_MARK_READ_LIMIT": "2/900"}), clock=clock)
    api = app.test_client()
    add_x(app)

    def ask(*peers: int, **more: Any) -> Any:
        batch = [x_mark(peer=str(peer), **more) for peer in peers]
        return api.post(MARKS, json=batch, headers=bearer(API_TOKEN))

    assert ask(1, 2, if_limited="fail").status_code == 202
    refused = ask(3, if_limited="fail")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 902
    assert ask(3).status_code == 202
    app.extensions["webhook_app"].close()


def test_all_marks_of_a_list_say_the_same_about_limits(plain_app: Flask, plain_api: FlaskClient) -> None:
    add_x(plain_app)
    answer = plain_api.post(MARKS, json=[x_mark(), x_mark(if_limited="fail")])
    assert answer.status_code == 422
    assert answer.get_json()["errors"]["json"].keys() == {"1"}


def test_where_too_much_waits_it_says_when_to_come_back(
    plain_environ: dict[str, str], plain_app: Flask, clock: Clock
) -> None:
    app = create_app(read_settings(plain_environ | {"OUTBOX_LIMIT": "3"}), clock=clock)
    api = app.test_client()
    add_x(app)
    for peers, status in ((range(1, 5), 429), (range(1, 4), 202), (range(9, 10), 429)):
        batch = [x_mark(peer=str(peer)) for peer in peers]
        answer = api.post(MARKS, json=batch, headers=bearer(API_TOKEN))
        assert answer.status_code == status
        assert (answer.headers.get("Retry-After") is not None) == (status == 429)
    app.extensions["webhook_app"].close()


@pytest.mark.parametrize(
    "query",
    ["platform=icq", "platform=twitter&peer=x", "platform=twitter&account=x", "status=stale", "page=x",
     "page=WyJhIl0=", "limit=0", "limit=1001", "who=me", "peer=%00"],
)  # fmt: skip
def test_the_list_refuses_what_it_cannot_read(plain_api: FlaskClient, query: str) -> None:
    assert plain_api.get(f"{MARKS}?{query}").status_code == 422
