"""`doctor` on settings, database and tables: each thing is broken for real, and found."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.cli.conftest import Run
from tests.cli.examined import NOWHERE, Report, examine
from webhook_app.clock import wall_clock
from webhook_app.doctor import diagnose
from webhook_app.doctor.ground import FULL, NEARLY_FULL, examine_disk
from webhook_app.domain.account import Identity
from webhook_app.domain.inbound import Inbound, Unreadable
from webhook_app.domain.outbox import Outgoing, State
from webhook_app.services import Services
from webhook_app.storage import Store

BOT, PEER = "2244994945", "3805104374"
SECRET_KEY = "secret-key-of-the-tests"
CREDENTIALS = {"access_token": f"{BOT}-of-the-tests", "access_token_secret": "a-secret-of-the-tests"}
CURSOR = (1_795_219_200_000 - 1_288_834_974_657) << 22


@pytest.fixture
def environ(database: str) -> dict[str, str]:
    """A service without any platform."""
    return {"DATABASE_URL": database, "SECRET_KEY": SECRET_KEY, "TWITTER_API_URL": NOWHERE}


@pytest.fixture
def bot(services: Services) -> Services:
    """The services, with an account on X."""
    services.accounts.add("twitter", CREDENTIALS, "tests")
    return services


def test_an_installation_that_is_well_has_a_line_for_everything(run: Run) -> None:
    report = examine(run)
    assert report.status == 0
    subjects = [finding.subject for finding in report.findings if finding.subject != "disk"]
    assert subjects == [
        "settings", "database", "schema", "clock", "dispatcher", "outbox", "deliveries", "quarantine",
        "watchdog", "accounts", "slack", "twitter webhook", "twitter",
    ]  # fmt: skip
    assert report.one("database", "ok").words.startswith(("SQLite: read in ", "Postgres: read in "))
    lines = run("doctor").stdout.splitlines()
    assert len(lines) == len(report.findings)
    assert lines[0].startswith("doubt    settings  TWITTER_CONSUMER_SECRET is not set")


def test_faults_of_the_settings_come_first_and_hide_nothing(run: Run) -> None:
    report = examine(run, PORT="x", TRUSTED_PROXIES="many", SECRET_KEY="short")
    assert [finding.words.split(":")[0] for finding in report.findings[:2]] == ["PORT", "TRUSTED_PROXIES"]
    assert "SECRET_KEY has fewer than 16" in report.about("settings")[3].words
    assert report.bad == {"settings"}
    assert report.about("database")


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"HISTORY_DAYS=9\n# \xe9\n", 2, "is not UTF-8"),
        (b"\n\nSECRET KEY=x\nHISTORY_DAYS=9\n", 3, "is not NAME=VALUE"),
        (b"HISTORY_DAYS=9\nAPI_TOKEN='hidden-word\n", 2, "is not NAME=VALUE"),
    ],
)
def test_a_file_of_settings_that_cannot_be_read_is_named_first(
    run: Run, tmp_path: Path, content: bytes, line: int, said: str
) -> None:
    (tmp_path / ".env").write_bytes(content)
    report = examine(run)
    assert report.findings[0][:2] == ("wrong", "settings")
    assert report.findings[0].words.startswith(f".env: line {line} {said}")
    assert report.one("database", "ok")
    result = run("accounts", "list")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: The settings are not valid:\n  .env: line {line} {said}")
    assert len(result.stderr.splitlines()) == 2
    assert "hidden-word" not in str(report) + result.stderr


def test_what_depends_on_a_faulty_setting_is_unknown(run: Run) -> None:
    report = examine(run, DATABASE_URL="mysql://user:hidden-word@host/x", SLACK_API_URL="ftp://x")
    assert report.bad == {"settings", "database", "slack"}
    assert "hidden-word" not in str(report)


def test_without_a_file_nothing_is_made(run_bare: Run, tmp_path: Path) -> None:
    report = examine(run_bare, DATABASE_URL=f"sqlite:///{tmp_path}/none.db")
    assert "readmark migrate" in str(report.one("database", "wrong").remedy)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [None, "cut"])
def test_a_key_that_is_gone_is_not_made_anew(
    run_bare: Run, migrated_file: Path, tmp_path: Path, content: str | None
) -> None:
    file, key = tmp_path / "x.db", tmp_path / "x.db.secret-key"
    file.write_bytes(migrated_file.read_bytes())
    if content:
        key.write_text(content)
    report = examine(run_bare, DATABASE_URL=f"sqlite:///{file}")
    assert report.bad == {"secret key"}
    assert key.exists() is bool(content)


def test_a_database_that_is_away_is_found_and_the_rest_examined(run_bare: Run) -> None:
    env = {"DATABASE_URL": "postgres://u:hidden-word@127.0.0.1:9/x", "SECRET_KEY": SECRET_KEY}
    token = {"SLACK_TOKEN": "xoxb-of-the-environment", "SLACK_API_URL": f"{NOWHERE}/"}
    report = examine(run_bare, **env, **token)
    assert "DATABASE_URL" in str(report.one("database", "wrong").remedy)
    assert report.about("slack/")[0].judgement == "unknown"
    assert "hidden-word" not in str(report)


def test_an_old_schema_is_found_with_the_command_that_helps(run: Run, store: Store) -> None:
    store.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num='0001'")))
    assert "webhook_app migrate" in examine(run).one("database", "wrong").words


def test_a_newer_schema_is_well(run: Run, store: Store) -> None:
    store.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num='9999'")))
    assert examine(run).one("schema", "ok").words == "9999, of a newer release"


def test_a_database_that_takes_nothing_is_found(run: Run, database: str) -> None:
    if database.startswith("sqlite"):
        with closing(sqlite3.connect(database.removeprefix("sqlite:///"))) as other:
            other.execute("BEGIN IMMEDIATE")
            report = examine(run)
    else:
        more = "&" if "?" in database else "?"
        read_only = f"{database}{more}options=-c%20default_transaction_read_only%3Don"
        report = examine(run, DATABASE_URL=read_only)
    assert "cannot be written" in report.one("database", "wrong").words
    assert report.about("quarantine"), "what can be read is examined all the same"


@pytest.mark.parametrize(("free", "judgement"), [(FULL - 1, "wrong"), (FULL, "doubt"), (NEARLY_FULL, "ok")])
def test_a_disk_is_full_before_nothing_is_left(free: int, judgement: str) -> None:
    assert examine_disk(free).judgement == judgement


@pytest.mark.parametrize(
    ("ahead", "judgement"),
    [(0, "ok"), (-6000, "doubt"), (6000, "doubt"), (-60_000, "wrong"), (60_000, "wrong")],
)
def test_a_clock_that_differs_from_the_databases_is_found(
    environ: dict[str, str], ahead: int, judgement: str
) -> None:
    found = diagnose(environ, clock=lambda: wall_clock() + ahead)
    assert next(one.judgement for one in found if one.subject == "clock") == judgement


def test_marks_that_nobody_passes_on_are_found(run: Run, bot: Services) -> None:
    assert examine(run).about("dispatcher")[0].judgement == "doubt"
    bot.outbound.accept([Outgoing("twitter", BOT, PEER, CURSOR, wall_clock())])
    bot.store.outbox.seen(wall_clock() - 60_000)
    assert examine(run).one("dispatcher", "wrong").words == "1 mark waiting, no dispatcher seen for 60 s"
    bot.store.outbox.seen(wall_clock())
    assert examine(run).one("dispatcher", "ok").words.startswith("1 mark waiting, a dispatcher seen")


def test_accounts_that_are_stopped_are_found(run: Run, bot: Services) -> None:
    def stop(state: State) -> None:
        bot.store.accounts.set_state("twitter", BOT, state, "because", 1, "tests")

    stop(State.PAUSED)
    found = examine(run).one(f"twitter/{BOT}", "doubt")
    assert (found.words, found.remedy) == (
        "stopped, paused: because", f"readmark accounts resume twitter {BOT}",
    )  # fmt: skip
    for state in (State.REVOKED, State.UNAUTHORISED, State.SUSPENDED):
        stop(state)
        found = examine(run).one(f"twitter/{BOT}", "wrong")
        assert found.words == f"stopped, {state}: because"
        # Its token may be good all the same.
        assert f"readmark accounts resume twitter {BOT}" in str(found.remedy)


def test_an_account_of_the_environment_gets_a_token_only_there(run: Run, store: Store) -> None:
    identity = Identity(BOT, BOT, "", None)
    store.accounts.add(identity, "twitter", "0" * 64, None, wall_clock(), "environment")
    for state in (State.REVOKED, State.UNAUTHORISED):
        store.accounts.set_state("twitter", BOT, state, "because", wall_clock(), "tests")
        (stopped,) = [one for one in examine(run).about(f"twitter/{BOT}") if one.words.startswith("stopped")]
        assert "into the settings" in str(stopped.remedy)
        assert f"readmark accounts resume twitter {BOT}" in str(stopped.remedy)
        assert "accounts add" not in str(stopped.remedy)


def test_credentials_that_another_key_has_sealed_are_found(run: Run, bot: Services) -> None:
    report = examine(run, SECRET_KEY="another-key-of-the-tests")
    assert "SECRET_KEY that sealed them" in report.one(f"twitter/{BOT}", "wrong").words


def test_credentials_of_another_environment_are_missed(run: Run, store: Store) -> None:
    identity = Identity(BOT, BOT, "", None)
    store.accounts.add(identity, "twitter", "0" * 64, None, wall_clock(), "environment")
    assert "not in this one" in examine(run).one(f"twitter/{BOT}", "wrong").words


def test_a_quarantine_that_is_not_empty_is_to_be_looked_at(run: Run, store: Store) -> None:
    part = Unreadable("twitter", b"{}", {"_schema": ["odd"]})
    store.record(Inbound("twitter", unreadable=[part], quarantined=1))
    assert "retry" in str(examine(run).one("quarantine", "doubt").remedy)


def test_the_last_delivery_has_an_age(run: Run, services: Services) -> None:
    services.counts.add("deliveries|twitter", wall_clock() - 3 * 3_600_000)
    services.flush()
    assert examine(run).one("deliveries", "ok").words == "the last of twitter came 3 h ago"


def test_text_and_json_say_the_same(run: Run) -> None:
    report: Report = examine(run, PORT="x")
    result = run("doctor", PORT="x")
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    assert result.exit_code == report.status == 1
    assert [judgement for judgement, _ in lines] == [one.judgement for one in report.findings]
    for (_, rest), one in zip(lines, report.findings, strict=True):
        assert rest.startswith(f"{one.subject}  ")
        assert rest.endswith(f": {one.remedy}") or one.remedy is None


@pytest.mark.parametrize(
    "url", ["your.host", "ftp://your.host/x", "https://u:hidden-word@your.host/x", "https://"]
)
def test_an_address_that_is_none_is_refused(run: Run, url: str) -> None:
    result = run("doctor", "--url", url)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: --url: Not an address like https://your.host/webhooks/twitter.\n"
