"""The sandbox in a process of its own: `python -m benchmarks.far_end PORT ACCOUNTS TEAMS CALLS SECONDS`."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from benchmarks.hosts import HERE
from tests.host.hosting import free_port
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.server import serve
from webhook_app.sandbox.slack_config import SlackConfig, many_workspaces

KEY, SECRET = "consumer-key", "consumer-secret"


def account(number: int) -> Account:
    """One of its accounts on X."""
    return Account(f"{7_000_000 + number}-token", f"secret-{number}")


@contextmanager
def far_end(accounts: int = 1, teams: int = 1, limit: tuple[int, int] = (10**6, 900)) -> Iterator["FarEnd"]:
    """Run it until the block ends."""
    port = free_port()
    words = [port, accounts, teams, *limit]
    command = [sys.executable, "-m", "benchmarks.far_end", *map(str, words)]
    process = subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.DEVNULL)
    there = FarEnd(f"http://127.0.0.1:{port}")
    try:
        there.wait()
        yield there
    finally:
        process.terminate()
        process.wait(20)


class FarEnd:
    """A running sandbox, from outside."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def settings(self) -> dict[str, str]:
        """The environment of a service whose platforms it is."""
        return {
            "TWITTER_CONSUMER_KEY": KEY,
            "TWITTER_CONSUMER_SECRET": SECRET,
            "TWITTER_API_URL": self.url,
            "SLACK_API_URL": f"{self.url}/api/",
        }

    def ask(self, path: str) -> Any:
        """What one of its reports says."""
        with urllib.request.urlopen(f"{self.url}/_sandbox/{path}", timeout=60) as answer:
            return orjson.loads(answer.read())

    def wait(self) -> None:
        """Return when it answers."""
        for _ in range(200):
            try:
                self.ask("marks")
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the sandbox did not answer")


def main() -> None:
    """Serve until SIGTERM."""
    port, accounts, teams, calls, seconds = map(int, sys.argv[1:])
    serve(
        SandboxConfig(
            KEY, SECRET, "bearer-token",
            tuple(account(number) for number in range(accounts)),
            port=port,
            mark_read_limit=(calls, seconds),
            slack=SlackConfig(many_workspaces(teams, 25), limit=calls, window_seconds=seconds),
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
