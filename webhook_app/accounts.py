"""Accounts, as far as they need both wings: introduced by a platform, kept in the store."""

import logging
import time
from collections.abc import Callable

from webhook_app.domain.account import Account
from webhook_app.domain.outbox import State
from webhook_app.errors import InvalidValue, NoAccount, ReadmarkError
from webhook_app.known import Known
from webhook_app.platforms import Platforms
from webhook_app.storage import Store

#: How long the removal of an account may wait for what can still be sent, and how often it looks.
LAST_CALLS, LOOK = 20.0, 0.1  # seconds
#: How long after a failed introduction of a configured account the next is tried.
INTRODUCE_AGAIN = 30_000  # milliseconds
log = logging.getLogger(__name__)


class Accounts:
    """On whose behalf marks are accepted and passed on."""

    def __init__(
        self,
        store: Store,
        platforms: Platforms,
        known: Known,
        clock: Callable[[], int],
        wake: Callable[[], object],
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._known = known
        self._clock = clock
        self._wake = wake
        #: Platform → when its configured account is to be introduced again; None once it has been.
        self._introduce_at: dict[str, int | None] = {}
        known.on_missing = self.keep

    def one(self, platform: str, account: str | None = None) -> Account:
        """The account of that id; without one, the only one. Raises NotFound, InvalidValue."""
        self._platforms.named(platform)
        if account is None:
            return self._only(platform)
        found = self._known.by_id(platform, account)
        if found is None:
            raise NoAccount(f"There is no account {account!r} of {platform}.")
        return found

    def _only(self, platform: str) -> Account:
        accounts = self._known.accounts(platform)
        if not accounts:
            # Another process may just have added it.
            self.keep()
            self._known.forget()
            accounts = self._known.accounts(platform)
        if len(accounts) == 1:
            return accounts[0]
        if not accounts:
            raise InvalidValue("account", "There is no account.")
        names = ", ".join(account.id for account in accounts[:5]) + (", …" if len(accounts) > 5 else "")
        raise InvalidValue("account", f"There are {len(accounts)} accounts ({names}); say which.")

    def add(self, platform: str, credentials: dict[str, str], who: str) -> Account:
        """Store credentials, encrypted, once the platform has said whose they are, as far as it is asked.

        Raises DeliveryError (the platform does not believe them), NotFound, and InvalidValue, also for an
        account that the environment would give its own credentials again.
        """
        identity = self._platforms.named(platform).introduce(credentials)
        self._refuse_configured(platform, identity.id)
        digest = self._platforms.named(platform).digest(credentials)
        self._store.accounts.add(identity, platform, digest, credentials, self._clock(), who)
        self._known.forget()
        return self.one(platform, identity.id)

    def _refuse_configured(self, platform: str, account: str) -> None:
        # The environment may have other credentials than those that the database knows it by.
        self._keep(platform)
        found = self._store.accounts.find(platform, account)
        if found is not None and self._known.configured(found):
            words = "put the new credentials there, or take its old ones out of the settings first."
            raise InvalidValue("account", f"The environment gives this account: {words}")

    def keep(self) -> None:
        """Introduce the accounts that the environment configures, once; what fails is tried again later."""
        for name in self._platforms:
            self._keep(name)

    def _keep(self, name: str) -> None:
        platform, now, at = self._platforms.named(name), self._clock(), self._introduce_at.get(name, 0)
        credentials = platform.configured()
        if credentials is None or at is None or now < at <= now + INTRODUCE_AGAIN:
            return
        self._introduce_at[name] = now + INTRODUCE_AGAIN
        try:
            identity = platform.introduce(credentials)
        except ReadmarkError as error:
            words = {"platform": name, "reason": str(error)}
            log.warning("the environment's account is not introduced", extra=words)
            return
        digest = platform.digest(credentials)
        self._store.accounts.add(identity, name, digest, None, now, "environment")
        self._introduce_at[name] = None
        self._known.forget()

    def pause(self, platform: str, account: str, reason: str, who: str) -> None:
        """Keep what is accepted from now on until the account is resumed. Raises NotFound."""
        self._store.accounts.set_state(platform, account, State.PAUSED, reason, self._clock(), who)
        self._known.forget()

    def resume(self, platform: str, account: str, who: str) -> None:
        """Send again, with the scopes that the credentials have by now.

        Raises NotFound, InvalidValue (its credentials were erased).
        """
        self._store.accounts.set_state(platform, account, State.ACTIVE, "", self._clock(), who)
        self._known.forget()
        try:
            credentials = self._known.credentials(self.one(platform, account))
            identity = self._platforms.named(platform).introduce(credentials)
            self._store.accounts.rename(platform, identity)
        except ReadmarkError as error:
            # It is resumed all the same; its next call will tell.
            log.info("account not introduced", extra={"platform": platform, "reason": str(error)})
        self._known.forget()
        self._wake()

    def remove(self, platform: str, account: str, at_once: bool, who: str) -> int:
        """Forget an account's credentials, after what waits has been sent as far as 20 s allow.

        `at_once` drops what waits, as does an account that cannot send. Returns how many marks were dropped.
        Raises NotFound, and InvalidValue for an account that the environment would only bring back.
        """
        found = self.one(platform, account)
        if self._known.configured(found):
            words = "The environment gives this account: take its token out of the settings, or pause it."
            raise InvalidValue("account", words)
        if found.state is State.ACTIVE and not at_once:
            self._send_the_last(found)
        dropped = self._store.accounts.remove(*found.key, self._clock(), who)
        self._known.forget()
        return dropped

    def _send_the_last(self, account: Account) -> None:
        self._store.outbox.hasten(self._clock(), account.key)
        self._wake()
        deadline = time.monotonic() + LAST_CALLS
        while time.monotonic() < deadline and self._store.outbox.waiting(*account.key, 1):
            time.sleep(LOOK)
