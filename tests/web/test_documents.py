"""The OpenAPI document, its page, and whether the API keeps to it."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import checks
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks as openapi_checks

from tests.conftest import API_TOKEN
from tests.web.callers import (
    ACCESS_SECRET,
    ALICE,
    BOB,
    BOT,
    CHARLIE,
    add_slack,
    add_x,
    bearer,
    deliver,
    mark,
    message,
    name,
    quarantine,
    record,
    services_of,
    slack_mark,
    wrote,
    x_mark,
)
from tests.web.test_auth import desk_of
from webhook_app.storage import Store

DOCUMENT = "/api/v1/openapi.json"
#: schemathesis asks for gzip, and over WSGI does not read it.
PLAIN = {**bearer(API_TOKEN), "Accept-Encoding": "identity"}
#: What any answer to any request has to keep.
PROMISES = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
]


@pytest.fixture
def document(plain: FlaskClient) -> Any:
    """The OpenAPI document."""
    return plain.get(DOCUMENT).get_json()


def test_the_document_names_every_route_of_the_api(plain_app: Flask, document: Any) -> None:
    assert document["openapi"] == "3.1.0"
    told = {
        (path, method)
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    }
    served = {
        (
            rule.rule.replace("int(max=9223372036854775807):", "").replace("<", "{").replace(">", "}"),
            method.lower(),
        )
        for rule in desk_of(plain_app).url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.rule != DOCUMENT
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}
    }
    assert told == served


def test_every_operation_tells_its_scope_and_what_it_is_for(document: Any) -> None:
    for item in document["paths"].values():
        for method, operation in item.items():
            if method != "parameters":
                assert operation["security"][0]["token"][0] in ("read", "mark", "admin")
                assert operation["summary"]
        assert all(parameter["description"] for parameter in item.get("parameters", []))


def headers_of(operation: Any) -> list[str]:
    """The headers that an operation reads."""
    return [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "header"]


def test_headers_are_named_where_they_are_read(document: Any) -> None:
    for item in document["paths"].values():
        # What stands beside the methods holds for all of them.
        assert {parameter["in"] for parameter in item.get("parameters", [])} <= {"path"}
        for method, operation in item.items():
            conditional = method == "get" and "304" in operation["responses"]
            assert method == "parameters" or ("If-None-Match" in headers_of(operation)) == conditional
    marks = document["paths"]["/api/v1/marks"]
    assert (headers_of(marks["get"]), headers_of(marks["post"])) == (["If-None-Match"], ["Prefer"])
    for status in ("200", "202"):
        assert "Preference-Applied" in marks["post"]["responses"][status]["headers"]


@pytest.mark.parametrize(("path", "statuses"), [("/marks", ["429", "503"]), ("/accounts", ["503"])])
def test_refusals_that_pass_say_when_to_come_back(document: Any, path: str, statuses: list[str]) -> None:
    responses = document["paths"][f"/api/v1{path}"]["post"]["responses"]
    for status in statuses:
        assert "Retry-After" in responses[status]["headers"]
        assert responses[status]["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")


def test_the_document_says_which_credentials_are_checked(document: Any) -> None:
    credentials = document["components"]["schemas"]["NewAccount"]["properties"]["credentials"]
    assert "not checked before the first mark" in credentials["description"]


def test_the_page_shows_every_operation_parameter_and_shape(plain: FlaskClient, document: Any) -> None:
    page = plain.get("/docs").text
    for path, item in document["paths"].items():
        assert f"<code>GET {path}</code>" in page or "get" not in item
        for operation in (item[method] for method in item if method != "parameters"):
            assert operation["summary"] in page
            assert all(f"<code>{p['name']}</code>" in page for p in operation["parameters"])
    assert all(f'<article id="{name}">' in page for name in document["components"]["schemas"])
    # What can be copied works but for the words in capitals.
    assert "curl -H &#34;Authorization: Bearer $TOKEN&#34; http://localhost/api/v1/read-positions" in page


def test_every_answer_keeps_to_the_document(app: Flask) -> None:
    """A hundred requests out of the document, odd ones too: no failure, and no undocumented answer."""
    fill(app)
    for result in schemathesis.openapi.from_wsgi(DOCUMENT, app).get_all_operations():
        assert isinstance(result, Ok)
        try_out(result.ok())


def fill(app: Flask) -> None:
    """Store something of everything."""
    store: Store = services_of(app).store
    record(store, mark(BOB), mark(ALICE), mark(ALICE, message(-9)), mark(CHARLIE, 1))
    name(store, ALICE, "Alice")
    wrote(store, message(-3), message(-2), peer=BOB)
    quarantine(store, b"{")
    quarantine(store, b"{}")
    store.log("tests", "fill", "store")
    add_x(app)
    add_slack(app)
    client = app.test_client()
    client.post("/api/v1/marks", json=[x_mark(), slack_mark()], headers=bearer(API_TOKEN))
    deliver(app)


@pytest.mark.parametrize(
    ("method", "path", "values", "query"),
    [
        ("GET", "/read-positions", {}, {"limit": 1}),
        ("GET", "/read-positions", {}, {"platform": "twitter", "updated_since": "2020-01-01T00:00:00Z"}),
        ("GET", "/read-positions/{platform}/{reader}/{peer}", {"reader": ALICE, "peer": BOT}, {}),
        (
            "GET",
            "/messages/{platform}/{peer}/{message}/readers",
            {"peer": BOT, "message": str(message(-5))},
            {},
        ),
        ("GET", "/unread", {}, {"limit": 1}),
        ("GET", "/quarantine", {}, {"limit": 1}),
        ("GET", "/quarantine/{id}", {"id": 1}, {}),
        ("POST", "/quarantine/{id}/retry", {"id": 1}, {}),
        ("POST", "/quarantine/{id}/retry", {"id": 2}, {}),
        ("DELETE", "/quarantine/{id}", {"id": 1}, {}),
        ("DELETE", "/people/{platform}/{id}", {"id": ALICE}, {}),
        ("GET", "/audit", {}, {}),
        ("GET", "/marks", {}, {"limit": 1}),
        ("GET", "/marks", {}, {"platform": "twitter", "status": "delivered"}),
        ("POST", "/marks/{platform}/{account}/{peer}/retry", {"account": BOT, "peer": ALICE}, {}),
        ("GET", "/rate-limits", {}, {"limit": 1}),
        ("GET", "/accounts", {}, {"limit": 1}),
        ("POST", "/accounts/{platform}/{id}/resume", {"id": BOT}, {}),
        ("DELETE", "/accounts/{platform}/{id}", {"id": BOT}, {"now": True}),
    ],
)
def test_answers_with_something_in_them_keep_to_it(
    plain_app: Flask, method: str, path: str, values: dict[str, Any], query: dict[str, Any]
) -> None:
    fill(plain_app)
    case = case_of(plain_app, method, path, values, query=query)
    assert case.call_and_validate(headers=PLAIN, checks=PROMISES).status_code in (200, 204)


def case_of(app: Flask, method: str, path: str, values: dict[str, Any], **more: Any) -> Any:
    """A request as the document has it."""
    operation: Any = schemathesis.openapi.from_wsgi(DOCUMENT, app)[f"/api/v1{path}"][method]
    return operation.Case(path_parameters={"platform": "twitter", **values}, **more)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/marks", x_mark(peer=BOB), 202),
        ("/marks", [x_mark(peer=BOB), slack_mark(-1)], 202),
        ("/accounts", {"platform": "twitter", "credentials": {
            "access_token": f"{ALICE}-token", "access_token_secret": ACCESS_SECRET}}, 201),
        ("/accounts/{platform}/{id}/pause", {"reason": "holidays"}, 200),
    ],
)  # fmt: skip
def test_what_is_sent_keeps_to_it_too(plain_app: Flask, path: str, body: Any, status: int) -> None:
    fill(plain_app)
    case = case_of(plain_app, "POST", path, {"id": BOT}, body=body, media_type="application/json")
    assert case.call_and_validate(headers=PLAIN, checks=PROMISES).status_code == status


def try_out(operation: Any) -> None:
    """Send some requests of an operation and check the answers."""

    @seed(1)
    @settings(
        max_examples=6,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        positive=operation.as_strategy(), negative=operation.as_strategy(schemathesis.GenerationMode.NEGATIVE)
    )
    def answers_keep_to_it(positive: Any, negative: Any) -> None:
        for case in (positive, negative):
            # For so many seconds a stream is read.
            case.call_and_validate(headers=PLAIN, checks=PROMISES, timeout=0.5)

    answers_keep_to_it()


def test_no_vendor_is_named_behind_the_webhooks() -> None:
    """A third platform must need no change here."""
    web = Path(__file__).parents[2] / "webhook_app" / "web"
    files = [file for file in web.rglob("*") if file.suffix in (".py", ".html", ".js", ".css", ".svg")]
    named = [
        file.name for file in files if any(word in file.read_text().lower() for word in ("twitter", "slack"))
    ]
    assert files
    assert named == []
