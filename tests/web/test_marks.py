"""Marks over the API: accepted all or none, listed, tried again."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Clock
from tests.storage.locks import look
from tests.web.callers import (
    ALICE,
    BOB,
    BOT,
    CHANNEL,
    SLACK_BOT,
    add_slack,
    add_x,
    bearer,
    deliver,
    make_token,
    message,
    services_of,
    slack_mark,
    ts,
    walk,
    x_mark,
)
from webhook_app.domain.outbox import Verdict

MARKS = "/api/v1/marks"


@pytest.mark.parametrize("batch", [False, True])
def test_a_mark_is_kept_and_shown(app: Flask, api: FlaskClient, batch: bool) -> None:
    add_x(app)
    answer = api.post(MARKS, json=[x_mark()] if batch else x_mark())
    assert answer.status_code == 202
    (item,) = answer.get_json()["items"]
    assert item == {
        "platform": "twitter", "account": BOT, "peer": ALICE, "cursor": str(message(-5)),
        "acknowledged": None, "status": "waiting", "due_at": "2026-11-21T00:00:00.000Z", "attempts": 0,
        "problem": None, "accepted_at": "2026-11-21T00:00:00.000Z", "delivered_at": None,
    }  # fmt: skip
    assert api.get(MARKS).get_json() == {"items": [item], "next_page": None}


def test_a_delivered_mark_says_when(app: Flask, api: FlaskClient) -> None:
    add_x(app)
    api.post(MARKS, json=x_mark())
    assert deliver(app) == 1
    (item,) = api.get(MARKS).get_json()["items"]
    assert (item["status"], item["acknowledged"], item["due_at"]) == ("delivered", item["cursor"], None)
    assert item["delivered_at"] == "2026-11-21T00:00:00.000Z"


def test_a_mark_behind_what_the_platform_knows_is_stale(app: Flask, api: FlaskClient) -> None:
    add_x(app)
    api.post(MARKS, json=x_mark())
    deliver(app)
    for cursor in (message(-5), message(-6)):
        answer = api.post(MARKS, json=x_mark(cursor), headers={"Prefer": "wait=20"})
        assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, "wait=20")
        (item,) = answer.get_json()["items"]
        assert (item["status"], item["cursor"]) == ("stale", str(message(-5)))
    assert deliver(app) == 0


def test_a_list_is_answered_in_its_own_order(app: Flask, api: FlaskClient) -> None:
    add_x(app)
    add_slack(app)
    batch = [x_mark(), slack_mark(), x_mark(peer=BOB), slack_mark(-9)]
    items = api.post(MARKS, json=batch).get_json()["items"]
    assert [(item["platform"], item["peer"]) for item in items] == [
        ("twitter", ALICE), ("slack", CHANNEL), ("twitter", BOB), ("slack", CHANNEL),
    ]  # fmt: skip
    # The last is behind another of the list; there is one row of both.
    assert items[1] == items[3]
    assert items[1]["cursor"] == ts(-5)
    assert items[1]["account"] == SLACK_BOT


def test_a_thousand_marks_at_once(app: Flask, api: FlaskClient, database: str) -> None:
    add_x(app)
    assert api.post(MARKS, json=[x_mark(peer=str(n)) for n in range(1, 1001)]).status_code == 202
    assert look(database, "SELECT count(*) FROM outbox") == [(1000,)]


def test_with_several_accounts_it_must_be_said_which(plain_app: Flask, plain_api: FlaskClient) -> None:
    add_x(plain_app)
    add_x(plain_app, f"{BOB}-token")
    answer = plain_api.post(MARKS, json=x_mark())
    assert (answer.status_code, set(answer.get_json()["errors"]["json"])) == (422, {"account"})
    (item,) = plain_api.post(MARKS, json=x_mark(account=f"0{BOB}")).get_json()["items"]
    assert item["account"] == BOB


def test_a_bound_token_marks_for_its_account_only(plain_app: Flask, plain: FlaskClient) -> None:
    add_x(plain_app)
    add_x(plain_app, f"{BOB}-token")
    add_slack(plain_app)
    _, secret = make_token(services_of(plain_app).store, "mark", "read", account=("twitter", BOB))

    def ask(body: Any) -> int:
        return plain.post(MARKS, json=body, headers=bearer(secret)).status_code

    assert ask(x_mark()) == ask(x_mark(account=BOB)) == 202
    assert ask(x_mark(account=BOT)) == ask(slack_mark()) == ask([x_mark(), x_mark(account=BOT)]) == 403
    seen = plain.get(f"{MARKS}?platform=twitter&account={BOB}", headers=bearer(secret))
    assert [item["account"] for item in seen.get_json()["items"]] == [BOB]
    assert plain.get(MARKS, headers=bearer(secret)).status_code == 403
    assert plain.get(f"{MARKS}?platform=twitter&account={BOT}", headers=bearer(secret)).status_code == 403


def test_what_is_stopped_is_not_due(app: Flask, api: FlaskClient) -> None:
    add_x(app)
    add_x(app, f"{BOB}-token")
    api.post(MARKS, json=[x_mark(account=BOT), x_mark(account=BOT, peer=BOB), x_mark(account=BOB)])
    assert {item["due_at"] for item in api.get(MARKS).get_json()["items"]} == {"2026-11-21T00:00:00.000Z"}
    api.post(f"/api/v1/accounts/twitter/{BOT}/pause")
    items = api.get(MARKS).get_json()["items"]
    assert sorted((item["account"], item["status"], item["due_at"]) for item in items) == [
        (BOT, "stopped", None), (BOT, "stopped", None), (BOB, "waiting", "2026-11-21T00:00:00.000Z"),
    ]  # fmt: skip
    # It was only hidden: who resumes the account has them sent.
    api.post(f"/api/v1/accounts/twitter/{BOT}/resume")
    assert deliver(app) == 3


def test_what_the_platform_has_refused_is_refused_for_a_while(
    app: Flask, api: FlaskClient, clock: Clock
) -> None:
    add_x(app)
    api.post(MARKS, json=x_mark())
    deliver(app, verdict=Verdict.PEER, problem="150 You cannot send messages to users who do not follow you.")
    (item,) = api.get(MARKS).get_json()["items"]
    assert (item["status"], item["problem"][:4]) == ("failed", "150 ")
    answer = api.post(MARKS, json=[x_mark(peer=BOB), x_mark(message(-4))])
    assert answer.status_code == 422
    assert answer.get_json()["errors"]["json"] == {"1": {"peer": [item["problem"]]}}
    assert answer.get_json()["message"] == (
        f"{ALICE} was refused a moment ago: 150 You cannot send messages to users who do not follow you. A"
        " new mark is tried after 10 minutes, or after POST /api/v1/marks/{platform}/{account}/{peer}/retry."
    )
    assert len(api.get(MARKS).get_json()["items"]) == 1
    clock.advance(601)
    assert api.post(MARKS, json=x_mark(message(-4))).status_code == 202
    assert deliver(app) == 1


def test_a_retry_forgets_the_refusal(app: Flask, api: FlaskClient) -> None:
    add_x(app)
    api.post(MARKS, json=x_mark())
    deliver(app, verdict=Verdict.PEER, problem="150 No.")
    assert api.post(MARKS, json=x_mark(message(-4))).status_code == 422
    answer = api.post(f"{MARKS}/twitter/{BOT}/{ALICE}/retry")
    assert (answer.status_code, answer.get_json()["status"]) == (200, "waiting")
    # A new one is accepted at once, although the refusal was just looked up.
    assert api.post(MARKS, json=x_mark(message(-4))).status_code == 202
    assert deliver(app) == 1
    (entry,) = [deed for deed in api.get("/api/v1/audit").get_json()["items"] if "retry" in deed["action"]]
    assert entry["subject"] == f"twitter/{BOT}/{ALICE}"


def test_the_list_is_filtered_and_comes_in_pages(app: Flask, api: FlaskClient) -> None:
    add_x(app)
    add_slack(app)
    api.post(MARKS, json=[slack_mark(), x_mark(), x_mark(peer=BOB)])
    deliver(app)

    def listed(query: str) -> list[tuple[str, str]]:
        return [(item["platform"], item["peer"]) for item in walk(api, f"{MARKS}?limit=1&{query}")]

    everything = [("slack", CHANNEL), ("twitter", ALICE), ("twitter", BOB)]
    assert sorted(listed("")) == sorted(everything)
    assert listed("platform=slack") == listed("status=waiting") == everything[:1]
    assert sorted(listed(f"account={BOT}")) == sorted(listed("status=delivered")) == sorted(everything[1:])
    assert listed(f"platform=twitter&peer=0{ALICE}") == listed(f"peer={ALICE}") == [("twitter", ALICE)]
    assert listed("status=failed") == listed("status=stopped") == []


def test_a_list_that_has_not_changed_is_not_sent_again(plain_app: Flask, plain_api: FlaskClient) -> None:
    add_x(plain_app)
    plain_api.post(MARKS, json=x_mark())
    etag = plain_api.get(MARKS).headers["ETag"]
    assert plain_api.get(MARKS, headers={"If-None-Match": etag}).status_code == 304
