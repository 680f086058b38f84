"""The processes that commands become or start."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

#: Where `webhook_app` and `schemas` are imported from.
ROOT = Path(__file__).resolve().parents[2]
#: A little more than the host's settings give requests to finish.
PATIENCE = 30  # seconds


def gunicorn(*options: str) -> list[str]:
    """The words that start the service, as in the Procfile."""
    words = [sys.executable, "-m", "gunicorn", "-c", "python:webhook_app.gunicorn_conf"]
    return [*words, *options, "webhook_app:create_app()"]


def readmark(*words: str) -> list[str]:
    """The words that start a command of ours."""
    return [sys.executable, "-m", "webhook_app", *words]


def importable(env: Mapping[str, str]) -> dict[str, str]:
    """The environment in which a child finds our packages, wherever it runs and whether installed or not."""
    if Path(sysconfig.get_path("purelib")).resolve() == ROOT:
        return dict(env)
    paths = [str(ROOT), *filter(None, [env.get("PYTHONPATH")])]
    return {**env, "PYTHONPATH": os.pathsep.join(paths)}


class Children:
    """Processes that live and end together; ended in the reverse order of their start."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        self._env = importable(env)
        self._folder = folder
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Children":
        """Nothing runs yet."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """End all."""
        for child in reversed(self._children.values()):
            child.terminate()
            try:
                child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def start(self, name: str, words: list[str]) -> None:
        """Start a process under a name.

        In a group of its own: Ctrl-C reaches only us, who end them in order.
        """
        self._children[name] = subprocess.Popen(words, env=self._env, cwd=self._folder, process_group=0)

    def ended(self) -> str | None:
        """A sentence about a child that has ended by itself, if one has."""
        for name, child in self._children.items():
            if child.poll() is not None:
                return f"The {name} has ended by itself (status {child.returncode})."
        return None
