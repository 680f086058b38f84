"""The help is documentation: every command and every option is explained."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.cli.conftest import Run
from tests.host.hosting import ROOT
from webhook_app.cli import main


def _all(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from _all(child, (*path, name))


EVERY = [pytest.param(path, command, id=" ".join(path) or "readmark") for path, command in _all(main)]


@pytest.mark.parametrize(("path", "command"), EVERY)
def test_it_explains_every_command(run_bare: Run, path: tuple[str, ...], command: click.Command) -> None:
    result = run_bare(*path, "--help")
    assert result.exit_code == 0
    first = (command.help or "").splitlines()[0]
    assert first.endswith(".")
    if path:
        # As wide as click makes it in a window of 80 columns.
        listing = CliRunner().invoke(main, [*path[:-1], "--help"], terminal_width=78).output
        assert any(line.split(maxsplit=1) == [path[-1], first] for line in listing.splitlines())


@pytest.mark.parametrize(("path", "command"), EVERY)
def test_it_explains_every_option(path: tuple[str, ...], command: click.Command) -> None:
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_it_has_the_commands_of_this_release() -> None:
    assert {" ".join(path) for path, command in _all(main) if not isinstance(command, click.Group)} == {
        "serve", "worker", "migrate", "demo", "sandbox", "forget", "positions set", "mark", "export",
        "doctor",
        "accounts add", "accounts connect", "accounts list", "accounts pause", "accounts resume",
        "accounts remove",
        "webhook register", "webhook list", "webhook validate", "webhook delete", "webhook subscribe",
        "webhook unsubscribe", "webhook subscriptions", "webhook replay", "webhook job", "webhook status",
        "tokens create", "tokens list", "tokens revoke",
        "quarantine list", "quarantine show", "quarantine retry", "quarantine discard",
    }  # fmt: skip


@pytest.mark.parametrize("word", ["doctor", "--help", "--version"])
def test_output_that_cannot_be_written_is_a_sentence(word: str) -> None:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    with Path("/dev/full").open("w") as full:
        words = [sys.executable, "-m", "webhook_app", word]
        done = subprocess.run(words, env=env, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.stderr == "Error: standard output cannot be written: No space left on device.\n"
    assert done.returncode == 1


def test_it_says_its_version(run_bare: Run) -> None:
    assert run_bare("--version").output == "readmark 0.1.0\n"


@pytest.mark.parametrize(
    "words",
    [("nonsense",), ("tokens", "create", "--name", "n"), ("quarantine", "retry"), ("positions", "set", "x")],
)
def test_wrong_usage_is_status_2(run_bare: Run, words: tuple[str, ...]) -> None:
    result = run_bare(*words, DATABASE_URL="sqlite:///none.db")
    assert result.exit_code == 2
    assert "Usage:" in result.stderr
