"""The demo and the sandbox, as processes of their own."""

import re
import signal
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.cli.conftest import Run
from tests.cli.processes import Process, Start, ask
from tests.host.hosting import free_port, until

#: What a machine may hold that a demo must not use.
OURS = {
    "DATABASE_URL": "postgres://production/readmark", "TWITTER_CONSUMER_SECRET": "real", "DYNO": "web.1",
    "API_TOKEN": "x", "PORT": "80",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def _positions(folder: Path) -> int:
    """How many positions the demo's database holds."""
    for database in folder.glob("readmark-demo-*/readmark.db"):
        try:
            with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
                return int(connection.execute("SELECT count(*) FROM read_positions").fetchone()[0])
        except sqlite3.Error:
            return 0
    return 0


def _sandbox(process: Process) -> psutil.Process:
    return next(child for child in process.children if "sandbox" in child.cmdline())


def test_a_hundred_positions_arrive_without_credentials(process: Start, folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TWITTER_CONSUMER_SECRET=real\nSLACK_TOKEN=real\n")
    port = free_port()
    demo = process("demo", "--port", str(port), "--rate", "100", TMPDIR=str(folder), **OURS)
    until(lambda: _positions(folder) >= 100)
    link = re.search(rf"Open http://127\.0\.0\.1:{port}(/login\?link=\S+)", demo.out)
    assert link
    # Once, and no second time.
    assert [ask(port, "GET", link[1])[0] for _ in range(2)] == [303, 403]
    children = demo.children
    assert {connection.laddr.ip for child in children for connection in child.net_connections()} == {
        "127.0.0.1"
    }
    assert demo.end(signal.SIGINT) == 0
    assert not any(child.is_running() for child in children)
    assert list(folder.iterdir()) == []


def test_it_ends_with_one_of_its_parts_and_says_which(process: Start, folder: Path, tmp_path: Path) -> None:
    words = ("demo", "--port", str(free_port()), "--keep", "kept.db")
    demo = process(*words, TMPDIR=str(folder))
    until(lambda: "Open http" in demo.out)
    children = demo.children
    _sandbox(demo).kill()
    assert demo.popen.wait(60) == 1
    assert "Error: The sandbox has ended by itself (status -9).\n" in demo.err
    assert not any(child.is_running() for child in children)
    assert (tmp_path / "kept.db").exists()


def test_it_refuses_a_port_that_is_taken(run_bare: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run_bare("demo", "--port", str(port))
    assert result.exit_code == 1
    assert result.stderr == f"Error: Port {port} cannot be used; choose another with --port.\n"


def test_the_sandbox_prints_the_credentials_it_made_up(process: Start) -> None:
    sandbox = process("sandbox", "--port", "0", TWITTER_CONSUMER_SECRET="known")
    until(lambda: "sandbox: listening on http://127.0.0.1:" in sandbox.out)
    names = [line.partition("=")[0] for line in sandbox.out.splitlines() if line.startswith("TWITTER_")]
    assert names == [
        "TWITTER_ACCESS_TOKEN", "TWITTER_ACCESS_TOKEN_SECRET", "TWITTER_BEARER_TOKEN", "TWITTER_CONSUMER_KEY",
        "TWITTER_API_URL",
    ]  # fmt: skip
    assert sandbox.end() == 0
