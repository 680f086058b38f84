"""What the documents tell their readers to type is typed here, or it is said why not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import click
import pytest
import requests
from oauthlib.oauth1 import Client

from tests.conftest import API_TOKEN, CONSUMER_SECRET
from tests.databases import migrated
from tests.docs.documents import Block, blocks, commands, ours, words
from tests.host.hosting import LONGEST, ROOT, until
from tests.platforms.payloads import READS, activity, encode, read_event, signed
from tests.scenarios.service import Service, serving
from webhook_app.cli import main
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.server import Sandbox

#: What is not run, by how it begins, and why.
NOT_HERE = {
    ("make",): "installs from package registries; it is how these tests are run themselves",
    ("git",): "needs a repository elsewhere",
    ("heroku",): "needs an account with Heroku",
    ("systemctl",): "needs systemd, and a unit of the machine",
    ("curl", "-N"): "a stream has no end; tests/clients follows it",
    ("readmark", "serve"): "runs until it is stopped; tests/cli/test_run.py",
    ("readmark", "accounts", "add"): "asks for secrets; tests/cli/test_accounts.py types them",
    ("readmark", "accounts", "connect"): "asks for a PIN; tests/cli types it",
    ("readmark", "doctor"): "says what is wrong with this machine; tests/cli has services that are well",
    ("python", "-c"): "a backup; tests/docs/test_backup.py",
    ("cp",): "a backup; tests/docs/test_backup.py",
    ("rm",): "a backup; tests/docs/test_backup.py",
    ("pg_dump",): "a backup; tests/docs/test_backup.py",
    ("pg_restore",): "a backup; tests/docs/test_backup.py",
}
#: Documents whose blocks other tests run.
ELSEWHERE = {"docs/clients.md": "tests/clients"}
BLOCKS = [one for one in blocks() if one.document not in ELSEWHERE]
BOT = Account("1245855954975051776-bot", "bot-secret")
CONSUMER = ("consumer-key", CONSUMER_SECRET)


def reason(command: str) -> tuple[str, ...] | None:
    """The row of the table that says why this is not run."""
    began = words(command) or []
    return next((row for row in NOT_HERE if began[: len(row)] == list(row)), None)


def scripts() -> Iterator[tuple[Block, str]]:
    """Of each block what is run; what has been run for an earlier one is not run again."""
    known: set[str] = set()
    for one in BLOCKS:
        new = [text for text in commands(one.code) if not reason(text) and text.strip() not in known]
        known.update(text.strip() for text in new)
        if new:
            yield one, "".join(new)


class Reader(NamedTuple):
    """Somebody who follows the documents: with a service, and a sandbox in place of the platforms."""

    environ: dict[str, str]
    #: What stands in the documents, and what it is here.
    here: dict[str, str]

    def types(self, code: str, folder: Path) -> None:
        """Type this; nothing may fail, no answer may be a refusal."""
        for there, here in self.here.items():
            code = code.replace(there, here)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", code],
            cwd=folder, env=self.environ, capture_output=True, text=True, timeout=4 * LONGEST,
        )  # fmt: skip
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A reader at a shell where everything is installed."""
    folder = tmp_path_factory.mktemp("documents")
    with ExitStack() as stack:
        config = SandboxConfig(*CONSUMER, "bearer", (BOT,), webhook_limit=5)
        sandbox = stack.enter_context(Sandbox(config, say=lambda _: None))
        settings = {
            "DATABASE_URL": migrated(f"sqlite:///{folder}/readmark.db"),
            "API_TOKEN": API_TOKEN,
            "TWITTER_CONSUMER_KEY": CONSUMER[0],
            "TWITTER_CONSUMER_SECRET": CONSUMER[1],
            "TWITTER_BEARER_TOKEN": "bearer",
            "TWITTER_ACCESS_TOKEN": BOT.access_token,
            "TWITTER_ACCESS_TOKEN_SECRET": BOT.access_token_secret,
            "TWITTER_API_URL": sandbox.url,
            "SLACK_TOKEN": "xoxb-sandbox-bot",
            "SLACK_API_URL": f"{sandbox.url}/api/",
            "COALESCE_SECONDS": "0.1",
        }
        service = stack.enter_context(serving(folder, WEB_CONCURRENCY="1", **settings))
        url = f"http://127.0.0.1:{service.port}"
        # A second webhook, and away with it: most commands are about the only one.
        another = f"{url}/webhooks/twitter/ | cut -d ' ' -f 1 | xargs readmark webhook delete --yes"
        webhook = registered(sandbox, f"{url}/webhooks/twitter")
        receive(service)
        path = os.pathsep.join([str(installed(folder)), str(Path(sys.executable).parent), os.environ["PATH"]])
        yield Reader(
            {"PATH": path, "PYTHONPATH": str(ROOT), **settings},
            {
                "register https://your.host/webhooks/twitter": f"register {another}",
                "register http://127.0.0.1:8000/webhooks/twitter": f"register {another}",
                "https://your.host": url,
                "2244994945": BOT.user_id,
                "http://127.0.0.1:8100": sandbox.url,
                "rm_…": API_TOKEN,
                "replay ID": f"replay {webhook}",
                "2026-11-21T02:00Z": hours_ago(4),
                "2026-11-21T07:30Z": hours_ago(1),
                "1146654567674912769": webhook,
                "T012345678.U012345678": "T0SANDBOX.U0BOT",
                "C012345678": "C0GENERAL",
            },
        )


def hours_ago(hours: int) -> str:
    """A time that X still replays, to the minute."""
    return f"{datetime.now(UTC) - timedelta(hours=hours):%Y-%m-%dT%H:%MZ}"


def installed(folder: Path) -> Path:
    """A folder with the command, and with a curl that takes a refusal for a failure."""
    programs = folder / "bin"
    programs.mkdir()
    for name, line in (
        ("readmark", 'python -m webhook_app "$@"'),
        ("curl", 'env PATH="${PATH#*:}" curl -sS --fail-with-body "$@"'),
    ):
        (programs / name).write_text(f"#!/bin/sh\nexec {line}\n")
        (programs / name).chmod(0o755)
    return programs


def registered(sandbox: Sandbox, url: str) -> str:
    """The id of a webhook of the service, to which the bot's events are delivered."""
    told = requests.post(
        f"{sandbox.url}/2/webhooks", json={"url": url}, headers={"Authorization": "Bearer bearer"}, timeout=60
    ).json()
    webhook = str(told["data"]["id"])
    client = Client(*CONSUMER, BOT.access_token, BOT.access_token_secret)
    address = f"{sandbox.url}/2/account_activity/webhooks/{webhook}/subscriptions/all"
    uri, headers, _ = client.sign(address, "POST")
    assert requests.post(uri, headers=headers, timeout=60).status_code == 200
    return webhook


def receive(service: Service) -> None:
    """Somebody reads, and it is counted."""
    url = f"http://127.0.0.1:{service.port}"
    body = encode({"data": activity("dm.read", {READS: [read_event()]})})
    headers = signed(body, CONSUMER_SECRET)
    assert requests.post(f"{url}/webhooks/twitter", data=body, headers=headers, timeout=30).status_code == 200
    token = {"Authorization": f"Bearer {API_TOKEN}"}
    until(lambda: 'type="dm.read"' in requests.get(f"{url}/metrics", headers=token, timeout=30).text)


@pytest.mark.parametrize(
    "script", [pytest.param(script, id=f"{one.document}:{one.line}") for one, script in scripts()]
)
def test_what_is_written_works(reader: Reader, script: str, tmp_path: Path) -> None:
    reader.types(script, tmp_path)


def test_what_is_not_run_has_its_reason_and_no_reason_is_left_over() -> None:
    used = {reason(command) for one in BLOCKS for command in commands(one.code)} - {None}
    assert used == set(NOT_HERE)
    assert all((ROOT / document).exists() for document in ELSEWHERE)


@pytest.mark.parametrize("document", sorted({document for document, _ in ours()}))
def test_every_command_named_is_there_with_its_options(document: str) -> None:
    named = [written for where, written in ours() if where == document]
    assert [" ".join(written) for written in named if not exists(main, written)] == []


def exists(command: click.Command, given: list[str]) -> bool:
    """Whether the words lead to a command, whose options the rest are; `a|b` are two commands."""
    if isinstance(command, click.Group) and given and not given[0].startswith("-"):
        names = given[0].split("|")
        return all(name in command.commands and exists(command.commands[name], given[1:]) for name in names)
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return {word.partition("=")[0] for word in given if word.startswith("-") and word != "-"} <= known
