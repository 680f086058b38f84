"""Services of a benchmark's own, with accounts to mark for."""

import hashlib

from benchmarks.far_end import account
from webhook_app.domain.account import Identity
from webhook_app.services import Services
from webhook_app.settings import read_settings
from webhook_app.storage.migrate import migrate


def services(database_url: str, **settings: str) -> Services:
    """Services over a database, migrated. X's windows are as good as endless unless the settings say."""
    migrate(database_url)
    env = {"SECRET_KEY": "secret-key-of-the-benchmarks", "TWITTER_MARK_READ_LIMIT": "1000000/900"}
    return Services(read_settings({**env, "DATABASE_URL": database_url, **settings}))


def add_account(here: Services, platform: str, name: str, secret: str, credentials: dict[str, str]) -> None:
    """Put an account into the store, as if it had been introduced."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    identity = Identity(name, name.partition(".")[0], "", None)
    here.store.accounts.add(identity, platform, digest, credentials, here.clock(), "benchmark")
    here.known.forget()


def introduce(here: Services, accounts: int) -> list[str]:
    """Add so many of the sandbox's accounts on X; returns their ids."""
    names = []
    for number in range(accounts):
        one = account(number)
        keys = {"access_token": one.access_token, "access_token_secret": one.access_token_secret}
        add_account(here, "twitter", one.user_id, one.access_token, keys)
        names.append(one.user_id)
    return names
