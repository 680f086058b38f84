"""The secret keys: from the settings, or for SQLite from a file beside the database, made once."""

import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import make_url

from webhook_app.errors import DatabaseUnavailable

#: Characters of a key that we have made; less is a file that was emptied or cut.
SHORTEST = 32
#: What was written under a key: credentials, and the digests of the forgotten.
KEYED = (
    "SELECT 1 FROM accounts WHERE credentials IS NOT NULL LIMIT 1",
    "SELECT 1 FROM forgotten LIMIT 1",
)


def database_file(database_url: str) -> Path:
    """Where a SQLite database lies."""
    return Path(make_url(database_url).database or "")


def key_file(database_url: str) -> Path:
    """Where the key of a SQLite database lies."""
    return Path(f"{database_file(database_url)}.secret-key")


def secret_keys(database_url: str, configured: tuple[str, ...]) -> tuple[str, ...]:
    """The keys to use, the first for writing. Raises DatabaseUnavailable if the file cannot be made."""
    if configured:
        return configured
    path = key_file(database_url)
    try:
        return (_read_or_make(path),)
    except OSError as exc:
        raise DatabaseUnavailable(f"The secret key's file cannot be used: {exc}") from exc


def key_is_lost(database_url: str) -> bool:
    """Whether there is no file with the key, and the database holds what only that key opens or finds."""
    file = database_file(database_url)
    if key_file(database_url).exists() or not file.is_file():
        return False
    try:
        with closing(sqlite3.connect(file)) as connection:
            return any(connection.execute(query).fetchone() for query in KEYED)
    except sqlite3.Error:
        return False  # without these tables, or none that can be read: it is for others to say so


def _read_or_make(path: Path) -> str:
    if not path.exists():
        # Written aside and linked into place: of two processes that start at once one wins, and nobody
        # ever reads half a key.
        aside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    key = path.read_text().strip()
    if len(key) < SHORTEST:
        raise OSError(f"{path.name} holds no key of {SHORTEST} characters")
    return key


def derive(key: str, purpose: str) -> bytes:
    """Return 32 bytes of a key for one purpose."""
    return HKDF(SHA256(), length=32, salt=None, info=purpose.encode()).derive(key.encode())
