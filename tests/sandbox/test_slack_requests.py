"""How a call of Slack's Web API may be posted, and where its token may be."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.conftest import CONFIG, Drive
from tests.sandbox.test_slack import BOT
from tests.sandbox.test_slack_tables import FORM, JSON, MULTIPART, TEXT, WRONG, Caller, bodies
from webhook_app.sandbox.server import create_app
from webhook_app.sandbox.slack_config import SMALL, SlackConfig
from webhook_app.sandbox.world import World


@pytest.fixture
def call(drive: Drive) -> Caller:
    """Calls of ``conversations.mark``."""
    return Caller(drive(slack=SlackConfig(workspaces=(SMALL, WRONG))), "conversations.mark")


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        # Post types.
        (b"x", "", "invalid_post_type"),
        (b"x", "form", "invalid_post_type"),
        (b"x", "application/octet-stream", "invalid_post_type"),
        (b"", "text/html", "invalid_post_type"),
        # Charsets.
        (b"x", "application/json; charset=utf-16", "invalid_charset"),
        (b"x", 'text/plain; charset="utf 8"', "invalid_charset"),
        (b"x", f"{MULTIPART}; charset=us-ascii", "invalid_charset"),
        # Forms.
        (b"", FORM, "invalid_form_data"),
        (b"channel", FORM, "invalid_form_data"),
        (b"a=%", FORM, "invalid_form_data"),
        (b"a=%f", FORM, "invalid_form_data"),
        (b"a=%ff", FORM, "invalid_form_data"),
        (b"a=\xff", FORM, "invalid_form_data"),
        (b'{"channel":"C0GENERAL"}', FORM, "invalid_form_data"),
        (b"", f"{MULTIPART}; boundary=b", "invalid_form_data"),
        (b"a=1", MULTIPART, "invalid_form_data"),
        (b"--b--\r\n", f"{MULTIPART}; boundary=b", "invalid_form_data"),
        (b"--b\r\nContent-Disposition: form-data;", f"{MULTIPART}; boundary=b", "invalid_form_data"),
        # JSON, and text that is like it.
        (b"", JSON, "invalid_arguments"),
        (b"null", JSON, "invalid_arguments"),
        (b'"channel"', JSON, "invalid_arguments"),
        (b'{"channel":', JSON, "invalid_arguments"),
        (b"\xff", JSON, "invalid_arguments"),
        (b"[" * 100_000, JSON, "invalid_arguments"),
        (b'{"channel":{"id":"C0GENERAL"}}', JSON, "invalid_arguments"),
        (b"{", TEXT, "invalid_arguments"),
        (b"%", TEXT, "invalid_arguments"),
        # Names and arrays.
        (b"channel[]=C0GENERAL", FORM, "invalid_array_arg"),
        (b"foo%5B7%5D=1", FORM, "invalid_array_arg"),
        (b'{"channel":["C0GENERAL"]}', JSON, "invalid_array_arg"),
        (b"a" * 1000 + b"=1", FORM, "invalid_arg_name"),
        (b"=1", FORM, "invalid_arg_name"),
        (b"a.b=1", FORM, "invalid_arg_name"),
        (b'{"\\u00e4":"1"}', JSON, "invalid_arg_name"),
        # What is missing, and what is there but empty.
        (b"a=1", FORM, "invalid_arguments"),
        (b"channel=C0GENERAL", FORM, "invalid_arguments"),
        (b'{"channel":null}', JSON, "invalid_arguments"),
        (b"channel=", FORM, "channel_not_found"),
        (b"channel=C0GENERAL&ts=", FORM, "invalid_timestamp"),
    ],
)
def test_it_refuses_what_is_badly_posted(call: Caller, body: bytes, kind: str, expected: str) -> None:
    assert call.post(body, kind)["error"] == expected


def test_it_reads_letters_of_the_charset(call: Caller) -> None:
    assert call.post(b"channel=C%E4", f"{FORM}; charset=iso-8859-1")["error"] == "channel_not_found"
    assert call.post(b"channel=C%E4", FORM)["error"] == "invalid_form_data"


@pytest.mark.parametrize(
    "ts",
    [
        "1",
        "1593473566",
        "1593473566.2",
        "-1.000000",
        "1.0000000",
        "12345678901.000000",
        "1e9.000000",
        "9999999999.000000",
    ],
)
def test_it_refuses_what_is_no_id_of_a_message(call: Caller, ts: str) -> None:
    assert call.form(ts=ts)["error"] == "invalid_timestamp"


def test_a_number_is_no_id_of_a_message(call: Caller) -> None:
    answer = call.post(b'{"channel": "C0GENERAL", "ts": 1593473566.000200}', JSON)
    assert answer["error"] == "invalid_timestamp"


@pytest.mark.parametrize(
    ("token", "kind", "query", "expected"),
    [
        # The argument, in a form, in plain text and in the query; JSON has to use the header.
        ("body", FORM, "", None),
        ("body", TEXT, "", None),
        ("query", FORM, f"?token={BOT}", None),
        ("body", JSON, "", "not_authed"),
        # The header is believed first.
        ("header", FORM, "?token=xoxb-unknown", None),
        ("expired", FORM, "", "token_expired"),
    ],
)
def test_it_finds_the_token(call: Caller, token: str, kind: str, query: str, expected: str | None) -> None:
    arguments = call.good | ({"token": BOT} if token == "body" else {})
    bearer = {"header": BOT, "expired": "xoxb-expired"}.get(token)
    answer = call.post(bodies(arguments)[kind.partition(";")[0]], kind, token=bearer, query=query)
    assert answer.get("error") == expected


def test_a_call_needs_no_body(call: Caller) -> None:
    query = "?" + urlencode(call.good)
    assert call.post(None, None, query=query) == {"ok": True}
    got = call.driver.call("GET", call.path + query, headers={"Authorization": f"Bearer {BOT}"})
    assert got.json() == {"ok": True}


APP = create_app(World(replace(CONFIG, slack=SlackConfig(limit=1_000_000))))
#: What bodies are made of, whole and in pieces.
PIECES = st.sampled_from([
    b"channel=C0GENERAL", b"ts=1.000000", b"&", b"=", b"%", b"%FF", b"[]", b"--b", b"--", b"\r\n",
    b"\r\n\r\n", b'Content-Disposition: form-data; name="ts"', b'{"ts":', b'"\\ud800"}', b"NaN",
    b"1e999", b"{}", b"}",
])  # fmt: skip
TYPES = st.sampled_from(
    [FORM, f"{MULTIPART}; boundary=b", f"{MULTIPART}; boundary=", JSON, TEXT, "x/y;;=", None]
)


@settings(deadline=None)
@given(
    body=st.binary(max_size=50) | st.lists(PIECES, max_size=12).map(b"".join),
    kind=TYPES,
    query=st.text("abct[]%=&s\x00é", max_size=12),
)
def test_whatever_is_posted_is_answered_as_slack_would(body: bytes, kind: str | None, query: str) -> None:
    answer = APP.test_client().post(
        "/api/conversations.mark",
        query_string=query,
        data=body,
        content_type=kind,
        headers={"Authorization": f"Bearer {BOT}"},
    )
    assert answer.status_code in (200, 429)
    assert answer.json is not None
    assert answer.json["ok"] is ("error" not in answer.json)
