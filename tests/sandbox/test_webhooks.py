"""``/2/webhooks`` with X's SDK as its client, and every refusal X has for it."""

import re

import pytest
import requests
from xdk.webhooks.models import CreateRequest

from tests.sandbox.conftest import CONFIG, Clock, Drive, Driver, refusal
from tests.sandbox.consumer import Consumer
from webhook_app.sandbox.rate_windows import WINDOW_SECONDS
from webhook_app.sandbox.webhooks import LIMIT


def test_it_registers_lists_validates_and_deletes(driver: Driver, consumer: Consumer) -> None:
    webhooks = driver.app.webhooks
    created = webhooks.create(CreateRequest(url=consumer.url)).data
    assert created is not None
    assert created.url == consumer.url
    assert created.valid
    assert re.fullmatch(r"[0-9]{1,19}", created.id)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", created.created_at)

    listed = webhooks.get()
    assert [webhook.model_dump() for webhook in listed.data or []] == [created.model_dump()]
    assert listed.meta is not None
    assert listed.meta.result_count == 1

    validated = webhooks.validate(created.id).data
    assert validated is not None
    assert validated.valid
    deleted = webhooks.delete(created.id).data
    assert deleted is not None
    assert deleted.deleted
    assert len(consumer.challenges) == 2


def test_an_empty_list_is_a_list(driver: Driver) -> None:
    listed = driver.app.webhooks.get()
    assert listed.data == []
    assert listed.meta is not None
    assert listed.meta.result_count == 0


def test_it_lists_only_the_fields_asked_for(driver: Driver, consumer: Consumer) -> None:
    driver.register(consumer)
    fields = {"webhook_config.fields": "url,valid"}
    answer = driver.call("GET", "/2/webhooks", params=fields, headers=_bearer())
    assert answer.json()["data"] == [{"url": consumer.url, "valid": True}]


def test_a_user_may_register_a_webhook_too(driver: Driver, consumer: Consumer) -> None:
    # X's prose says app-only, its OpenAPI document (and so the SDK) allows OAuth 1.0a.
    assert driver.alice.webhooks.create(CreateRequest(url=consumer.url)).data is not None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x" * 201,
        "readmark.example/webhooks/twitter",
        "http://readmark.example/webhooks/twitter",
        "https://readmark.example:8443/webhooks/twitter",
        "https://readmark.example:443/webhooks/twitter",
        "https://127.0.0.1.readmark.example:8443/",
        "https://user@readmark.example/",
        "https://readmark.example/#there",
        "https://readmark.example/with space",
        "https://[::1/",
        "https:///path",
        "ftp://127.0.0.1/",
    ],
)
def test_it_refuses_a_url_that_breaks_the_rules(driver: Driver, url: str) -> None:
    with pytest.raises(requests.HTTPError) as error:
        driver.app.webhooks.create(CreateRequest(url=url))
    status, message = refusal(error)
    assert (status, message.partition(":")[0]) == (400, "UrlValidationFailed")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"url":7}', b"[" * 100_000])
def test_it_refuses_a_body_that_is_no_registration(driver: Driver, body: bytes) -> None:
    answer = driver.call("POST", "/2/webhooks", data=body, headers=_bearer(), expect=400)
    assert answer.json()["title"] == "Invalid Request"
    assert answer.json()["type"] == "https://api.twitter.com/2/problems/invalid-request"


def test_it_refuses_the_same_url_twice(drive: Drive, consumer: Consumer) -> None:
    driver = drive(webhook_limit=2)
    driver.register(consumer)
    with pytest.raises(requests.HTTPError) as error:
        driver.register(consumer)
    assert refusal(error)[1].startswith("DuplicateUrlFailed: ")


def test_it_refuses_one_webhook_too_many(driver: Driver, consumer: Consumer) -> None:
    driver.register(consumer)
    with pytest.raises(requests.HTTPError) as error, Consumer(CONFIG.consumer_secret) as second:
        driver.register(second)
    assert refusal(error)[1].startswith("WebhookLimitExceeded: ")


def test_it_refuses_ids_it_does_not_know(driver: Driver) -> None:
    for call in (driver.app.webhooks.validate, driver.app.webhooks.delete):
        with pytest.raises(requests.HTTPError) as error:
            call("77")
        assert refusal(error)[0] == 400
        assert refusal(error)[1].startswith("WebhookIdInvalid: ")


@pytest.mark.parametrize(
    "authorization", [None, "Bearer wrong", "Bearer ", "Basic eDp5", "OAuth x", "Bearer ä"]
)
def test_it_asks_for_the_apps_token(driver: Driver, authorization: str | None) -> None:
    headers = {"Authorization": authorization.encode()} if authorization else {}
    answer = driver.call("GET", "/2/webhooks", headers=headers, expect=401)
    assert answer.json() == {
        "title": "Unauthorized",
        "type": "about:blank",
        "status": 401,
        "detail": "Unauthorized",
    }
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_good_credentials_of_the_wrong_kind_are_forbidden(driver: Driver) -> None:
    answer = driver.call("GET", "/2/webhooks", headers={"Authorization": "Bearer alice-oauth2"}, expect=403)
    assert answer.json()["title"] == "Unsupported Authentication"


def test_it_counts_calls_and_tells_the_window(drive: Drive) -> None:
    clock = Clock()
    driver = drive(clock=clock)
    answer = driver.call("GET", "/2/webhooks", headers=_bearer(), expect=200)
    assert _window(answer) == (str(LIMIT), str(LIMIT - 1), str(int(clock.now) + WINDOW_SECONDS))


def test_it_refuses_calls_over_the_limit_until_the_window_ends(drive: Drive) -> None:
    clock = Clock()
    driver = drive(clock=clock)
    for _ in range(LIMIT):
        driver.sandbox.world.state.windows.spend("list_webhooks", "", LIMIT, clock.now)
    answer = driver.call("GET", "/2/webhooks", headers=_bearer(), expect=429)
    assert answer.json()["title"] == "Too Many Requests"
    assert _window(answer)[1] == "0"
    # Another endpoint has a window of its own.
    driver.call("DELETE", "/2/webhooks/77", headers=_bearer(), expect=400)

    clock.now += WINDOW_SECONDS
    driver.call("GET", "/2/webhooks", headers=_bearer(), expect=200)


def test_unknown_paths_are_problems_too(driver: Driver) -> None:
    assert driver.call("GET", "/2/nothing", expect=404).headers["Content-Type"] == "application/problem+json"


def _bearer() -> dict[str, str]:
    return {"Authorization": f"Bearer {CONFIG.bearer_token}"}


def _window(answer: requests.Response) -> tuple[str, ...]:
    return tuple(answer.headers[f"x-rate-limit-{name}"] for name in ("limit", "remaining", "reset"))
