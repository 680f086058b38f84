"""Opens what a command works with, and closes it again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from webhook_app.environment import environment
from webhook_app.errors import DatabaseUnavailable, InvalidValue
from webhook_app.services import Services
from webhook_app.settings import Settings, read_settings
from webhook_app.storage.secret_key import database_file, key_file, key_is_lost

T = TypeVar("T")
#: Who the audit log says it was.
WHO = "command line"


@contextmanager
def open_services(*, new: bool = False) -> Iterator[Services]:
    """The services of the environment. Raises SettingsError.

    Unless `new`, raises DatabaseUnavailable where there is no SQLite file, rather than make an empty one, and
    a key, in a folder that is the wrong one; and where the database's key is lost.
    """
    settings = read_settings(environment())
    if settings.sqlite and not new and not database_file(settings.database_url).is_file():
        raise DatabaseUnavailable(
            f"There is no database at {database_file(settings.database_url).absolute()}."
            " Where there is to be one, run readmark serve or readmark migrate first."
        )
    require_key(settings)
    services = Services(settings)
    try:
        yield services
    finally:
        services.close()


def require_key(settings: Settings) -> None:
    """Raises DatabaseUnavailable where the key of a SQLite database is lost: a new one would hide that."""
    if not settings.secret_keys and settings.sqlite and key_is_lost(settings.database_url):
        file = key_file(settings.database_url).absolute()
        raise DatabaseUnavailable(
            f"There is no file {file}, which opens what the database holds: put it back from a backup. If it"
            " is lost, set SECRET_KEY to a new one, and add all accounts again."
        )


def parse(field: str, read: Callable[[str], T], text: str) -> T:
    """Read a value in a platform's words; the message names the argument. Raises InvalidValue."""
    try:
        return read(text)
    except InvalidValue as error:
        raise InvalidValue(field, str(error)) from error
