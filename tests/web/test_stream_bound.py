"""The stream for tokens bound to an account: what is another's stays another's."""

from functools import partial

from flask import Flask
from flask.testing import FlaskClient

from tests.web.callers import (
    ALICE,
    BOB,
    BOT,
    CHARLIE,
    add_slack,
    add_x,
    bearer,
    make_token,
    mark,
    record,
    x_mark,
)
from tests.web.watching import STREAM, readers, watching
from webhook_app.storage import Store


def test_a_bound_token_sees_its_own_only(app: Flask, client: FlaskClient, store: Store) -> None:
    add_x(app)
    add_slack(app)
    _, secret = make_token(store, "read", account=("twitter", BOT))
    client.environ_base["HTTP_AUTHORIZATION"] = bearer(secret)["Authorization"]
    for query in ("", "?platform=twitter", f"?reader={BOT}", f"?platform=twitter&reader={ALICE}"):
        assert client.get(STREAM + query).status_code == 403
    with watching(client, f"?platform=twitter&peer={BOT}") as seen:
        record(store, mark(ALICE), mark(BOB, peer=CHARLIE))
        seen.until(lambda: seen.knows(reader=ALICE))
        assert readers(seen) == {ALICE}
        assert {shown["account"] for shown in seen.of("rate-limit")} == {BOT}


def test_a_bound_token_sees_no_marks_of_others_that_name_its_account(
    app: Flask, api: FlaskClient, store: Store
) -> None:
    add_x(app)
    _, secret = make_token(store, "read", account=("twitter", CHARLIE))
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = bearer(secret)["Authorization"]
    for query in (f"peer={CHARLIE}", f"reader={CHARLIE}&peer={BOT}", f"reader={BOT}&peer={CHARLIE}"):
        with watching(client, f"?platform=twitter&{query}") as seen:
            assert api.post("/api/v1/marks", json=x_mark(peer=CHARLIE)).status_code == 202
            record(store, mark(BOT, peer=CHARLIE), mark(CHARLIE))
            seen.until(partial(seen.of, "position"))
        assert not seen.of("mark")
        assert not seen.of("rate-limit")
