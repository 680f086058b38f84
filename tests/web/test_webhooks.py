"""The webhook as X meets it: statuses, bodies, and a database that is not always there."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import CONSUMER_SECRET, Clock
from tests.platforms import payloads
from tests.platforms.payloads import BOT, CUSTOMER, READS, encode, read_event, reads, signature, signed
from tests.storage.locks import execute, locked, look
from webhook_app.settings import read_settings
from webhook_app.web.app import create_app

URL = "/webhooks/twitter"
GOOD = encode(reads(read_event(), users={CUSTOMER: payloads.user()}))
POSITIONS = "SELECT reader, peer FROM read_positions"
MIB = 1 << 20


def check(client: FlaskClient, query: str = "crc_token=foo", url: str = URL) -> TestResponse:
    """X's check of the webhook; compressed, the answer would not be taken."""
    response = client.get(f"{url}?{query}", headers={"Accept-Encoding": "gzip, deflate, br, zstd"})
    assert "Content-Encoding" not in response.headers
    return response


def deliver(client: FlaskClient, body: bytes = GOOD, url: str = URL) -> TestResponse:
    """A signed delivery."""
    return client.post(url, data=body, headers=signed(body, CONSUMER_SECRET))


def refusal(response: TestResponse, status: int) -> dict[str, Any]:
    """An error as JSON, which leads nowhere else."""
    assert response.status_code == status, response.data
    assert response.content_type == "application/json"
    assert "Location" not in response.headers
    assert (response.headers.get("Retry-After") is not None) == (status == 503)
    said: dict[str, Any] = json.loads(response.data)
    assert set(said) & {"error", "errors"}
    return said


@pytest.mark.parametrize("url", [URL, f"{URL}/"])
def test_the_check_is_answered_with_and_without_a_slash(plain: FlaskClient, url: str) -> None:
    response = check(plain, "crc_token=foo&nonce=bar", url)
    assert response.status_code == 200
    assert response.json == {"response_token": signature(b"foo", CONSUMER_SECRET)}
    assert response.content_type == "application/json"
    assert int(response.headers["Content-Length"]) == len(response.data)


@pytest.mark.parametrize(
    "query",
    ["", "crc_token", "crc_token=", "crc_token=a&crc_token=a", "crc_token=a&crc_token", "nonce=a",
     "crc_token=%7B%22a%22%3A1%7D", "crc_token=a%20b", "crc_token=a+b", "crc_token=%22", "crc_token=a%00",
     "crc_token=a%0A", "crc_token=%C3%A9", "crc_token=%80", "crc_token=%ED%A0%80", "crc_token=a;crc_token=b",
     "crc_token=a;b", "CRC_TOKEN=a", "crc_token%00=a", f"crc_token={'x' * 257}"],
)  # fmt: skip
def test_other_tokens_are_refused(plain: FlaskClient, query: str) -> None:
    refusal(check(plain, query), 400)


@pytest.mark.parametrize(
    ("query", "token"),
    [("crc_token=a%2Bb%2F%3D", "a+b/="), (f"crc_token={'x' * 256}", "x" * 256), ("crc_token=%61", "a")],
)
def test_tokens_are_decoded_before_they_are_signed(plain: FlaskClient, query: str, token: str) -> None:
    assert check(plain, query).json == {"response_token": signature(token.encode(), CONSUMER_SECRET)}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_refused(plain: FlaskClient, method: str) -> None:
    response = plain.open(f"{URL}?crc_token=foo", method=method)
    refusal(response, 405)
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


def test_head_is_get_without_a_body(plain: FlaskClient) -> None:
    response = plain.head(f"{URL}?crc_token=foo")
    assert (response.status_code, response.data) == (200, b"")


@pytest.mark.parametrize(
    "path",
    ["slack", "slack/", "myspace", "", "/", "twitter//", "/twitter", "twitter/x", "Twitter", "%00", "%ff"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_paths_are_not_found_and_never_redirect(plain: FlaskClient, path: str, method: str) -> None:
    refusal(plain.open(f"/webhooks/{path}?crc_token=foo", method=method), 404)


def test_without_a_secret_nothing_is_answered(plain_environ: dict[str, str]) -> None:
    del plain_environ["TWITTER_CONSUMER_SECRET"]
    client = create_app(read_settings(plain_environ)).test_client()
    refusal(check(client), 503)
    refusal(client.post(URL, data=GOOD, headers=signed(GOOD, "")), 503)


@pytest.mark.parametrize("url", [URL, f"{URL}/"])
def test_a_delivery_is_stored(client: FlaskClient, database: str, url: str) -> None:
    response = deliver(client, url=url)
    assert response.status_code == 200
    assert response.json == {"received": 1, "accepted": 1, "quarantined": 0, "ignored": 0}
    assert response.content_type == "application/json"
    assert look(database, POSITIONS) == [(CUSTOMER, BOT)]
    assert look(database, "SELECT name FROM people") == [("Ann",)]


def test_a_delivery_again_is_accepted_again(client: FlaskClient, database: str) -> None:
    assert deliver(client).json == deliver(client).json
    assert len(look(database, POSITIONS)) == 1


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"]
)
def test_the_content_type_does_not_matter(plain: FlaskClient, kind: str) -> None:
    headers = {**signed(GOOD, CONSUMER_SECRET), "Content-Type": kind}
    assert plain.post(URL, data=GOOD, headers=headers).status_code == 200


@pytest.mark.parametrize("header", [None, "", "sha256=x", signature(GOOD, "another secret")])
def test_an_unsigned_delivery_is_refused_and_leaves_nothing(
    client: FlaskClient, database: str, header: str | None
) -> None:
    headers = {} if header is None else {"X-Twitter-Webhooks-Signature": header}
    refusal(client.post(URL, data=GOOD, headers=headers), 403)
    assert look(database, POSITIONS) == []
    assert look(database, "SELECT * FROM quarantine") == []


@pytest.mark.parametrize("body", [b"{}", b'{"a":1}', b"12", GOOD, b"foo"])
def test_a_delivery_forged_through_the_check_is_refused(
    client: FlaskClient, database: str, body: bytes
) -> None:
    said = client.get(URL, query_string={"crc_token": body}).json
    forged = (said or {}).get("response_token", "")
    response = client.post(URL, data=body, headers={"X-Twitter-Webhooks-Signature": forged})
    assert response.status_code in (400, 403)
    for table in ("read_positions", "quarantine"):
        assert look(database, f"SELECT * FROM {table}") == []


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"not JSON!", b"[]", b'{"a": NaN}', b"[" * 10_000, b'{"\xff": 1}', encode({READS: [{}]})],
)
def test_what_cannot_be_read_is_refused_and_kept_once(
    client: FlaskClient, database: str, body: bytes
) -> None:
    for _ in range(2):
        said = refusal(deliver(client, body), 400)
        assert said["errors"]
        assert {**said, "errors": 0} == {
            "errors": 0,
            "received": 1,
            "accepted": 0,
            "quarantined": 1,
            "ignored": 0,
        }
    assert [bytes(row[0]) for row in look(database, "SELECT body FROM quarantine")] == [body]


def test_the_largest_body_is_a_mebibyte(client: FlaskClient, database: str) -> None:
    assert deliver(client, b"{" + b" " * (MIB - 2) + b"}").status_code == 200
    refusal(deliver(client, b"{" + b" " * (MIB - 1) + b"}"), 413)
    assert look(database, "SELECT * FROM quarantine") == []


@pytest.mark.parametrize(
    ("length", "status"), [(str(len(GOOD) + 1), 400), ("x", 400), ("-1", 400), ("", 403), (str(2 * MIB), 413)]
)
def test_a_body_is_as_long_as_it_says(plain: FlaskClient, length: str, status: int) -> None:
    response = plain.post(
        URL, data=GOOD, headers=signed(GOOD, CONSUMER_SECRET), environ_overrides={"CONTENT_LENGTH": length}
    )
    refusal(response, status)


def test_a_body_of_unknown_length_is_read_to_its_end(plain: FlaskClient) -> None:
    chunked = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    for body, status in ((GOOD, 200), (b" " * (MIB + 1), 413)):
        headers = signed(body, CONSUMER_SECRET)
        response = plain.post(URL, data=body, headers=headers, environ_overrides=chunked)
        assert response.status_code == status


def test_what_happens_is_counted_by_reason(
    app: Flask, client: FlaskClient, clock: Clock, database: str
) -> None:
    deliver(client)
    deliver(client, encode(reads(read_event(), read_event(sender_id=1))))
    deliver(client, encode({"tweet_create_events": []}))
    client.post(URL, data=GOOD)
    client.post(URL, data=b"12", headers=signed(b"12", CONSUMER_SECRET))
    check(client)
    app.extensions["webhook_app"].services().flush()
    totals = dict(look(database, "SELECT name, n FROM counts WHERE minute = 0"))
    assert totals["deliveries|twitter"] == 3
    assert totals["events|twitter|accepted"] == 2
    assert totals["events|twitter|quarantined"] == totals["events|twitter|ignored"] == 1
    assert sum(n for name, n in totals.items() if name.startswith("refused|twitter|")) == 2
    assert totals["challenges|twitter"] == 1


@pytest.fixture(params=["sqlite:////nonexistent/folder/x.db", "postgres://nobody@127.0.0.1:1/nothing"])
def stranded(request: pytest.FixtureRequest, clock: Clock) -> Iterator[FlaskClient]:
    """A client of a service whose database is not there."""
    environ = {"DATABASE_URL": request.param, "SECRET_KEY": "k", "TWITTER_CONSUMER_SECRET": CONSUMER_SECRET}
    app = create_app(read_settings(environ), clock=clock)
    yield app.test_client()
    app.extensions["webhook_app"].close()


def test_the_check_needs_no_database(stranded: FlaskClient) -> None:
    for _ in range(2):
        assert check(stranded).json == {"response_token": signature(b"foo", CONSUMER_SECRET)}
        refusal(deliver(stranded), 503)
        refusal(stranded.post(URL, data=GOOD), 403)


def test_while_the_lock_is_held_deliveries_are_put_off_and_checks_answered(
    client: FlaskClient, database: str
) -> None:
    with locked(database), ThreadPoolExecutor(1) as threads:
        late = threads.submit(deliver, client.application.test_client())
        for _ in range(20):
            assert check(client).status_code == 200
        refusal(late.result(20), 503)
    assert look(database, POSITIONS) == []
    assert deliver(client).status_code == 200
    assert look(database, POSITIONS) == [(CUSTOMER, BOT)]


def test_while_the_tables_are_missing_deliveries_are_put_off(client: FlaskClient, database: str) -> None:
    execute(database, "ALTER TABLE history RENAME TO hidden")
    refusal(deliver(client), 503)
    assert look(database, POSITIONS) == []
    execute(database, "ALTER TABLE hidden RENAME TO history")
    assert deliver(client).status_code == 200
