"""Exports over the API: what is in them, and who may have them."""

import csv
import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import NOW
from tests.web.callers import (
    ALICE,
    BOB,
    BOT,
    CHARLIE,
    bearer,
    make_token,
    mark,
    message,
    name,
    record,
    services_of,
    walk,
)
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.position import Mark
from webhook_app.export import FIELDS
from webhook_app.storage import Store

EXPORT = "/api/v1/export"
ALL = [f"{EXPORT}/{what}.{kind}" for what in FIELDS for kind in ("ndjson", "csv")]


def lines(answer: TestResponse) -> list[Any]:
    """The rows of an export in NDJSON."""
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.data.splitlines()]


def table(answer: TestResponse) -> list[dict[str, str]]:
    """The rows of an export in CSV."""
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def fill(store: Store) -> None:
    """Positions of both platforms, with and without a name, a time and a time to read."""
    record(store, mark(BOB), mark(ALICE, message(-12.5)), mark(ALICE, message(-9)), mark(CHARLIE, 1))
    record(store, mark(BOB, message(60), peer=CHARLIE))
    name(store, ALICE, 'Alice "<3", Ltd\n')
    slack = Mark("slack", "T1.U1", "C0GENERAL", 1593473566_000200, NOW)
    store.record(Inbound("slack", marks=[slack]))


def test_positions_are_what_the_list_prints(api: FlaskClient, store: Store) -> None:
    fill(store)
    listed = walk(api, "/api/v1/read-positions?limit=2")
    assert len(listed) == 5
    exported = lines(api.get(f"{EXPORT}/positions.ndjson"))
    assert exported == listed
    assert [list(row) for row in exported] == [list(FIELDS["positions"])] * 5


def test_history_is_what_single_positions_print(api: FlaskClient, store: Store) -> None:
    fill(store)
    exported = lines(api.get(f"{EXPORT}/history.ndjson"))
    expected = []
    for position in walk(api, "/api/v1/read-positions?limit=2"):
        key = {name: position[name] for name in ("platform", "reader", "peer")}
        one = api.get("/api/v1/read-positions/" + "/".join(key.values())).get_json()
        expected += [key | step for step in one["history"]]
    assert [{name: row[name] for name in expected[0]} for row in exported] == expected
    assert [list(row) for row in exported] == [list(FIELDS["history"])] * 6
    waited = {row["cursor"]: (row["sent_at"], row["seconds_to_read"]) for row in exported}
    assert waited[str(message(-12.5))] == ("2026-11-20T23:59:47.500Z", 12.5)
    assert waited["1"] == (None, None)
    assert waited[str(message(60))] == ("2026-11-21T00:01:00.000Z", None)


@pytest.mark.parametrize("what", FIELDS)
def test_csv_has_the_same_rows(api: FlaskClient, store: Store, what: str) -> None:
    fill(store)
    rows = lines(api.get(f"{EXPORT}/{what}.ndjson"))
    expected = [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]
    assert table(api.get(f"{EXPORT}/{what}.csv")) == expected


@pytest.mark.parametrize(
    ("called", "shown"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("a=1", "a=1"),
        ("'=1", "'=1"),
        ("Ann 😀", "Ann 😀"),
    ],
)
def test_a_name_is_no_formula_in_csv_and_exact_in_ndjson(
    plain_api: FlaskClient, called: str, shown: str
) -> None:
    store = services_of(plain_api.application).store
    record(store, mark(ALICE))
    name(store, ALICE, called)
    assert [row["reader_name"] for row in table(plain_api.get(f"{EXPORT}/positions.csv"))] == [shown]
    assert [row["reader_name"] for row in lines(plain_api.get(f"{EXPORT}/positions.ndjson"))] == [called]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [ALICE, CHARLIE, BOB, BOB]),
        ("platform=twitter", [ALICE, CHARLIE, BOB, BOB]),
        ("platform=slack", []),
        (f"platform=twitter&reader=00{BOB}", [BOB, BOB]),  # one spelling of an id
        (f"reader={BOB}", [BOB, BOB]),
        (f"peer={BOT}", [ALICE, BOB, CHARLIE]),
        (f"peer={BOT}&reader={BOB}", [BOB]),
        (f"reader={BOB}&peer=C0GENERAL", []),  # of two platforms
    ],
)
@pytest.mark.parametrize("what", FIELDS)
def test_it_filters(api: FlaskClient, store: Store, what: str, query: str, found: list[str]) -> None:
    record(store, mark(ALICE), mark(BOB), mark(BOB, peer=CHARLIE), mark(CHARLIE, message(-2)))
    for rows in (
        lines(api.get(f"{EXPORT}/{what}.ndjson?{query}")),
        table(api.get(f"{EXPORT}/{what}.csv?{query}")),
    ):
        assert sorted(row["reader"] for row in rows) == sorted(found)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("platform=icq", "platform"),
        ("platform=", "platform"),
        ("platform=twitter&reader=alice", "reader"),
        ("platform=twitter&peer=1%2C2", "peer"),
        ("reader=no%20id", "reader"),
        ("peer=", "peer"),
        ("reader=a%00b", "reader"),
        ("limit=10", "limit"),  # it is everything
        ("page=x", "page"),
        ("updated_since=2020-01-01T00:00:00Z", "updated_since"),
    ],
)
@pytest.mark.parametrize("address", ALL)
def test_it_refuses_what_it_cannot_read_and_names_the_field(
    plain_api: FlaskClient, address: str, query: str, field: str
) -> None:
    answer = plain_api.get(f"{address}?{query}")
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]["query"]) == [field]


@pytest.mark.parametrize(
    "path",
    ["positions.xml", "positions", "marks.csv", "positions.csv.gz", ".csv", "positions.", "positions.CSV"],
)
def test_there_are_no_others(plain_api: FlaskClient, path: str) -> None:
    for method in ("GET", "HEAD"):
        assert plain_api.open(f"{EXPORT}/{path}", method=method).status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 403),
        ("?platform=twitter", 403),
        (f"?reader={ALICE}", 403),
        (f"?platform=twitter&reader={BOB}", 403),
        (f"?platform=slack&reader={ALICE}", 403),
        (f"?platform=twitter&reader={ALICE}", 200),
        (f"?platform=twitter&peer=0{ALICE}", 200),
        (f"?platform=twitter&reader={BOB}&peer={ALICE}", 200),
    ],
)
@pytest.mark.parametrize("address", ALL)
def test_a_bound_token_exports_what_names_its_account(
    plain: FlaskClient, address: str, query: str, status: int
) -> None:
    store = services_of(plain.application).store
    _, secret = make_token(store, "read", account=("twitter", ALICE))
    assert plain.get(address + query, headers=bearer(secret)).status_code == status


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("address", ALL)
def test_it_is_a_file_of_its_kind_that_nobody_keeps(
    plain_api: FlaskClient, address: str, method: str
) -> None:
    record(services_of(plain_api.application).store, mark(ALICE))
    answer = plain_api.open(address, method=method)
    kind = {"n": "application/x-ndjson", "c": "text/csv; charset=utf-8"}[address.partition(".")[2][0]]
    assert answer.headers["Content-Type"] == kind
    assert (
        answer.headers["Content-Disposition"] == f'attachment; filename="readmark-{address.split("/")[-1]}"'
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert not {"ETag", "Content-Length"} & set(answer.headers.keys())
    assert (answer.data == b"") == (method == "HEAD")


@pytest.mark.parametrize(("kind", "rows"), [("ndjson", 0), ("csv", 1)])
def test_nothing_is_exported_as_nothing_but_a_header(plain_api: FlaskClient, kind: str, rows: int) -> None:
    for what in FIELDS:
        assert len(plain_api.get(f"{EXPORT}/{what}.{kind}").data.splitlines()) == rows
