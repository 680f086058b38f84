"""Opens what a command works with, and closes it again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from webhook_app.environment import environment
from webhook_app.errors import InvalidValue
from webhook_app.services import Services
from webhook_app.settings import read_settings

T = TypeVar("T")
#: Who the audit log says it was.
WHO = "command line"


@contextmanager
def open_services() -> Iterator[Services]:
    """The services of the environment. Raises SettingsError."""
    services = Services(read_settings(environment()))
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
