"""Bring a database to the tables of today; one process at a time, and never backwards."""

import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from webhook_app.errors import SealedElsewhere
from webhook_app.storage import audit
from webhook_app.storage.accounts import reencrypt
from webhook_app.storage.database import open_engine, schema_version, translated
from webhook_app.storage.migrations import KNOWN
from webhook_app.storage.sealing import Sealing

#: The number under which migrating processes take turns.
TURN = 0x7265_6164
#: Who the audit log says it was.
WHO = "migrate"
REMEDY = "put that behind the first, or add or remove these accounts"


def _write_ahead(engine: Engine) -> None:
    """Make readers and the writer of a SQLite file independent; the file remembers it.

    Of several processes that do this at once all but one are told that the file is locked, without waiting.
    """
    with engine.connect().execution_options(by_hand=True, isolation_level="AUTOCOMMIT") as connection:
        for left in reversed(range(100)):
            try:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                return
            except OperationalError:
                if not left:
                    raise
                time.sleep(0.02)


def migrate(url: str, keys: tuple[str, ...] = ()) -> str:
    """Return what was done in one line. Raises DatabaseUnavailable.

    With the secret keys, stored credentials are sealed anew under the first. Raises SealedElsewhere once all
    is done but for those that none of the keys opens.
    """
    engine = open_engine(url)
    with translated():
        try:
            if engine.dialect.name == "sqlite":
                _write_ahead(engine)
            with engine.execution_options(writes=True).begin() as connection:
                if connection.dialect.name == "postgresql":
                    # Migrations may take longer than a request may.
                    connection.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"))
                    connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": TURN})
                said, closed = _bring_up(connection, keys)
        finally:
            engine.dispose()
    if closed:
        which = f"The credentials of {closed} {'account was' if closed == 1 else 'accounts were'} sealed"
        raise SealedElsewhere(f"{said} {which} under another SECRET_KEY: {REMEDY}.")
    return said


def _bring_up(connection: Connection, keys: tuple[str, ...]) -> tuple[str, int]:
    """What was done, and of how many accounts the credentials cannot be opened."""
    version = schema_version(connection)
    if version is not None and version not in KNOWN:
        return f"The schema ({version}) is of a newer release; nothing to do.", 0
    said = f"The schema is up to date ({version})."
    if version != KNOWN[-1]:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        said = f"The schema is now {KNOWN[-1]} (was {version or 'empty'})."
    renewed, closed = reencrypt(connection, Sealing(keys)) if keys else (0, 0)
    if renewed:
        audit.log(connection, WHO, "seal credentials anew", f"{renewed} accounts")
        said += f" The credentials of {renewed} accounts are sealed anew."
    return said, closed
