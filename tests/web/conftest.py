"""A client that shows a token, and an application over SQLite for what no database changes."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import API_TOKEN, CONSUMER_SECRET, Clock
from tests.web.callers import bearer
from webhook_app.settings import read_settings
from webhook_app.web.app import create_app

CONSUMER_KEY = "consumer-key-of-the-tests"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """The environment of a service that knows its X app whole."""
    return environ | {"TWITTER_CONSUMER_KEY": CONSUMER_KEY}


@pytest.fixture
def api(app: Flask) -> FlaskClient:
    """A client that shows API_TOKEN."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = bearer(API_TOKEN)["Authorization"]
    return client


@pytest.fixture
def browser(client: FlaskClient) -> FlaskClient:
    """A client that has logged in."""
    client.post("/login", data={"token": API_TOKEN})
    return client


@pytest.fixture
def plain_environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a service on SQLite."""
    return {
        "DATABASE_URL": f"sqlite:///{tmp_path}/plain.db",
        "SECRET_KEY": "secret-key-of-the-tests",
        "API_TOKEN": API_TOKEN,
        "TWITTER_CONSUMER_KEY": CONSUMER_KEY,
        "TWITTER_CONSUMER_SECRET": CONSUMER_SECRET,
        "CORS_ORIGINS": "https://dash.example.com",
    }


@pytest.fixture
def plain_app(
    plain_environ: dict[str, str], clock: Clock, migrated_file: Path, tmp_path: Path
) -> Iterator[Flask]:
    """An application on SQLite."""
    copy(migrated_file, tmp_path / "plain.db")
    settings = read_settings(plain_environ)
    app = create_app(settings, clock=clock)
    yield app
    app.extensions["webhook_app"].close()


@pytest.fixture
def plain(plain_app: Flask) -> FlaskClient:
    """A client of it that shows nothing."""
    return plain_app.test_client()


@pytest.fixture
def plain_api(plain_app: Flask) -> FlaskClient:
    """A client of it that shows API_TOKEN."""
    client = plain_app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = bearer(API_TOKEN)["Authorization"]
    return client
