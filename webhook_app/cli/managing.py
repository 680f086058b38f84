"""Opens what makes X deliver to us, for the commands that ask for it or change it."""

from collections.abc import Iterator
from contextlib import contextmanager

from webhook_app.cli.opening import open_services
from webhook_app.cli.output import plain
from webhook_app.errors import InvalidValue, NotFound
from webhook_app.platforms.management import Management
from webhook_app.services import Services

#: The only platform that has webhooks.
PLATFORM = "twitter"


@contextmanager
def open_management(*, change: bool = False) -> Iterator[tuple[Services, Management]]:
    """The services, and what X keeps for us. Raises SettingsError, NotConfigured, DatabaseUnavailable.

    `change`: something is going to be changed, and must not be if the audit log cannot say so.
    """
    with open_services() as services:
        management = management_of(services)
        if change:
            services.store.check()
        yield services, management


def management_of(services: Services) -> Management:
    """What X keeps for us. Raises NotConfigured."""
    management = services.platforms.named(PLATFORM).management()
    if management is None:
        raise NotFound("This platform has no webhooks.")
    return management


def choose(management: Management, webhook: str | None) -> str:
    """The webhook that is named, or the only one. Raises InvalidValue, ManagementError."""
    if webhook is not None:
        return webhook
    found = management.webhooks()
    if len(found) == 1:
        return found[0].id
    if not found:
        raise InvalidValue(
            "--webhook", "There is no webhook yet; register one by: readmark webhook register URL"
        )
    names = ", ".join(f"{each.id} {plain(each.url)}" for each in found)
    raise InvalidValue("--webhook", f"There are {len(found)} webhooks ({names}); say which.")
