"""Opens what a command works with, and closes it again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from webhook_app.environment import environment
from webhook_app.errors import DatabaseUnavailable, InvalidValue
from webhook_app.services import Services
from webhook_app.settings import read_settings
from webhook_app.storage.secret_key import database_file

T = TypeVar("T")
#: Who the audit log says it was.
WHO = "command line"


@contextmanager
def open_services(*, new: bool = False) -> Iterator[Services]:
    """The services of the environment. Raises SettingsError.

    Unless `new`, raises DatabaseUnavailable where there is no SQLite file, rather than make an empty one, and
    a key, in a folder that is the wrong one.
    """
    settings = read_settings(environment())
    if settings.sqlite and not new and not database_file(settings.database_url).is_file():
        raise DatabaseUnavailable(
            f"There is no database at {database_file(settings.database_url).absolute()}."
            " Where there is to be one, run readmark serve or readmark migrate first."
        )
    services = Services(settings)
    try:
        yield services
    finally:
        services.close()


def parse(field: str, read: Callable[[str], T], text: str) -> T:
    """Read a value in a platform's words; the message names the argument. Raises InvalidValue."""
    try:
        return read(text)
    except InvalidValue as error:
        raise InvalidValue(field, str(error)) from error
