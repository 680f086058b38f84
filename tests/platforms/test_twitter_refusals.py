"""Every refusal of X is one plain sentence: what it means, what to do, and whether to try again."""

import json
from typing import Any

import pytest

from webhook_app.errors import ManagementError
from webhook_app.platforms.twitter_refusals import ACCOUNT, APP, BEARER, Keys, refusal

ABOUT = "https://readmark.example/webhooks/twitter"


def reason(name: str, details: str = "some details.") -> dict[str, Any]:
    """X's envelope of webhooks, subscriptions and replays."""
    return {
        "errors": [{"message": f"{name}: {details}"}],
        "title": "Invalid Request",
        "detail": "One or more",
    }


def problem(status: int, title: str, detail: str = "", **more: str) -> dict[str, Any]:
    """A problem of v2."""
    return {"title": title, "detail": detail or title, "status": status, "type": "about:blank", **more}


def told(status: int, body: Any, keys: Keys = BEARER) -> ManagementError:
    """What an answer becomes: always one sentence on one line."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"date": "Sat, 21 Nov 2026 00:00:00 GMT", "x-rate-limit-reset": "1795220100"}
    error = refusal(status, headers, raw, ABOUT, keys)
    assert str(error).endswith(".")
    assert str(error).isprintable()
    return error


@pytest.mark.parametrize(
    ("name", "temporary", "said"),
    [
        # The service may be back in a minute.
        ("CrcValidationFailed", True, f"X called {ABOUT} and did not get the right answer"),
        ("UrlValidationFailed", False, "(some details): it must begin with https://"),
        ("DuplicateUrlFailed", False, f"X has {ABOUT} already"),
        ("WebhookLimitExceeded", False, "as many webhooks as its access tier allows"),
        ("WebhookIdInvalid", False, "X knows no webhook"),
        ("DuplicateSubscriptionFailed", False, "already"),
        ("SubscriptionLimitExceeded", False, "as many subscriptions as its access tier allows"),
        ("SubscriptionNotFound", False, "no such subscription"),
        ("QueryParamInvalid", False, "does not take what was asked of"),
        # The other job ends.
        ("ReplayConflictError", True, "still running: wait for its end"),
    ],
)
def test_each_reason_of_x_is_told_in_plain_words(name: str, temporary: bool, said: str) -> None:
    error = told(400, reason(name))
    assert (error.reason, error.temporary) == (name, temporary)
    assert said in str(error)


@pytest.mark.parametrize(
    ("status", "body", "name", "said"),
    [
        # A reason that nobody has heard of yet.
        (400, reason("SomethingNew"), "Invalid Request", "HTTP 400 (SomethingNew: some details)"),
        (401, problem(401, "Unauthorized"), "Unauthorized", "does not believe TWITTER_BEARER_TOKEN"),
        (401, b"", "", "does not believe TWITTER_BEARER_TOKEN"),
        (402, problem(402, "CreditsDepleted"), "CreditsDepleted", "credits are spent"),
        (403, problem(403, "Unsupported Authentication", "Supported are [OAuth 2.0]."),
         "Unsupported Authentication", "(Supported are [OAuth 2.0]): it wants credentials of another kind"),
        (403, problem(403, "Client Forbidden", reason="client-not-enrolled"), "Client Forbidden", "tier"),
        (403, {"errors": [{"code": 453, "message": "You have a subset."}]}, "", "access tier of the X app"),
        (403, problem(403, "Forbidden"), "Forbidden", "give the app the permission to read, write"),
        (404, problem(404, "Not Found Error"), "Gone", "does not have this any more"),
        (410, {"errors": [{"code": 251, "message": "Retired."}]}, "Gone", "(Retired)"),
    ],
)  # fmt: skip
def test_what_somebody_has_to_mend_is_not_to_be_tried_again(
    status: int, body: Any, name: str, said: str
) -> None:
    error = told(status, body)
    assert (error.reason, error.temporary) == (name, False)
    assert said in str(error)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (429, problem(429, "Too Many Requests"), "try again in 15 min."),
        (503, problem(503, "Service Unavailable"), "cannot answer just now (HTTP 503)"),
        # Not X's own words.
        (502, b"<html>Bad gateway</html>", "cannot answer just now (HTTP 502)"),
        (403, b"<html>Who are you?</html>", "does not speak as X does (HTTP 403)"),
        (400, b"[" * 50_000, "does not speak as X does (HTTP 400)"),
        (400, b'{"hello": 1}', "does not speak as X does (HTTP 400)"),
    ],
)
def test_what_passes_is_to_be_tried_again(status: int, body: Any, said: str) -> None:
    error = told(status, body)
    assert error.temporary
    assert said in str(error)


@pytest.mark.parametrize(
    ("keys", "remedy"),
    [
        (BEARER, "TWITTER_BEARER_TOKEN: give it as X's developer console showed it"),
        (APP, "TWITTER_CONSUMER_KEY and TWITTER_CONSUMER_SECRET: give both as X"),
        (ACCOUNT, "readmark accounts connect gives an account new tokens."),
    ],
)
def test_credentials_that_x_does_not_believe_have_each_their_remedy(keys: Keys, remedy: str) -> None:
    said = str(told(401, b"", keys))
    assert remedy in said
    assert ("accounts connect" in said) is (keys is ACCOUNT)


def test_a_webhook_is_called_one() -> None:
    error = refusal(400, {}, json.dumps(reason("CrcValidationFailed")).encode(), "42", BEARER)
    assert str(error).startswith("X called the webhook 42 and did not")


def test_a_spent_window_says_how_long_it_is_shut() -> None:
    assert refusal(429, {"retry-after": "900"}, b"", "1", BEARER).wait == 900_000
    assert refusal(429, {}, b"", "1", BEARER).wait is None


def test_words_of_x_do_not_steer_a_terminal() -> None:
    assert "(a[2J b)" in str(told(400, reason("UrlValidationFailed", "a\x1b[2J\r\nb")))
