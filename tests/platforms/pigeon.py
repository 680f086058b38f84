"""A third platform, to prove that one is this module, `tests/schemas/pigeon.py` and a line in a registry.

Pigeons carry `{"loft": …, "upto": …}` with a secret in a header; cursors are milliseconds.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NoReturn

import urllib3
from marshmallow import ValidationError

from tests.schemas.pigeon import SEEN
from webhook_app.domain.account import Account, Identity
from webhook_app.domain.finding import Finding, Patient, ok
from webhook_app.domain.inbound import Inbound
from webhook_app.domain.outbox import Coalescing, Policy, State, Verdict
from webhook_app.domain.rate import RateLimit, Word
from webhook_app.domain.timing import SentAt
from webhook_app.errors import CallRefused, DeliveryError, InvalidValue, NotFound
from webhook_app.platforms.management import Management
from webhook_app.platforms.native import FUTURE, Call, Known, Reply, Request, Window, check_names
from webhook_app.settings import Settings


class Pigeon:
    """A pigeon's words."""

    name = "pigeon"
    credential_names: tuple[str, ...] = ("secret",)
    paths: tuple[str, ...] = ("/pigeon/",)
    tells_window = False
    sent_at = SentAt(unit=1, epoch=0)

    def __init__(self, settings: Settings, url: str = "http://127.0.0.1:9") -> None:
        self.policy = Policy("seen", RateLimit(10, 1000), Coalescing(5000, first_at_once=True))
        self._url = url
        self._connections = urllib3.PoolManager()

    def challenge(self, params: list[tuple[str, str]]) -> NoReturn:
        """Nothing comes in."""
        raise NotFound

    def expect(self, headers: Mapping[str, str]) -> NoReturn:
        """Nothing comes in."""
        raise NotFound

    def receive(self, headers: Mapping[str, str], body: bytes, now: int) -> Inbound:
        """Nothing comes in."""
        raise NotFound

    def read(self, body: bytes, now: int) -> Inbound:
        """Nothing comes in."""
        raise NotFound

    def reader(self, text: str) -> str:
        """A loft."""
        return self._checked("id", {"loft": text, "upto": "0"})[0]

    def peer(self, text: str) -> str:
        """A loft."""
        return self._checked("peer", {"loft": text, "upto": "0"})[0]

    def cursor(self, text: str) -> int:
        """Milliseconds."""
        return self._checked("cursor", {"loft": "a", "upto": text})[1]

    def _checked(self, field: str, said: Mapping[str, str]) -> tuple[str, int]:
        try:
            seen = SEEN.load(said)
        except ValidationError as exc:
            raise InvalidValue(field, "A pigeon cannot carry this.") from exc
        return seen["loft"], int(seen["upto"])

    def show(self, cursor: int) -> str:
        """Milliseconds."""
        return str(cursor)

    def moment(self, cursor: int) -> int:
        """Milliseconds."""
        return cursor

    def configured(self) -> None:
        """The environment knows no pigeons."""

    def digest(self, credentials: Mapping[str, str]) -> str:
        """Of the secret."""
        return hashlib.sha256(credentials["secret"].encode()).hexdigest()

    def introduce(self, credentials: Mapping[str, str]) -> Identity:
        """A secret is a loft's name and something after it."""
        check_names(credentials, self.credential_names)
        loft = self.reader(credentials["secret"].partition("-")[0])
        return Identity(loft, loft, "", None)

    def deliver(self, account: str, credentials: Mapping[str, str], peer: str, cursor: int) -> Word:
        """Send a pigeon."""
        try:
            answer = self._connections.request(
                "POST",
                f"{self._url}/seen",
                json={"loft": peer, "upto": str(cursor)},
                retries=False,
                timeout=60,
            )
        except urllib3.exceptions.HTTPError as error:
            raise DeliveryError(Verdict.RETRY, "lost") from error
        if answer.status != 200:
            raise DeliveryError(Verdict.RETRY, f"HTTP {answer.status}")
        return Word()

    def open(self, request: Request) -> Call:
        """Read what a pigeon carries."""
        if request.path != "/pigeon/seen":
            raise CallRefused("no_such_perch")
        if not request.whole:
            raise CallRefused("torn")
        return Call(request, "seen", dict(json.loads(request.body)))

    def identify(self, call: Call, known: Known, now: int) -> Account:
        """By the secret in the header."""
        secret = call.request.headers.get("Secret", "")
        account = known.by_digest(self.name, self.digest({"secret": secret}))
        if account is None:
            raise CallRefused("stranger")
        if account.state not in (State.ACTIVE, State.PAUSED) or account.refused_until > now:
            raise CallRefused(account.reason or "stopped")
        return account

    def want(self, call: Call, account: Account, now: int) -> tuple[str, int]:
        """The loft, and up to when."""
        try:
            loft, upto = self._checked("", call.arguments)
        except InvalidValue as error:
            raise CallRefused("illegible") from error
        if upto > now + FUTURE:
            raise CallRefused("illegible")
        return loft, upto

    def answer(
        self, call: Call | None, account: Account | None, problem: Exception | None, window: Window
    ) -> Reply:
        """Coo, or the problem."""
        said = "coo" if problem is None else getattr(problem, "code", type(problem).__name__)
        return Reply(200 if problem is None else 400, [], json.dumps({"said": said}).encode())

    def management(self) -> Management | None:
        """Pigeons come unasked."""
        return None

    def examine(
        self, patients: Sequence[Patient], addresses: Sequence[str], clock: Callable[[], int]
    ) -> Iterable[Finding]:
        """They are seen to be well."""
        return [ok(f"pigeon/{patient.id}", "has its feathers") for patient in patients]
