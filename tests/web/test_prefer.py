"""How long marks over the API wait for their delivery."""

import time

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.callers import BOT, add_x, deliver, services_of, x_mark

MARKS = "/api/v1/marks"


@pytest.mark.parametrize(
    "prefer", ["wait=0", "respond-async, wait=0", 'Wait = "0"', "foo=bar; x=y, wait=0;a=b"]
)
def test_it_waits_as_long_as_is_preferred(plain_app: Flask, plain_api: FlaskClient, prefer: str) -> None:
    add_x(plain_app)
    answer = plain_api.post(MARKS, json=x_mark(), headers={"Prefer": prefer})
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "wait=0")


@pytest.mark.parametrize("prefer", ["", "wait", "wait=", "wait=x", "wait=-1", "await=1", "wait=1.5"])
def test_what_is_no_wait_is_none(plain_app: Flask, plain_api: FlaskClient, prefer: str) -> None:
    add_x(plain_app)
    answer = plain_api.post(MARKS, json=x_mark(), headers={"Prefer": prefer})
    assert (answer.status_code, "Preference-Applied" in answer.headers) == (202, False)


def test_it_waits_for_25_seconds_at_most(plain_app: Flask, plain_api: FlaskClient) -> None:
    add_x(plain_app)
    plain_api.post(MARKS, json=x_mark())
    deliver(plain_app)
    answer = plain_api.post(MARKS, json=x_mark(), headers={"Prefer": "wait=600"})
    assert answer.headers["Preference-Applied"] == "wait=25"


def test_it_does_not_wait_for_what_is_stopped(plain_app: Flask, plain_api: FlaskClient) -> None:
    add_x(plain_app)
    services_of(plain_app).accounts.pause("twitter", BOT, "holidays", "tests")
    began = time.monotonic()
    answer = plain_api.post(MARKS, json=x_mark(), headers={"Prefer": "wait=25"})
    assert (answer.status_code, answer.get_json()["items"][0]["status"]) == (202, "stopped")
    assert time.monotonic() - began < 20
