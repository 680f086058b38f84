"""A service with secrets that can be recognised, and all that it says while everything is tried on it."""

import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from click.testing import CliRunner
from sqlalchemy import make_url

from tests.conftest import CONSUMER_SECRET
from tests.scenarios.canaries import Canaries
from tests.scenarios.service import Service
from webhook_app.cli import main
from webhook_app.sandbox.config import Account, SandboxConfig
from webhook_app.sandbox.slack_config import SlackChannel, SlackConfig, SlackToken, SlackWorkspace

#: The account of the environment, one that is stored, and one that is stored and X does not know.
BOT, STORED, STRANGER = "2244994945", "42", "43"
#: What an access token and Slack's may be made of.
PLAIN = "-"
NONE: Mapping[str, str] = {}


class Secrets:
    """Every secret setting, and credentials to be stored; the consumer secret is the tests' common one."""

    def __init__(self) -> None:
        self.canaries = canaries = Canaries()
        canaries.add("TWITTER_CONSUMER_SECRET", CONSUMER_SECRET)
        self.consumer_key = canaries.make("TWITTER_CONSUMER_KEY", dress=PLAIN)
        self.previous = canaries.make("TWITTER_CONSUMER_SECRETS_PREVIOUS")
        self.secret_key = canaries.make("SECRET_KEY")
        self.old_secret_key = canaries.make("the old SECRET_KEY")
        self.api_token = canaries.make("API_TOKEN")
        self.bearer = canaries.make("TWITTER_BEARER_TOKEN", dress=PLAIN)
        self.password = canaries.make("the database's password")
        self.slack = canaries.make("SLACK_TOKEN", "xoxb-", PLAIN)
        self.stored_slack = canaries.make("a stored Slack token", "xoxp-", PLAIN)
        self.accounts = [self._account(user) for user in (BOT, STORED, STRANGER)]

    def _account(self, user: str) -> Account:
        make = self.canaries.make
        token = make(f"the access token of {user}", f"{user}-", PLAIN)
        return Account(token, make(f"the access token secret of {user}", dress=PLAIN))

    def sandbox(self) -> SandboxConfig:
        """Both platforms, which know all of them but the stranger."""
        tokens = (SlackToken(self.slack, "U0BOT"), SlackToken(self.stored_slack, "U0ALICE", "user"))
        workspace = SlackWorkspace("T0SANDBOX", tokens, (SlackChannel("C0GENERAL"),))
        return SandboxConfig(
            self.consumer_key, CONSUMER_SECRET, self.bearer, tuple(self.accounts[:2]),
            reads_per_second=0, slack=SlackConfig((workspace,)),
        )  # fmt: skip

    def environ(self, database: str, sandbox: str) -> dict[str, str]:
        """The settings of a service before that sandbox."""
        url = make_url(database)
        if url.get_backend_name() != "sqlite":
            url = url.set(password=self.password)
        return {
            "DATABASE_URL": url.render_as_string(hide_password=False),
            "SECRET_KEY": f"{self.secret_key},{self.old_secret_key}",
            "API_TOKEN": self.api_token,
            "TWITTER_CONSUMER_KEY": self.consumer_key,
            "TWITTER_CONSUMER_SECRET": CONSUMER_SECRET,
            "TWITTER_CONSUMER_SECRETS_PREVIOUS": self.previous,
            "TWITTER_ACCESS_TOKEN": self.accounts[0].access_token,
            "TWITTER_ACCESS_TOKEN_SECRET": self.accounts[0].access_token_secret,
            "TWITTER_BEARER_TOKEN": self.bearer,
            "SLACK_TOKEN": self.slack,
            "TWITTER_API_URL": sandbox,
            "SLACK_API_URL": f"{sandbox}/api/",
            "COALESCE_SECONDS": "0.2",
            "TRUSTED_PROXIES": "1",
            "WEB_CONCURRENCY": "1",
        }


def credentials(account: Account) -> dict[str, str]:
    """What an account on X gives us."""
    return {"access_token": account.access_token, "access_token_secret": account.access_token_secret}


def signature(secret: str, body: bytes) -> dict[str, str]:
    """The header by which X proves that a delivery is its own."""
    mac = b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
    return {"X-Twitter-Webhooks-Signature": f"sha256={mac}"}


@dataclass
class Exposure:
    """Everything that has come out of the service, by where it came from."""

    service: Service
    env: dict[str, str]
    said: list[tuple[str, bytes]] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    def call(self, method: str, path: str, *, keep: bool = True, **sent: Any) -> requests.Response:
        """Send a request and note its answer whole, with its headers."""
        url = f"http://127.0.0.1:{self.service.port}{path}"
        answer = requests.request(method, url, timeout=30, allow_redirects=False, **sent)
        self.statuses.add(answer.status_code)
        if keep:
            head = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
            self.said.append((f"{method} {path[:40]}", head.encode() + b"\n\n" + answer.content))
        return answer

    def run(
        self, *words: str, typed: str | None = None, keep: bool = True, changes: Mapping[str, str] = NONE
    ) -> str:
        """Run a command, note what it prints, and return that."""
        result = CliRunner().invoke(main, words, input=typed, env={**self.env, **changes})
        printed = result.stdout + result.stderr
        if keep:
            self.said.append((f"readmark {' '.join(words)[:40]}", printed.encode()))
        return printed

    def look_around(self, dump: str, files: Iterable[Path]) -> None:
        """Note what the service has left behind: its log, its rows, its files, and its processes' words."""
        self.said.append(("log", "\n".join(self.service.log).encode()))
        self.said.append(("rows", dump.encode()))
        self.said += [(file.name, file.read_bytes()) for file in files]
        for pid in (self.service.process.pid, *(worker.pid for worker in self.service.workers)):
            with suppress(FileNotFoundError):
                self.said.append(("command line", Path(f"/proc/{pid}/cmdline").read_bytes()))
