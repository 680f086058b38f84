"""How calls of Slack's methods may be posted: each row of its pages about that, and the warnings."""

from typing import Any

import pytest

from webhook_app.errors import CallRefused
from webhook_app.platforms.native import Request
from webhook_app.platforms.slack_requests import open_call

FORM, JSON, TEXT = "application/x-www-form-urlencoded", "application/json", "text/plain"
MULTIPART = "multipart/form-data; boundary=b"
ARGUMENTS = {"channel": "C012345678", "ts": "1593473566.000200"}
AS_FORM = b"channel=C012345678&ts=1593473566.000200"
AS_JSON = b'{"channel": "C012345678", "ts": "1593473566.000200"}'
AS_PARTS = (
    b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value.encode())
        for name, value in ARGUMENTS.items()
    )
    + b"--b--\r\n"
)


def post(
    body: bytes = AS_FORM, kind: str | None = FORM, method: str = "conversations.mark", **rest: Any
) -> Request:
    """A call."""
    path = f"/api/{method}"
    headers = {} if kind is None else {"Content-Type": kind}
    values = {
        "method": "POST",
        "url": f"http://h{path}",
        "path": path,
        "query": "",
        "headers": headers,
        "body": body,
    }
    return Request(**{**values, **rest})


@pytest.mark.parametrize("method", ["conversations.mark", "mpim.mark"])
@pytest.mark.parametrize(
    ("request_", "warnings"),
    [
        (post(), ()),
        (post(kind=FORM.upper()), ()),
        (post(kind=f"{FORM}; charset=utf-8"), ("superfluous_charset",)),
        (post(kind=f'{FORM};charset="ISO-8859-1"'), ("superfluous_charset",)),
        (post(AS_PARTS, MULTIPART), ()),
        (post(AS_PARTS, MULTIPART + "; charset=utf-8"), ("superfluous_charset",)),
        (post(AS_JSON, JSON), ("missing_charset",)),
        (post(AS_JSON, f"{JSON};charset=utf-8"), ()),
        (post(AS_JSON, f"{JSON}; Charset = UTF-8"), ()),
        (post(AS_JSON, TEXT), ("missing_charset",)),
        (post(b"  " + AS_JSON, f"{TEXT}; charset=iso-8859-1"), ()),
        (post(AS_FORM, TEXT), ("missing_charset",)),
        (post(AS_FORM, f"{TEXT}; charset=utf-8"), ()),
        # In the query: without a body there need not be a type.
        (post(b"", None, query=AS_FORM.decode()), ()),
        (post(b"", None, method="GET", query=AS_FORM.decode()), ()),
        # Half there, half here; the body counts.
        (post(b"ts=1593473566.000200", query="channel=C012345678&ts=1"), ()),
        # A number is as good as its text, and null is nothing.
        (
            post(b'{"channel": "C012345678", "ts": 1593473566.000200, "x": null}', f"{JSON};charset=utf-8"),
            None,
        ),
    ],
)
def test_it_reads_a_call(method: str, request_: Request, warnings: tuple[str, ...] | None) -> None:
    call = open_call(request_._replace(path=f"/api/{method}"))
    assert call.method == method
    assert {**call.arguments, "ts": call.arguments["ts"].ljust(17, "0")} == ARGUMENTS
    assert warnings is None or call.warnings == warnings


NO_OBJECTS = [b"", b"[]", b"5", b'"a"', b"null", b"{", b'{"a": NaN}', b"\xff", b'{"channel": {"id": 1}}']


@pytest.mark.parametrize("method", ["conversations.mark", "mpim.mark"])
@pytest.mark.parametrize(
    ("request_", "error"),
    [
        # "included a data payload, but the request did not include a Content-Type header"
        (post(kind=None), "missing_post_type"),
        (post(kind=""), "missing_post_type"),
        (post(b"", None, whole=False), "missing_post_type"),
        (post(kind="application/xml"), "invalid_post_type"),
        (post(kind="text/html; charset=latin-9"), "invalid_post_type"),
        (post(kind=";charset=utf-8"), "invalid_post_type"),
        *((post(kind=f"{FORM}; charset={name}"), "invalid_charset") for name in ("utf8", "latin-1", "")),
        (post(AS_JSON, f"{JSON}; charset=us-ascii"), "invalid_charset"),
        # "the POST data was either missing or truncated"
        (post(AS_FORM[:10], whole=False), "request_timeout"),
        (post(AS_JSON[:10], JSON, whole=False), "request_timeout"),
        (post(b"", whole=False), "request_timeout"),
        # "the form data was either missing or syntactically invalid"
        *((post(body), "invalid_form_data")
          for body in (b"", b"&", b"channel", b"channel=%zz", b"ts=\xff", AS_JSON)),
        (post(b"", query=AS_FORM.decode()), "invalid_form_data"),
        (post(AS_PARTS[:-9], MULTIPART), "invalid_form_data"),
        (post(AS_FORM, MULTIPART), "invalid_form_data"),
        (post(AS_FORM, "multipart/form-data"), "invalid_form_data"),
        (post(b"", TEXT), "invalid_form_data"),
        *((post(body, JSON), "invalid_arguments") for body in NO_OBJECTS),
        (post(b"{channel", TEXT), "invalid_arguments"),
        # "passed an array as an argument"; "a PHP-style array argument (e.g. with a name like `foo[7]`)"
        (post(b'{"channel": ["C012345678"]}', JSON), "invalid_array_arg"),
        *((post(AS_FORM + b"&" + name + b"=1"), "invalid_array_arg")
          for name in (b"foo[7]", b"foo[]", b"foo%5B7%5D")),
        (post(query="foo[7]=1"), "invalid_array_arg"),
        # "very long names and names with non-alphanumeric characters other than `_`"
        *((post(AS_FORM + b"&" + name + b"=1"), "invalid_arg_name")
          for name in (b"", b"a-b", b"a.b", b"a%20b", b"a[b", "é".encode(), b"a" * 65, b"a%0A")),
        (post(b'{"a b": 1}', JSON), "invalid_arg_name"),
        (post(query="a-b=1"), "invalid_arg_name"),
        (post(b"", None, method="GET", query="a-b=1"), "invalid_arg_name"),
    ],
)  # fmt: skip
def test_it_refuses_in_slacks_words(method: str, request_: Request, error: str) -> None:
    with pytest.raises(CallRefused) as caught:
        open_call(request_._replace(path=f"/api/{method}"))
    assert caught.value.code == error


@pytest.mark.parametrize(
    "name", ["a", "_", "Token_2", "a" * 64]
)  # fmt: skip
def test_other_names_pass(name: str) -> None:
    assert name in open_call(post(AS_FORM + f"&{name}=1".encode())).arguments


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (post(b"", kind="text/html; charset=x", method="chat.postMessage"), "unknown_method"),
        (post(b"foo[7]=1", kind="text/html; charset=x", whole=False), "invalid_post_type"),
        (post(b"foo[7]=1", kind=f"{FORM}; charset=x", whole=False), "invalid_charset"),
        (post(b"foo[7]=1", whole=False), "request_timeout"),
        (post(b"foo[7]=%zz"), "invalid_form_data"),
        (post(b"a-b=1&foo[7]=1"), "invalid_array_arg"),
    ],
)
def test_of_several_faults_the_first_is_told(request_: Request, error: str) -> None:
    with pytest.raises(CallRefused) as caught:
        open_call(request_)
    assert caught.value.code == error


def test_a_refusal_keeps_the_warnings() -> None:
    with pytest.raises(CallRefused) as caught:
        open_call(post(b"", f"{FORM}; charset=utf-8"))
    assert caught.value.details == {"warnings": ("superfluous_charset",)}


@pytest.mark.parametrize(
    "path",
    ["/api/", "/api/chat.postMessage", "/api/conversations.mark/", "/api/Conversations.Mark", "/api/v1"],
)
def test_it_knows_no_other_method(path: str) -> None:
    with pytest.raises(CallRefused) as caught:
        open_call(post()._replace(path=path))
    assert caught.value.code == "unknown_method"


@pytest.mark.parametrize("kind", [f"{JSON};charset=utf-8", FORM, None])
def test_auth_test_needs_no_arguments(kind: str | None) -> None:
    # slack_sdk's comes as JSON without a body.
    assert open_call(post(b"", kind, "auth.test")).arguments == {}
