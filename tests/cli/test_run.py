"""`serve` and `migrate`, in this process where they refuse, else as processes of their own."""

import json
import os
import pty
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import make_url, text

from tests.cli.conftest import Run
from tests.cli.processes import Start, ask, crc
from tests.conftest import CONSUMER_SECRET
from tests.databases import postgres_database
from tests.host.hosting import ROOT, free_port, until
from tests.storage.outgoing import open_accounts
from webhook_app.cli.processes import importable
from webhook_app.storage import Store
from webhook_app.storage.migrations import KNOWN
from webhook_app.storage.tokens import list_tokens, use_login_link

NOBODY = "postgres://nobody:secret-word@127.0.0.1:1/none"
SECRETS = {"SECRET_KEY": "k", "TWITTER_CONSUMER_SECRET": CONSUMER_SECRET}
READ = {
    "created_timestamp": "1518452444662",
    "sender_id": "7",
    "target": {"recipient_id": "8"},
    "last_read_event_id": "900000000000000000",
}


@pytest.fixture
def empty_postgres(postgres: str) -> Iterator[str]:
    """DATABASE_URL of an empty Postgres database."""
    with postgres_database(postgres) as url:
        yield url


def test_it_names_every_fault_of_the_settings(run_bare: Run) -> None:
    result = run_bare("serve", DATABASE_URL="mysql://x", PORT="high", API_TOKEN="short")
    assert result.exit_code == 1
    for name in ("DATABASE_URL", "PORT", "API_TOKEN"):
        assert f"\n  {name}: " in result.stderr


def test_it_migrates_once(run_bare: Run, empty_database: str) -> None:
    first = run_bare("migrate", DATABASE_URL=empty_database, SECRET_KEY="k")
    assert (first.exit_code, first.stdout) == (0, f"The schema is now {KNOWN[-1]} (was empty).\n")
    again = run_bare("migrate", DATABASE_URL=empty_database, SECRET_KEY="k")
    assert (again.exit_code, again.stdout) == (0, f"The schema is up to date ({KNOWN[-1]}).\n")


def test_it_says_in_one_line_that_there_is_no_database_to_migrate(process: Start) -> None:
    release = process("migrate", DATABASE_URL=NOBODY, SECRET_KEY="k", DYNO="release.1")
    assert release.popen.wait(60) == 1
    assert len(release.err.splitlines()) == 1
    assert release.err.startswith("Error: The database cannot be reached")
    assert release.out == ""


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_dyno_needs_a_database_that_lasts(run_bare: Run, command: str) -> None:
    result = run_bare(command, DYNO="web.1")
    assert result.exit_code == 1
    assert "DATABASE_URL: required on a dyno" in result.stderr


def test_a_dyno_may_have_sqlite_by_name(run_bare: Run, tmp_path: Path) -> None:
    assert run_bare("migrate", DYNO="web.1", DATABASE_URL=f"sqlite:///{tmp_path}/named.db").exit_code == 0


def test_serve_refuses_an_older_schema_with_the_command_that_helps(
    run_bare: Run, empty_postgres: str
) -> None:
    result = run_bare("serve", DATABASE_URL=empty_postgres, **SECRETS)
    assert result.exit_code == 1
    assert result.stderr.endswith("is older than this release; run: python -m webhook_app migrate\n")


@pytest.mark.parametrize("words", [("tokens", "list"), ("forget", "twitter", "1"), ("export", "positions")])
def test_commands_make_no_empty_database(run_bare: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    result = run_bare(*words)
    assert result.exit_code == 1
    assert f"There is no database at {tmp_path}/readmark.db." in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("tokens", "list"), ("migrate",), ("serve",)])
@pytest.mark.parametrize(
    "row",
    [
        "UPDATE accounts SET credentials = x'00'",
        "INSERT INTO forgotten (digest, not_before, expires_at) VALUES (x'00', 1, 1)",
    ],
)
def test_commands_make_no_new_key_for_what_an_old_one_opens(
    run_bare: Run, tmp_path: Path, migrated_file: Path, words: tuple[str, ...], row: str
) -> None:
    file, key = tmp_path / "readmark.db", tmp_path / "readmark.db.secret-key"
    file.write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{file}", ("k",))
    open_accounts(store, ("twitter", "1"), now=1)
    store.write(lambda connection: connection.execute(text("UPDATE accounts SET credentials = NULL")))
    store.write(lambda connection: connection.execute(text(row)))
    store.close()
    result = run_bare(*words)
    assert result.exit_code == 1
    assert f"There is no file {key}, which opens what the database holds: put it back" in result.stderr
    assert not key.exists()


def test_commands_refuse_an_older_schema_too(run_bare: Run, empty_database: str) -> None:
    if empty_database.startswith("sqlite"):
        Path(str(make_url(empty_database).database)).touch()
    result = run_bare("tokens", "list", DATABASE_URL=empty_database, SECRET_KEY="k")
    assert result.exit_code == 1
    assert "run: python -m webhook_app migrate" in result.stderr


def test_a_fresh_checkout_answers_its_first_webhook_check_in_time(process: Start, tmp_path: Path) -> None:
    port = free_port()
    serving = process("serve", PORT=str(port), TWITTER_CONSUMER_SECRET=CONSUMER_SECRET)
    until(lambda: crc(port))
    # X waits three seconds. What a busy machine does meanwhile is not counted.
    spent = [one.cpu_times() for one in (psutil.Process(serving.popen.pid), *serving.children)]
    assert sum(one.user + one.system for one in spent) < 3
    assert serving.out == f"The schema is now {KNOWN[-1]} (was empty).\n"
    assert stat.S_IMODE((tmp_path / "readmark.db.secret-key").stat().st_mode) == 0o600
    assert "login" not in serving.err
    assert serving.end() == 0


def test_serve_goes_on_without_its_database(process: Start) -> None:
    port = free_port()
    serving = process("serve", DATABASE_URL=NOBODY, PORT=str(port), **SECRETS)
    until(lambda: crc(port))
    assert "Starting all the same" in serving.err
    delivery = json.dumps({"direct_message_mark_read_events": [READ]}).encode()
    assert ask(port, "POST", "/webhooks/twitter", delivery)[0] == 503
    assert "secret-word" not in serving.err + serving.out
    assert serving.end() == 0


def test_serve_serves_a_newer_schema(process: Start, run_bare: Run, empty_postgres: str) -> None:
    run_bare("migrate", DATABASE_URL=empty_postgres, SECRET_KEY="k")
    with psycopg.connect(empty_postgres) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    result = run_bare("migrate", DATABASE_URL=empty_postgres, SECRET_KEY="k")
    assert (result.exit_code, result.stdout) == (
        0,
        "The schema (9999) is of a newer release; nothing to do.\n",
    )
    port = free_port()
    serving = process("serve", DATABASE_URL=empty_postgres, PORT=str(port), **SECRETS)
    until(lambda: crc(port))
    assert serving.end() == 0


def _said_to_a_terminal(process: Start, **env: str) -> str:
    """What serve writes to a terminal until it serves."""
    port = free_port()
    ours, theirs = pty.openpty()
    serving = process("serve", stderr=theirs, PORT=str(port), **env)
    os.close(theirs)
    until(lambda: crc(port))
    said = os.read(ours, 65536).decode()
    serving.kill()
    os.close(ours)
    return said


def test_a_terminal_gets_a_link_to_log_in_while_nobody_has_a_token(process: Start, tmp_path: Path) -> None:
    env = SECRETS | {"DATABASE_URL": f"sqlite:///{tmp_path}/terminal.db"}
    said = _said_to_a_terminal(process, **env)
    link = re.search(r"http://127\.0\.0\.1:\d+/login\?link=([\w-]{43}) ", said)
    assert link, said
    secret, now = link[1], time.time_ns() // 1_000_000
    store = Store(env["DATABASE_URL"], ("k",))
    assert store.write(lambda c: use_login_link(c, secret, now + 9 * 60_000)) == "first-login"
    assert store.write(lambda c: use_login_link(c, secret, now)) is None
    # Who has set API_TOKEN knows how to log in.
    assert "login" not in _said_to_a_terminal(process, **env, API_TOKEN="long-enough-a-token")
    assert [token.id for token in store.read(list_tokens)] == ["first-login"]
    store.close()


def test_children_find_our_packages_wherever_they_run() -> None:
    assert importable({"A": "b"}) == {"A": "b", "PYTHONPATH": str(ROOT)}
    assert importable({"PYTHONPATH": "/theirs"}) == {"PYTHONPATH": f"{ROOT}{os.pathsep}/theirs"}
