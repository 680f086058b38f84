"""Services with a pigeon that comes from a loft, and a watchdog."""

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import Clock
from tests.watching.loft import Loft, WatchedPigeon
from webhook_app.platforms import Platforms
from webhook_app.services import Services
from webhook_app.settings import Settings
from webhook_app.watchdog import Watchdog

#: Lets so many minutes pass, with a step of a watchdog every twenty seconds.
Pass = Callable[..., None]


@pytest.fixture
def loft(clock: Clock) -> Loft:
    """The far end."""
    return Loft(clock)


@pytest.fixture
def pigeon(settings: Settings, loft: Loft) -> WatchedPigeon:
    """The platform."""
    return WatchedPigeon(settings, loft)


@pytest.fixture
def services(settings: Settings, clock: Clock, pigeon: WatchedPigeon) -> Iterator[Services]:
    """What a serving process works with."""
    services = Services(settings, clock=clock, platforms=Platforms(pigeon=pigeon))
    yield services
    services.close()


@pytest.fixture
def dog(services: Services) -> Watchdog:
    """The watchdog of a serving process that has looked once."""
    dog = Watchdog(services, serving=True)
    dog.step()
    return dog


@pytest.fixture
def pass_(clock: Clock) -> Pass:
    """See `Pass`."""

    def pass_(dog: Watchdog, minutes: float) -> None:
        for _ in range(round(minutes * 3)):
            clock.advance(20)
            dog.step()

    return pass_
