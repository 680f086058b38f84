"""Readiness and numbers."""

import logging
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import API_TOKEN, NOW, Clock
from tests.web.callers import (
    ALICE,
    BOB,
    BOT,
    add_slack,
    add_x,
    bearer,
    deliver,
    mark,
    message,
    quarantine,
    record,
    services_of,
    wrote,
    wrote_on_slack,
    x_mark,
)
from webhook_app.domain.outbox import Verdict
from webhook_app.settings import Settings
from webhook_app.storage import Store
from webhook_app.storage.migrate import migrate
from webhook_app.web.app import create_app
from webhook_app.web.auth import public
from webhook_app.web.desk import create_desk


def sample(body: str, name: str) -> float:
    """The value of a metric with its labels."""
    (line,) = [line for line in body.splitlines() if line.rpartition(" ")[0] == name]
    return float(line.rpartition(" ")[2])


def test_the_numbers_are_those_of_the_tables(api: FlaskClient, app: Flask, store: Store) -> None:
    quarantine(store, b"{")
    counts = app.extensions["webhook_app"].counts
    for count in (
        "deliveries|twitter", "events|twitter|accepted", "event types|twitter|a|b",
        "refused|twitter|wrong signature", "challenges|twitter", "challenges refused", "quarantine_dropped",
    ):  # fmt: skip
        counts.add(count, NOW, 3)
    answer = api.get("/metrics")
    assert answer.content_type.startswith("text/plain; version=")
    # Those of this process are written first; those of all processes are summed by their table.
    for name, value in {
        'readmark_deliveries_total{platform="twitter"}': 3,
        'readmark_events_total{outcome="accepted",platform="twitter"}': 3,
        'readmark_event_types_total{platform="twitter",type="a|b"}': 3,
        'readmark_refused_total{platform="twitter",reason="wrong signature"}': 3,
        'readmark_challenges_total{platform="twitter"}': 3,
        "readmark_challenges_refused_total": 3,
        "readmark_quarantine_dropped_total": 3,
        "readmark_quarantine_rows": 1,
        'readmark_last_delivery_timestamp_seconds{platform="twitter"}': NOW // 1000,
        'readmark_last_challenge_timestamp_seconds{platform="twitter"}': NOW // 1000,
    }.items():
        assert sample(answer.text, name) == value
    assert 'readmark_info{version="' in answer.text
    assert 'platform="refused"' not in answer.text


def test_what_is_on_its_way_out_is_counted(api: FlaskClient, app: Flask, clock: Clock) -> None:
    add_x(app)
    api.post("/api/v1/marks", json=[x_mark(), x_mark(peer=BOB)])
    clock.advance(90)
    text = api.get("/metrics").text
    for name, value in {
        'readmark_marks_waiting{platform="twitter"}': 2,
        'readmark_marks_waiting{platform="slack"}': 0,
        'readmark_marks_oldest_waiting_seconds{platform="twitter"}': 90,
        'readmark_marks_oldest_waiting_seconds{platform="slack"}': 0,
        "readmark_dispatcher_unseen_seconds": float("inf"),
    }.items():
        assert sample(text, name) == value
    assert deliver(app, verdict=Verdict.PEER, problem="150 No.") == 2
    services_of(app).store.outbox.seen(clock())
    clock.advance(3)
    text = api.get("/metrics").text
    method = services_of(app).platforms["twitter"].policy.method
    labels = f'{{account="{BOT}",method="{method}",platform="twitter"}}'
    for name, value in {
        'readmark_marks_waiting{platform="twitter"}': 0,
        'readmark_marks_failed{platform="twitter"}': 2,
        "readmark_dispatcher_unseen_seconds": 3,
        f"readmark_rate_limit_calls{labels}": 1000,
        f"readmark_rate_limit_used{labels}": 2,
    }.items():
        assert sample(text, name) == value


def test_the_oldest_unread_is_told_of_all_and_of_our_accounts(
    api: FlaskClient, app: Flask, clock: Clock
) -> None:
    of_all, of_accounts = "readmark_unread_oldest_seconds", "readmark_unread_by_accounts_oldest_seconds"

    def told(platform: str = "twitter") -> tuple[float, float]:
        text = api.get("/metrics").text
        return sample(text, f'{of_all}{{platform="{platform}"}}'), sample(
            text, f'{of_accounts}{{platform="{platform}"}}'
        )

    store = services_of(app).store
    assert told() == told("slack") == (0, 0)
    wrote(store, message(-500), reader=BOB, peer=BOT)
    wrote(store, message(-90), message(-30), reader=BOT, peer=ALICE)
    wrote_on_slack(store, -7.5)
    add_slack(app)
    assert (told(), told("slack")) == ((500, 0), (7.5, 7.5))
    add_x(app)
    record(store, mark(BOT, message(-90), peer=ALICE))
    clock.advance(1)
    assert told() == (501, 31)
    record(store, mark(BOB, message(-500)), mark(BOT, message(-30), peer=ALICE))
    assert told() == (0, 0)


def test_refused_calls_are_counted_by_the_platforms_word(plain_api: FlaskClient) -> None:
    plain_api.post("/api/conversations.mark", data={"token": "xoxb-nobody"})
    text = plain_api.get("/metrics").text
    assert sample(text, 'readmark_marks_refused_total{platform="slack",reason="invalid_auth"}') == 1


def test_limits_are_shown_of_the_fullest_hundred_only(plain_app: Flask, plain_api: FlaskClient) -> None:
    for n in range(1, 121):
        add_x(plain_app, f"{n}-token")
    plain_api.post("/api/v1/marks", json=x_mark(account="120", peer=ALICE))
    deliver(plain_app)
    text = plain_api.get("/metrics").text
    assert text.count("\nreadmark_rate_limit_used{") == text.count("\nreadmark_rate_limit_calls{") == 100
    assert 'readmark_rate_limit_used{account="120",' in text


def test_the_numbers_need_a_token(plain: FlaskClient) -> None:
    assert plain.get("/metrics").status_code == 401


def test_it_is_ready_when_the_database_answers(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_it_is_not_ready_before_the_migrations(empty_database: str, caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(Settings(database_url=_url(empty_database), secret_keys=("k",)))
    with caplog.at_level(logging.WARNING):
        answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["reason"]) == (503, "schema")
    assert "python -m webhook_app migrate" in answer.get_json()["message"]
    assert "python -m webhook_app migrate" in caplog.text
    app.extensions["webhook_app"].close()


def _url(database: str) -> str:
    return database.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture
def broken(plain_environ: dict[str, str], tmp_path: Path) -> FlaskClient:
    """A client of an application whose database file is a folder."""
    folder = tmp_path / "folder.db"
    folder.mkdir()
    settings = Settings(database_url=f"sqlite:///{folder}", secret_keys=("k",), api_token=API_TOKEN)
    return create_app(settings).test_client()


@pytest.mark.parametrize(
    "path", ["/readyz", "/metrics", "/api/v1/read-positions", "/api/v1/audit", "/login?link=x"]
)
def test_without_a_database_it_says_503_and_when_to_come_back(broken: FlaskClient, path: str) -> None:
    answer = broken.get(path, headers=bearer(API_TOKEN))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "database" in answer.text


@pytest.mark.parametrize("path", ["/readyz", "/api/v1/read-positions", "/"])
def test_without_its_key_file_it_says_503(tmp_path: Path, path: str) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/no/such/folder/x.db", api_token=API_TOKEN)
    answer = create_app(settings).test_client().get(path, headers=bearer(API_TOKEN))
    assert answer.status_code == 503
    assert "key" in answer.text


@pytest.mark.parametrize("path", ["/docs", "/api/v1/openapi.json", "/healthz"])
def test_what_needs_no_database_answers_without_it(broken: FlaskClient, path: str) -> None:
    assert broken.get(path).status_code == 200


def test_it_works_again_by_itself(tmp_path: Path) -> None:
    """The database was not there, and then it is."""
    settings = Settings(database_url=f"sqlite:///{tmp_path}/later/x.db", api_token=API_TOKEN)
    client = create_app(settings).test_client()
    assert client.get("/readyz").status_code == 503
    (tmp_path / "later").mkdir()
    migrate(settings.database_url)
    assert client.get("/readyz").status_code == 200


def test_an_unexpected_failure_is_logged_with_its_traceback(
    plain_app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    desk = create_desk(plain_app.extensions["webhook_app"])

    def fail() -> str:
        raise ZeroDivisionError("of the tests")

    desk.add_url_rule("/fail", view_func=public(fail))
    answer = desk.test_client().get("/fail")
    assert (answer.status_code, answer.get_json()) == (500, {"code": 500, "status": "Internal Server Error"})
    assert "ZeroDivisionError: of the tests" in caplog.text
