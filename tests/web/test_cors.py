"""Whose scripts may ask the API from a browser."""

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://dash.example.com", True),
        ("https://dash.example.com.evil.example", False),
        ("http://dash.example.com", False),
        ("null", False),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/read-positions", "/", "/metrics"])
def test_only_named_origins_may_ask_the_api_from_a_browser(
    plain: FlaskClient, origin: str, allowed: bool, path: str
) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization, last-event-id",
    }
    for answer in (plain.options(path, headers=asked), plain.get(path, headers={"Origin": origin})):
        granted = answer.headers.get("Access-Control-Allow-Origin")
        assert granted == (origin if allowed and path.startswith("/api/") else None)
        assert "Access-Control-Allow-Credentials" not in answer.headers
        named = answer.headers.get("Access-Control-Allow-Headers", "authorization, last-event-id")
        assert named == "authorization, last-event-id"
