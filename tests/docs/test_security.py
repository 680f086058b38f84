"""SECURITY.md: the tests it calls as witnesses are there, and no secret setting is left out."""

import re
import sqlite3
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest

from webhook_app.settings import Settings

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "SECURITY.md").read_text()
#: Settings that are no secrets.
HARMLESS = re.compile(
    "port|dyno|dispatch|web_concurrency|database_named|.*_limit|.*_seconds|.*_days|.*_api_url|trusted_proxies"
    "|cors_origins"
)


@pytest.mark.parametrize("witness", sorted(set(re.findall(r"tests/[\w/]+\.py(?:::\w+)?", TEXT))))
def test_every_witness_is_there(witness: str) -> None:
    path, _, name = witness.partition("::")
    source = (ROOT / path).read_text()
    assert f"def {name or 'test_'}" in source


def test_it_says_of_every_secret_setting_where_it_is() -> None:
    names = {field.name.replace("secret_keys", "secret_key") for field in fields(Settings)}
    secret = {name.upper() for name in names if not HARMLESS.fullmatch(name)}
    table = TEXT.partition("## Secrets, and where")[2].partition("\n## ")[0]
    assert {name for name in secret if f"`{name}`" not in table} == set()
    assert {"SECRET_KEY", "SLACK_TOKEN", "DATABASE_URL"} < secret


def test_its_command_removes_what_sqlite_has_left(tmp_path: Path) -> None:
    command = re.search(r"`sqlite3 readmark\.db '(.+?)'`", TEXT)
    assert command
    file = tmp_path / "readmark.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA secure_delete=OFF; CREATE TABLE t (who TEXT)"
        )
        connection.execute("INSERT INTO t VALUES ('somebody forgotten')")
        connection.executescript("DELETE FROM t; PRAGMA wal_checkpoint(TRUNCATE)")
        assert b"somebody forgotten" in file.read_bytes()
        connection.executescript(command[1])
        files = list(tmp_path.iterdir())
        assert [path for path in files if b"somebody forgotten" in path.read_bytes()] == []
