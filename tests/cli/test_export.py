"""`export`: into a file that is whole or not there, and into pipes that close."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.cli.conftest import Run
from tests.cli.processes import Start
from tests.conftest import NOW
from tests.host.hosting import ROOT
from webhook_app.domain.inbound import Inbound, Person
from webhook_app.domain.position import Mark
from webhook_app.storage import Store

READERS = sorted(str(number) for number in range(3000))


@pytest.fixture(autouse=True)
def _filled(store: Store) -> None:
    """Three pages of readers, one of them with a name."""
    marks = [Mark("twitter", reader, "42", (NOW - 1288834974657) << 22, NOW + 500) for reader in READERS]
    people = [Person("twitter", "0", "=1+1", "", "", NOW)]
    store.record(Inbound("twitter", marks=marks, people=people))


@pytest.mark.parametrize("what", ["positions", "history"])
def test_it_writes_a_file(run: Run, tmp_path: Path, what: str) -> None:
    path = tmp_path / "out"
    path.write_text("of yesterday")
    result = run("export", what, "--output", str(path))
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{what}: 3000\n", "")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["reader"] for row in rows] == READERS
    assert (rows[0]["read_at"], rows[0]["seconds_to_read"]) == ("2026-11-21T00:00:00.500Z", 0.5)
    assert [name for name in os.listdir(tmp_path) if name.startswith(".out")] == []


def test_it_writes_a_table_of_one_reader(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    words = ("--format", "csv", "--platform", "twitter", "--reader", "00", "--peer", "42")
    assert run("export", "positions", "--output", str(path), *words).exit_code == 0
    header, row = path.read_text().splitlines()
    assert header.startswith("platform,reader,peer,cursor,read_at,sent_at,seconds_to_read,updated_at,")
    assert row.startswith("twitter,0,42,")
    assert row.endswith(",'=1+1,")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--platform", "icq"), "platform: "),
        (("--platform", "twitter", "--reader", "alice"), "reader: "),
        (("--peer", "no id"), "peer: "),
    ],
)
def test_it_refuses_what_it_cannot_read(run: Run, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    result = run("export", "positions", "--output", str(tmp_path / "out"), *words)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {said}")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [("marks",), (), ("positions", "--format", "xml")])
def test_there_are_no_others(run_bare: Run, words: tuple[str, ...]) -> None:
    assert run_bare("export", *words).exit_code == 2


def test_a_directory_that_is_not_there_is_told_in_a_sentence(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "none" / "out"
    result = run("export", "positions", "--output", str(path))
    assert (result.exit_code, result.stderr) == (
        1, f"Error: {path} cannot be written: No such file or directory.\n",
    )  # fmt: skip


def test_an_export_that_fails_leaves_the_old_file(run: Run, store: Store, tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("of yesterday")
    store.write(lambda connection: connection.execute(text("ALTER TABLE history RENAME TO gone")))
    result = run("export", "history", "--output", str(path))
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The database cannot be reached")
    assert path.read_text() == "of yesterday"
    assert [name for name in os.listdir(tmp_path) if name.startswith(".out")] == []


def test_it_writes_to_standard_output(process: Start, environ: dict[str, str]) -> None:
    exporting = process("export", "positions", **environ)
    assert exporting.popen.wait(60) == 0
    assert [json.loads(line)["reader"] for line in exporting.out.splitlines()] == READERS
    assert exporting.err == ""


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        # Whoever reads has seen enough: nothing to complain about, and yet not done.
        ("{export} positions | head -n 1 > head; echo ${{PIPESTATUS[0]}}", "1", ""),
        ("{export} positions > /dev/full; echo $?", "1",
         "Error: standard output cannot be written: No space left on device.\n"),
        ("{export} history --output /dev/full; echo $?", "1",
         "Error: /dev/full cannot be written: No space left on device.\n"),
        # A device stays one.
        ("{export} history --output /dev/null; test -c /dev/null; echo $?", "0", ""),
    ],
)  # fmt: skip
def test_it_ends_without_a_traceback(
    environ: dict[str, str], tmp_path: Path, command: str, status: str, said: str
) -> None:
    line = command.format(export=f"{sys.executable} -m webhook_app export")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ}
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.split()[-1], done.stderr) == (status, said)


def test_a_terminal_sees_how_far_it_is(process: Start, environ: dict[str, str], tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    exporting = process("export", "positions", "--output", "rows", stderr=theirs, **environ)
    os.close(theirs)
    assert exporting.popen.wait(60) == 0
    said = os.read(ours, 65536).decode()
    os.close(ours)
    assert "3000/3000" in said
    assert exporting.out == "positions: 3000\n"


@pytest.mark.parametrize(("name", "begins"), [("x.csv", "platform,"), ("x.ndjson", "{"), ("x", "{")])
def test_the_name_of_the_file_tells_the_format(run: Run, tmp_path: Path, name: str, begins: str) -> None:
    assert run("export", "positions", "--output", str(tmp_path / name)).exit_code == 0
    assert (tmp_path / name).read_text().startswith(begins)
