"""The accounts and tokens that callers name again and again, remembered for a few seconds."""

import hashlib
import hmac
import time
from collections.abc import Callable, Container, Iterable
from contextlib import suppress
from typing import Generic, Literal, NamedTuple, TypeVar

from webhook_app.domain.account import Account
from webhook_app.errors import ReadmarkError
from webhook_app.platforms import Platforms
from webhook_app.storage import Store
from webhook_app.storage.tokens import find_token

T = TypeVar("T")
#: How long something is believed that another process may have changed.
FRESH = 5.0  # seconds
#: Tokens remembered at once; strangers' guesses are among them.
MOST_TOKENS = 10_000


class Fresh(Generic[T]):
    """A value that is read again when it is older than `FRESH`."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._read_at = -FRESH
        self._value: T

    def get(self) -> T:
        """Return the value."""
        now, before = time.monotonic(), self._read_at
        if now >= before + FRESH:
            # Who comes meanwhile takes the old one, if there is one.
            self._read_at = now if hasattr(self, "_value") else before
            try:
                self._value = self._read()
                self._read_at = now
            except BaseException:
                self._read_at = before
                raise
        return self._value

    def forget(self) -> None:
        """Read it again the next time."""
        self._read_at = -FRESH


class Accounts(NamedTuple):
    """All accounts, by (platform, id) and by (platform, digest)."""

    by_id: dict[tuple[str, str], Account]
    by_digest: dict[tuple[str, str], Account]


class Known:
    """What platforms ask about their callers. Every method raises DatabaseUnavailable."""

    def __init__(
        self, store: Store, platforms: Platforms, clock: Callable[[], int], api_token: str | None
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._api_token = api_token
        self._accounts = Fresh(self._read_accounts)
        self._refusals = Fresh(lambda: store.outbox.refusals(clock()))
        self._tokens: dict[bytes, Fresh[tuple[str, str] | Literal[""] | None]] = {}
        self._credentials: dict[Account, dict[str, str]] = {}
        #: Called when an account is not found: it may be one that the environment configures.
        self.on_missing: Callable[[], object] = lambda: None

    def _read_accounts(self) -> Accounts:
        found = self._store.accounts.list()
        # An account that has not changed has given us nothing else.
        before = self._credentials
        self._credentials = {account: before[account] for account in found if account in before}
        return Accounts(
            {account.key: account for account in found},
            {(account.platform, account.digest): account for account in found if account.digest},
        )

    def accounts(self, platform: str) -> list[Account]:
        """The accounts of a platform."""
        return [account for account in self._accounts.get().by_id.values() if account.platform == platform]

    def all(self) -> Container[tuple[str, str]]:
        """(platform, id) of every account."""
        return self._accounts.get().by_id.keys()

    def by_id(self, platform: str, account: str) -> Account | None:
        """The account of that id."""
        known = self._accounts.get().by_id.get((platform, account))
        return known or self._look(lambda: self._store.accounts.find(platform, account))

    def by_digest(self, platform: str, digest: str) -> Account | None:
        """The account whose secret has this SHA-256, hexadecimal."""
        known = self._accounts.get().by_digest.get((platform, digest))
        return known or self._look(lambda: self._store.accounts.by_digest(platform, digest))

    def _look(self, find: Callable[[], Account | None]) -> Account | None:
        """Look for one that is not known: another process may just have added it."""
        self.on_missing()
        found = find()
        if found is not None:
            self._accounts.forget()
        return found

    def credentials(self, account: Account) -> dict[str, str]:
        """What the account has given us. Raises NotFound if it was taken back, or is not configured here."""
        given = self._credentials.get(account)
        if given is None:
            given = self.configured(account) or self._store.accounts.credentials(*account.key)
            self._credentials[account] = given
        return given

    def renewed(self, account: Account) -> bool:
        """Whether the account has given us other credentials since it was read; then all is read again."""
        found = self._store.accounts.find(*account.key)
        newer = found is not None and found.authorised_at > account.authorised_at
        if newer:
            self.forget()
        return newer

    def prepare(self, keys: Iterable[tuple[str, str]]) -> None:
        """Read at once what calls for these accounts are going to need."""
        # Whose cannot be read now are read by the call itself.
        with suppress(ReadmarkError):
            known, has = self._accounts.get().by_id, self._credentials
            lacking = {key: known[key] for key in keys if key in known and known[key] not in has}
            if len(lacking) > 1:
                for key, given in self._store.accounts.credentials_of(list(lacking)).items():
                    self._credentials[lacking[key]] = given

    def configured(self, account: Account) -> dict[str, str] | None:
        """The environment's credentials, if they are this account's: it may have become another's."""
        platform = self._platforms.named(account.platform)
        given = platform.configured() if account.configured else None
        return given if given and platform.digest(given) == account.digest else None

    def token(self, secret: str) -> tuple[str, str] | Literal[""] | None:
        """The account a token of ours may mark for: "" if for any, None if for none."""
        digest = hashlib.sha256(secret.encode("utf-8", "replace")).digest()
        if digest not in self._tokens:
            if len(self._tokens) >= MOST_TOKENS:
                self._tokens.clear()
            self._tokens[digest] = Fresh(lambda: self._read_token(secret))
        return self._tokens[digest].get()

    def _read_token(self, secret: str) -> tuple[str, str] | Literal[""] | None:
        configured = self._api_token or ""
        if configured and hmac.compare_digest(secret.encode("utf-8", "replace"), configured.encode()):
            return ""
        token = self._store.read(lambda connection: find_token(connection, secret=secret))
        if token is None or "mark" not in token.scopes:
            return None
        return token.account or ""

    def refusal(self, key: tuple[str, str, str], now: int) -> str | None:
        """The platform's word about a (platform, account, peer), while it is believed."""
        until, problem = self._refusals.get().get(key, (0, ""))
        return problem if until > now else None

    def forget(self) -> None:
        """Read everything again."""
        self._accounts.forget()
        self._refusals.forget()
        self._tokens.clear()
