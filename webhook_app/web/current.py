"""What the desk's views work with."""

from typing import cast

from webhook_app.platforms import Platform
from webhook_app.services import Services
from webhook_app.storage import Store
from webhook_app.web.front import front


def services() -> Services:
    """The services of the application that serves this request. Raises DatabaseUnavailable."""
    return cast(Services, front().services())


def store() -> Store:
    """The store of the application that serves this request. Raises DatabaseUnavailable."""
    return services().store


def platform_named(name: str) -> Platform:
    """A platform. Raises NotFound."""
    return front().platforms.named(name)
