"""The sandbox as a process, and as a guest in another one."""

import signal
import subprocess
import sys
import threading
from dataclasses import replace

import requests

from tests.sandbox.conftest import CONFIG
from tests.sandbox.consumer import PATIENCE, Consumer, eventually
from webhook_app.sandbox.server import Sandbox

_PROGRAM = """
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.server import serve

serve(SandboxConfig("key", "secret", "bearer", (Account("1-a", "s"),)))
"""


def test_the_process_says_its_address_answers_and_ends_on_sigterm() -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", _PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        answer = requests.get(
            url + "/2/webhooks", headers={"Authorization": "Bearer bearer"}, timeout=PATIENCE
        )
        assert answer.json()["data"] == []
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")


def test_it_registers_a_consumer_that_starts_later() -> None:
    with Consumer(CONFIG.consumer_secret) as earlier:
        pass
    said: list[str] = []
    with Sandbox(replace(CONFIG, webhook_url=earlier.url, reads_per_second=50.0), say=said.append) as sandbox:
        eventually(lambda: said)
        assert sandbox.world.state.webhooks == {}
        with earlier:
            eventually(lambda: earlier.deliveries)
        assert len(sandbox.world.state.webhooks) == 1
    assert "waiting for" in said[0]
    assert "registered" in said[1]


def test_it_says_why_a_consumer_cannot_be_registered() -> None:
    said: list[str] = []
    with Sandbox(replace(CONFIG, webhook_url="http://readmark.example/"), say=said.append):
        eventually(lambda: said)
    assert said[0].startswith("sandbox: cannot register http://readmark.example/: UrlValidationFailed: ")


def test_it_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    with Sandbox(CONFIG):
        assert len(threading.enumerate()) > len(before)
    assert set(threading.enumerate()) <= before
