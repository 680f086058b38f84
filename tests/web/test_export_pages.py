"""Exports page by page: what happens between two of them, and how they break off."""

import json
from collections.abc import Iterator
from threading import Event
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.conftest import NOW
from tests.web.callers import mark, record, services_of
from tests.web.test_export import EXPORT
from webhook_app.export import FIELDS, PAGE
from webhook_app.storage import Store


def crowd(store: Store) -> list[str]:
    """More readers than two pages hold, in order."""
    readers = sorted(str(number) for number in range(2 * PAGE + 10))
    record(store, *(mark(reader) for reader in readers))
    return readers


def begun(client: FlaskClient, address: str, **environ: Any) -> tuple[bytes, Iterator[bytes]]:
    """The first chunk of an export, and those that follow."""
    answer = client.get(address, environ_overrides=environ)
    assert answer.status_code == 200
    chunks = cast(Iterator[bytes], iter(answer.response))
    return next(chunks), chunks


@pytest.mark.parametrize("what", FIELDS)
def test_it_comes_page_by_page_in_order(api: FlaskClient, store: Store, what: str) -> None:
    readers = crowd(store)
    first, others = begun(api, f"{EXPORT}/{what}.ndjson")
    assert first.count(b"\n") == PAGE
    chunks = [first, *others]
    assert len(chunks) == 3
    assert [json.loads(line)["reader"] for line in b"".join(chunks).splitlines()] == readers


@pytest.mark.parametrize("what", FIELDS)
def test_who_is_forgotten_meanwhile_is_not_in_what_follows(api: FlaskClient, store: Store, what: str) -> None:
    readers = crowd(store)
    _, others = begun(api, f"{EXPORT}/{what}.ndjson")
    store.forget("twitter", readers[-1], NOW + 1, "tests")
    found = [json.loads(line)["reader"] for line in b"".join(others).splitlines()]
    assert found == readers[PAGE:-1]


@pytest.mark.parametrize(("what", "gone"), [("positions", "read_positions"), ("history", "history")])
@pytest.mark.parametrize("kind", ["ndjson", "csv"])
def test_it_breaks_off_when_the_database_fails(
    api: FlaskClient, store: Store, what: str, gone: str, kind: str
) -> None:
    crowd(store)
    _, others = begun(api, f"{EXPORT}/{what}.{kind}")
    store.write(lambda connection: connection.execute(text(f"ALTER TABLE {gone} RENAME TO gone")))
    with pytest.raises(ConnectionAbortedError):
        list(others)
    # And before the first byte there is still an answer.
    answer = api.get(f"{EXPORT}/{what}.{kind}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_it_breaks_off_when_the_process_ends(plain_api: FlaskClient) -> None:
    crowd(services_of(plain_api.application).store)
    ending = Event()
    _, others = begun(plain_api, f"{EXPORT}/positions.ndjson", **{"readmark.shutdown": ending})
    assert next(others)
    ending.set()
    with pytest.raises(ConnectionAbortedError):
        next(others)
