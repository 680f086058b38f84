"""Starts an application under gunicorn as it is deployed, and loads it with wrk."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bodies import SECRET
from tests.host.hosting import free_port

HERE = Path(__file__).parent
CONNECTIONS = 32
API_TOKEN = "api-token-of-the-benchmarks"


@dataclass(frozen=True)
class Load:
    """What wrk saw."""

    requests: int
    seconds: float
    bad: int
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Requests answered well, a second."""
        return (self.requests - self.bad) / self.seconds


@dataclass(frozen=True)
class Host:
    """A gunicorn with an application."""

    url: str
    pid: int

    def load(self, requests: Path, seconds: float, path: str = "/webhooks/twitter") -> Load:
        """Deliver for so long over 32 kept connections."""
        return self._load("deliver.lua", seconds, [path], {"REQUESTS": str(requests)})

    def mark(self, path: str, first: int, seconds: float) -> Load:
        """Mark channels as read for so long, messages of that second and later."""
        return self._load("mark.lua", seconds, [path, str(first)], {})

    def _load(self, script: str, seconds: float, words: list[str], env: dict[str, str]) -> Load:
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "-s", str(HERE / script)]
        command += [self.url, "--", *words]
        out = subprocess.run(
            command, env={**os.environ, "HERE": str(HERE), **env}, check=True, capture_output=True, text=True
        )
        return Load(**json.loads(out.stdout.splitlines()[-1]))

    def get(self, path: str) -> Any:
        """The JSON of a GET with the API's token."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {API_TOKEN}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def workers(self) -> list[int]:
        """The process ids of the workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in children.split()]


def need_wrk() -> None:
    """Say what is missing."""
    if not shutil.which("wrk"):
        sys.exit("The benchmarks need wrk (for instance: apt-get install wrk).")


@contextmanager
def host(app: str, database_url: str, workers: int = 2, **more: str) -> Iterator[Host]:
    """Serve `module:callable` until the block ends; `more` are further settings."""
    port = free_port()
    env = {
        **os.environ,
        "DATABASE_URL": database_url,
        "SECRET_KEY": "secret-key-of-the-benchmarks",
        "API_TOKEN": API_TOKEN,
        "TWITTER_CONSUMER_SECRET": SECRET,
        "WEB_CONCURRENCY": str(workers),
        **more,
    }
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:webhook_app.gunicorn_conf",
             "-b", f"127.0.0.1:{port}", app],
            env=env, cwd=HERE.parent, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            _wait(f"http://127.0.0.1:{port}/webhooks/twitter", process)
            yield Host(f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()
            process.wait(40)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None:
                raise RuntimeError("gunicorn did not start") from None
            time.sleep(0.05)
    raise RuntimeError("gunicorn did not answer")
