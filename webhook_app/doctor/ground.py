"""What everything stands on: the key's file, the disk, the database and its clock."""

import secrets
import shutil
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from uuid import uuid4

from webhook_app.domain.finding import Finding, doubt, ok, wrong
from webhook_app.errors import DatabaseUnavailable, ReadmarkError, SchemaOutdated, words_of
from webhook_app.services import Services
from webhook_app.settings import Settings
from webhook_app.storage.secret_key import database_file, key_file, secret_keys

#: A disk with less is as good as full: SQLite's journal alone may take some of it.
FULL, NEARLY_FULL = 64 << 20, 1 << 30  # bytes
#: Deliveries have seconds, and there are many; who commits more slowly than this does not keep up.
SLOW = 500  # milliseconds
LEASE = 1000  # milliseconds


def prepare(settings: Settings) -> Generator[Finding, None, Settings | None]:
    """Findings about a database's files; returns the settings by which to open it, None if there is none.

    Makes no file: neither a database nor a key.
    """
    if not settings.sqlite:
        return settings
    file = database_file(settings.database_url)
    if not file.is_file():
        yield wrong("database", f"there is no file {file}", "run readmark migrate, or start readmark serve")
        return None
    yield examine_disk(shutil.disk_usage(file.parent).free)
    if settings.secret_keys:
        return settings
    return (yield from _examine_key(settings))


def examine_disk(free: int) -> Finding:
    """Whether so many bytes will do."""
    words = f"{free >> 20:,} MiB are free beside the database"
    if free >= NEARLY_FULL:
        return ok("disk", words)
    judge = doubt if free >= FULL else wrong
    return judge("disk", words, "make room; without it nothing is accepted any more")


def _examine_key(settings: Settings) -> Generator[Finding, None, Settings]:
    """Without its file there is a key for the moment: the rest can be read all the same."""
    file = key_file(settings.database_url)
    try:
        if file.exists():
            secret_keys(settings.database_url, ())
            return settings
        words = f"there is no file {file}"
    except DatabaseUnavailable as error:
        words = str(error)
    yield wrong("secret key", words, "put it back from a backup, or add all accounts again")
    return replace(settings, secret_keys=(secrets.token_hex(32),))


def examine_store(services: Services) -> Generator[Finding, None, bool]:
    """Whether the database answers, is up to date and takes what is written; returns if it can be read."""
    kind = "SQLite" if services.settings.sqlite else "Postgres"
    try:
        read = _timed(services.store.check)
    except SchemaOutdated as error:
        yield wrong("database", f"{kind}: {error}")
        return False
    except ReadmarkError as error:
        yield wrong("database", f"{kind}: {words_of(error)}", "start it, or correct DATABASE_URL")
        return False
    try:
        written = _timed(lambda: _write(services))
    except ReadmarkError as error:
        yield wrong(
            "database",
            f"{kind}: it cannot be written: {words_of(error)}",
            "look for a full disk, a lock, rights",
        )
        return True
    words = f"{kind}: read in {read} ms, written in {written} ms"
    if written < SLOW:
        yield ok("database", words)
    else:
        yield doubt(
            "database", f"{words}, which is slow", "look for a busy disk, or another's long transaction"
        )
    return True


def _write(services: Services) -> None:
    """Take a lease that only doctors ask for, and give it back."""
    holder = uuid4().hex
    services.store.take_lease("doctor", holder, LEASE)
    services.store.give_lease("doctor", holder)


def _timed(work: Callable[[], object]) -> int:
    """Do it, and return the milliseconds it took."""
    began = time.monotonic()
    work()
    return round(1000 * (time.monotonic() - began))
