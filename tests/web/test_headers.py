"""What every kind of answer tells browsers: what it may load, who may keep it, and to stay with https."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import API_TOKEN
from tests.storage.locks import execute
from tests.web.callers import bearer
from webhook_app.settings import read_settings
from webhook_app.web.app import create_app

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: (method, path, status): an answer of each part of the application, refusals and faults among them.
ANSWERS = [
    ("GET", "/webhooks/twitter?crc_token=foo", 200),
    ("GET", "/webhooks/twitter", 400),
    ("POST", "/webhooks/twitter", 403),
    ("GET", "/webhooks/icq", 404),
    ("POST", "/1.1/direct_messages/mark_read.json", 401),
    ("POST", "/api/conversations.mark", 200),
    ("GET", "/healthz", 200),
    ("GET", "/readyz", 200),
    ("GET", "/metrics", 200),
    ("GET", "/", 303),
    ("GET", "/login", 200),
    ("POST", "/login", 403),
    ("GET", "/docs", 200),
    ("GET", "/api/v1/openapi.json", 200),
    ("GET", "/api/v1/read-positions", 200),
    ("GET", "/api/v1/read-positions?limit=x", 422),
    ("GET", "/api/v1/export/positions.csv", 200),
    ("GET", "/api/v1/stream", 200),
    ("DELETE", "/api/v1/accounts/twitter/1", 404),
    ("OPTIONS", "/api/v1/read-positions", 200),
    ("GET", "/api/v1/quarantine/1", 500),
    ("GET", "/static/readmark.css", 200),
    ("GET", "/static/nothing.css", 404),
    ("GET", "/nowhere", 404),
    # A body too long, which is refused before anything looks at the path.
    ("POST", "/api/v1/marks", 413),
]
#: What is the same for everybody.
PUBLIC = ("/static/", "/docs", "/api/v1/openapi.json")


def answer_to(client: FlaskClient, method: str, path: str, status: int, scheme: str = "http") -> TestResponse:
    """The answer to a caller with every scope; pages are shown to nobody without a login."""
    headers = {} if path == "/" else bearer(API_TOKEN)
    long = {"CONTENT_LENGTH": str(1 << 21)} if status == 413 else {}
    answer = client.open(
        path, method=method, headers=headers, base_url=f"{scheme}://localhost", environ_overrides=long
    )
    assert answer.status_code == status, answer.status
    return answer


@pytest.fixture
def client(plain_app: Flask, plain_environ: dict[str, str]) -> FlaskClient:
    """A client of a service in which a row of the quarantine cannot be read."""
    broken = "INSERT INTO quarantine VALUES (1, 'twitter', 1, 'not JSON', x'00', x'00')"
    execute(plain_environ["DATABASE_URL"], broken)
    return plain_app.test_client()


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_answer_is_hardened(client: FlaskClient, method: str, path: str, status: int) -> None:
    answer = answer_to(client, method, path, status)
    assert answer.headers.getlist("Content-Security-Policy") == [CSP]
    assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers.getlist("Referrer-Policy") == ["no-referrer"]
    assert "Strict-Transport-Security" not in answer.headers
    (kept,) = answer.headers.getlist("Cache-Control")
    private = {"no-store", "private", "no-cache"} & set(kept.replace(",", " ").split())
    assert private or path.startswith(PUBLIC)
    answer.close()


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_whoever_came_by_https_stays_with_it(
    client: FlaskClient, method: str, path: str, status: int
) -> None:
    answer = answer_to(client, method, path, status, "https")
    assert answer.headers.getlist("Strict-Transport-Security") == ["max-age=31536000"]
    answer.close()


@pytest.mark.parametrize("hops", [0, 1])
def test_only_a_trusted_proxy_can_say_that_it_was_https(
    plain_app: Flask, plain_environ: dict[str, str], hops: int
) -> None:
    app = create_app(read_settings(plain_environ | {"TRUSTED_PROXIES": str(hops)}))
    answer = app.test_client().get("/healthz", headers={"X-Forwarded-Proto": "https"})
    assert ("Strict-Transport-Security" in answer.headers) is bool(hops)
    app.extensions["webhook_app"].close()
