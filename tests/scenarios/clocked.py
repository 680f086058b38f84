"""The service by a clock that a test moves: a file that holds milliseconds since 1970."""

import os
from pathlib import Path

from flask import Flask

from webhook_app.web.app import create_app


class FileClock:
    """The same clock in several processes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> int:
        return int(self._path.read_text())

    def put(self, now: int) -> None:
        """Put it; nobody reads half of it."""
        new = self._path.with_suffix(".new")
        new.write_text(str(now))
        new.replace(self._path)

    def advance(self, minutes: float) -> None:
        """Let time pass."""
        self.put(self() + int(minutes * 60_000))


def create() -> Flask:
    """The application, for gunicorn; the file's path is in the environment."""
    return create_app(clock=FileClock(Path(os.environ["CLOCK"])))
