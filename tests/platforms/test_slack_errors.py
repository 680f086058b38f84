"""What Slack's answers mean for marks, accounts and the platform."""

from typing import Any

import pytest

from webhook_app.domain.outbox import State, Verdict
from webhook_app.domain.rate import Word
from webhook_app.platforms.slack_errors import SORTED, refusal

#: Every row of the error tables of `conversations.mark` and `mpim.mark`.
PAGES = {
    "channel_not_found", "invalid_timestamp", "not_in_channel", "not_authed", "invalid_auth",
    "account_inactive", "token_revoked", "no_permission", "org_login_required", "ekm_access_denied",
    "missing_scope", "not_allowed_token_type", "method_deprecated", "deprecated_endpoint",
    "two_factor_setup_required", "enterprise_is_restricted", "invalid_arguments", "invalid_arg_name",
    "invalid_array_arg", "invalid_charset", "invalid_form_data", "invalid_post_type", "missing_post_type",
    "team_added_to_org", "accesslimited", "request_timeout", "service_unavailable", "fatal_error",
    "internal_error",
}  # fmt: skip


def test_every_row_of_the_pages_is_sorted() -> None:
    assert set(SORTED) >= PAGES


@pytest.mark.parametrize(
    ("error", "verdict", "state"),
    [
        *((error, Verdict.RETRY, None)
          for error in ("internal_error", "fatal_error", "service_unavailable", "request_timeout")),
        # "Other errors can be returned in the case where the service is down."
        ("never_heard_of", Verdict.RETRY, None),
        *((error, Verdict.PEER, None)
          for error in ("channel_not_found", "not_in_channel", "invalid_timestamp", "missing_scope",
                        "invalid_arguments", "method_not_supported_for_channel_type")),
        *((error, Verdict.PAUSE, None)
          for error in ("no_permission", "org_login_required", "ekm_access_denied", "team_added_to_org",
                        "enterprise_is_restricted", "two_factor_setup_required", "accesslimited",
                        "access_denied")),
        *((error, Verdict.ACCOUNT, State.UNAUTHORISED)
          for error in ("not_authed", "invalid_auth", "token_expired", "not_allowed_token_type")),
        ("token_revoked", Verdict.ACCOUNT, State.REVOKED),
        ("account_inactive", Verdict.ACCOUNT, State.SUSPENDED),
        *((error, Verdict.PLATFORM, State.SUSPENDED)
          for error in ("method_deprecated", "deprecated_endpoint", "unknown_method")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 503])
def test_it_sorts_slacks_words(status: int, error: str, verdict: Verdict, state: State | None) -> None:
    sorted_ = refusal(status, {}, {"ok": False, "error": error, "needed": "im:write"})
    assert (sorted_.verdict, sorted_.state, str(sorted_)) == (verdict, state, error)
    assert sorted_.word is None


@pytest.mark.parametrize(
    ("status", "headers", "body", "retry_in"),
    [
        (429, {"Retry-After": "30"}, {"ok": False, "error": "ratelimited"}, 30_000),
        # Not every server writes it so.
        (429, {"retry-after": "1"}, {"ok": False, "error": "ratelimited"}, 1000),
        (429, {"Retry-After": "0"}, {"ok": False, "error": "ratelimited"}, 0),
        (429, {}, {"ok": False, "error": "ratelimited"}, None),
        (429, {"Retry-After": "soon"}, {"ok": False, "error": "ratelimited"}, None),
        (429, {"Retry-After": "-5"}, {"ok": False, "error": "ratelimited"}, None),
        (429, {"Retry-After": "99999"}, {"ok": False, "error": "ratelimited"}, None),
        (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, {}, None),
        (429, {"Retry-After": "2"}, "<html>", 2000),
        (200, {"Retry-After": "2"}, {"ok": False, "error": "ratelimited"}, 2000),
    ],
)
def test_the_rate_limit_is_of_the_window(status: int, headers: Any, body: Any, retry_in: int | None) -> None:
    sorted_ = refusal(status, headers, body)
    assert sorted_.verdict is Verdict.WINDOW
    assert str(sorted_) == "ratelimited"
    assert sorted_.word == Word(retry_in=retry_in, refused=True)


@pytest.mark.parametrize(
    "body", [None, [], "", {}, {"ok": False}, {"error": 5}, {"error": "Received a response…"}]
)
def test_what_is_not_in_slacks_shape_is_tried_again(body: Any) -> None:
    sorted_ = refusal(502, {}, body)
    assert (sorted_.verdict, str(sorted_), sorted_.word) == (Verdict.RETRY, "HTTP 502", None)
