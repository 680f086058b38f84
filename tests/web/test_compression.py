"""Texts of the desk are compressed for who takes it; nothing else changes."""

import gzip

import pytest
from flask.testing import FlaskClient

from tests.web.callers import ALICE, mark, record
from webhook_app.storage import Store

GZIP = {"Accept-Encoding": "br;q=1, gzip;q=0.8"}
PATHS = ["/", "/docs", "/static/readmark.css", "/static/live.js", "/api/v1/openapi.json", "/sections"]


@pytest.mark.parametrize("path", PATHS)
def test_texts_are_compressed_for_who_takes_it(browser: FlaskClient, path: str) -> None:
    plain, packed = browser.get(path, buffered=True), browser.get(path, headers=GZIP, buffered=True)
    assert (packed.status_code, packed.headers["Content-Encoding"]) == (200, "gzip")
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 2
    if path not in ("/", "/sections"):  # they tell the time
        assert gzip.decompress(packed.data) == plain.data
    for answer in (plain, packed):
        assert answer.headers["Vary"].split(", ").count("Accept-Encoding") == 1
        assert answer.content_type == plain.content_type
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize("path", PATHS)
def test_a_look_at_the_headers_tells_the_same(browser: FlaskClient, path: str) -> None:
    whole, head = (
        browser.get(path, headers=GZIP, buffered=True),
        browser.head(path, headers=GZIP, buffered=True),
    )
    assert head.data == b""
    for name in ("Content-Encoding", "Content-Type", "Vary", "ETag", "Cache-Control"):
        assert head.headers.get(name) == whole.headers.get(name)


@pytest.mark.parametrize("encoding", ["", "identity", "br", "gzip;q=0", "*;q=0"])
def test_who_does_not_take_it_gets_it_plain(browser: FlaskClient, encoding: str) -> None:
    answer = browser.get("/docs", headers={"Accept-Encoding": encoding})
    assert "Content-Encoding" not in answer.headers
    assert answer.data.startswith(b"<!doctype html>")


@pytest.mark.parametrize("path", ["/static/readmark.css", "/sections", "/api/v1/read-positions"])
def test_what_has_not_changed_is_not_sent_again(browser: FlaskClient, store: Store, path: str) -> None:
    record(store, *(mark(str(reader)) for reader in range(20)))
    for headers in ({}, GZIP):
        answer = browser.get(path, headers=headers, buffered=True)
        tag = answer.headers["ETag"]
        # Compressed and plain are not the same bytes.
        assert tag.startswith("W/") is bool(headers)
        again = browser.get(path, headers={**headers, "If-None-Match": tag}, buffered=True)
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
        assert "Accept-Encoding" in again.headers["Vary"]
        assert "Content-Encoding" not in again.headers


def test_what_is_short_or_no_text_stays_as_it_is(browser: FlaskClient, store: Store) -> None:
    record(store, mark(ALICE))
    for path in ("/static/icon.svg", "/api/v1/read-positions", "/metrics", "/readyz", "/healthz"):
        answer = browser.get(path, headers=GZIP, buffered=True)
        assert (answer.status_code, "Content-Encoding" in answer.headers) == (200, False), path


def test_a_part_of_a_file_is_a_part_of_the_plain_one(browser: FlaskClient) -> None:
    whole = browser.get("/static/readmark.css", buffered=True).data
    headers = {**GZIP, "Range": "bytes=10-2009"}
    answer = browser.get("/static/readmark.css", headers=headers, buffered=True)
    assert (answer.status_code, answer.data) == (206, whole[10:2010])
    assert "Content-Encoding" not in answer.headers


def test_webhooks_are_not_compressed(browser: FlaskClient) -> None:
    answer = browser.get("/webhooks/twitter?crc_token=" + "a" * 256, headers=GZIP)
    assert answer.status_code == 200
    assert not {"Content-Encoding", "Vary"} & set(answer.headers.keys())


def test_the_page_and_all_it_loads_is_small(browser: FlaskClient, store: Store) -> None:
    record(store, *(mark(str(reader), read_at=1_795_219_200_000 - reader) for reader in range(60)))
    modules = ["live.js", "positions.js", "sections.js", "told.js", "readmark.css", "icon.svg"]
    paths = ["/", *(f"/static/{name}" for name in modules)]
    sizes = [len(browser.get(path, headers=GZIP, buffered=True).data) for path in paths]
    assert sum(sizes) < 60_000
