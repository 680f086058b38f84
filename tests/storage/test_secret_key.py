"""The secret key: from the settings, or for SQLite from a file that is made once."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from webhook_app.errors import DatabaseUnavailable
from webhook_app.storage.secret_key import derive, key_file, secret_keys


@pytest.fixture
def url(tmp_path: Path) -> str:
    """DATABASE_URL of a file that is not there yet."""
    return f"sqlite:///{tmp_path}/a.db"


def test_the_settings_come_first(url: str) -> None:
    assert secret_keys(url, ("a", "b")) == ("a", "b")
    assert not key_file(url).exists()


def test_it_is_made_once_and_only_for_us(url: str, tmp_path: Path) -> None:
    keys = secret_keys(url, ())
    assert len(keys) == 1
    assert len(keys[0]) == 64
    assert secret_keys(url, ()) == keys
    assert stat.S_IMODE(key_file(url).stat().st_mode) == 0o600
    # Nothing is left lying beside it.
    assert os.listdir(tmp_path) == [key_file(url).name]


def test_an_open_umask_changes_nothing(url: str) -> None:
    before = os.umask(0)
    try:
        secret_keys(url, ())
    finally:
        os.umask(before)
    assert stat.S_IMODE(key_file(url).stat().st_mode) == 0o600


def test_two_databases_have_two_keys(tmp_path: Path) -> None:
    assert secret_keys(f"sqlite:///{tmp_path}/a.db", ()) != secret_keys(f"sqlite:///{tmp_path}/b.db", ())


def test_of_many_threads_one_wins(url: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: secret_keys(url, ()), range(64)))
    assert len(keys) == 1
    assert os.listdir(tmp_path) == [key_file(url).name]


def test_of_many_processes_one_wins(url: str, tmp_path: Path) -> None:
    code = "import sys; from webhook_app.storage.secret_key import *; print(secret_keys(sys.argv[1], ()))"
    processes = [
        subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    assert len({process.communicate(timeout=120)[0] for process in processes}) == 1
    assert all(process.returncode == 0 for process in processes)
    assert os.listdir(tmp_path) == [key_file(url).name]


def test_a_place_where_nothing_can_be_made_is_said() -> None:
    with pytest.raises(DatabaseUnavailable, match="secret key's file"):
        secret_keys("sqlite:////nonexistent/folder/a.db", ())


def test_a_key_is_another_one_for_each_purpose() -> None:
    derived = {derive(key, purpose) for key in ("a", "b") for purpose in ("x", "y")}
    assert len(derived) == 4
    assert {len(key) for key in derived} == {32}
    assert derive("a", "x") == derive("a", "x")
