"""Backup and restore as docs/operations.md has them, while somebody writes."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.conftest import NOW
from tests.databases import postgres_database, postgres_programs
from tests.docs.documents import block
from tests.host.hosting import ROOT, until
from tests.scenarios.deliveries import BOT, mark
from tests.scenarios.truth import stored
from webhook_app.domain.account import Identity
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.position import furthest
from webhook_app.storage import Store
from webhook_app.storage.secret_key import secret_keys

CREDENTIALS = {"access_token": f"{BOT}-token", "access_token_secret": "token-secret"}
PERSON = mark(0).reader


def run(code: str, folder: Path, environ: dict[str, str]) -> None:
    """Run a block of the document in a shell."""
    before = [str(folder), str(postgres_programs()), str(Path(sys.executable).parent)]
    command = folder / "readmark"
    command.write_text('#!/bin/sh\nexec python -m webhook_app "$@"\n')
    command.chmod(0o755)
    path = os.pathsep.join([*before, os.environ["PATH"]])
    env = {"PATH": path, "PYTHONPATH": str(ROOT), **environ}
    done = subprocess.run(["bash", "-euc", code], cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def open_store(url: str, environ: dict[str, str]) -> Store:
    """A store over the database, with the keys that belong to it."""
    plain = url.replace("postgresql:", "postgresql+psycopg:")
    return Store(plain, secret_keys(plain, tuple(filter(None, [environ.get("SECRET_KEY")]))))


@contextmanager
def writing(store: Store) -> Iterator[list[int]]:
    """Somebody records one mark after the other; yields the numbers of those that are durable."""
    done: list[int] = []
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            store.record(Inbound("twitter", marks=[mark(len(done))]))
            done.append(len(done))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        until(lambda: len(done) > 20)
        yield done
    finally:
        ended.set()
        thread.join()


def back_up(url: str, environ: dict[str, str], folder: Path, code: str) -> int:
    """Fill the database and back it up meanwhile; returns how many marks were durable when that began."""
    store = open_store(url, environ)
    store.accounts.add(Identity(BOT, BOT, "", None), "twitter", "digest", CREDENTIALS, NOW, "tests")
    with writing(store) as done:
        before = len(done)
        run(code, folder, environ)
    store.forget("twitter", PERSON, NOW, "tests")
    store.close()
    return before


def expect_restored(url: str, environ: dict[str, str], before: int) -> None:
    """What was durable when the backup began is there, whole, and with its credentials."""
    store = open_store(url, environ)
    store.check()
    positions, history = stored(store)
    assert {mark(number) for number in range(before)} <= history
    assert history == {mark(number) for number in range(len(history))}
    assert positions == set(furthest(sorted(history)))
    assert store.accounts.credentials("twitter", BOT) == CREDENTIALS
    # Whoever was forgotten since is back, until it is done again.
    store.forget("twitter", PERSON, NOW, "tests")
    assert PERSON not in {one.reader for one in stored(store)[1]}
    # What X delivers again falls into its place.
    again = [mark(number) for number in range(before + 100)]
    store.record(Inbound("twitter", marks=again))
    assert {one for one in again if one.reader != PERSON} <= stored(store)[1]
    store.close()


@pytest.fixture
def environ(database: str) -> dict[str, str]:
    """What a backup needs: on SQLite the key lies beside the file."""
    return {"DATABASE_URL": database} | ({} if "sqlite" in database else {"SECRET_KEY": "key-of-the-tests"})


def test_a_backup_made_while_it_is_written_to_restores_it(
    database: str, environ: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if database.startswith("sqlite"):
        before = back_up(database, environ, tmp_path, block("operations.md", ".backup("))
        run(block("operations.md", "cp -p copy.db readmark.db"), tmp_path, environ)
        expect_restored(database, environ, before)
        return
    before = back_up(database, environ, tmp_path, block("operations.md", "pg_dump"))
    server = make_url(request.getfixturevalue("postgres")).render_as_string(hide_password=False)
    with postgres_database(server) as elsewhere:
        environ["DATABASE_URL"] = elsewhere
        run(block("operations.md", "pg_restore"), tmp_path, environ)
        expect_restored(elsewhere, environ, before)
