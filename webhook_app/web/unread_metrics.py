"""How long the oldest unread messages have been waiting, as metrics."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from webhook_app.storage.unread import oldest_of_accounts, oldest_of_platforms
from webhook_app.web.current import services, store
from webhook_app.web.front import front
from webhook_app.web.unread import age


class UnreadAges(Collector):
    """The age of the oldest of all, and of the oldest to an account of ours; 0 if there is none."""

    def __init__(self) -> None:
        platforms = sorted(front().platforms)
        now = services().clock()
        self._of_all = _ages(platforms, store().read(lambda c: oldest_of_platforms(c, platforms)), now)
        self._of_accounts = _ages(platforms, store().read(oldest_of_accounts), now)

    def collect(self) -> Iterator[Metric]:
        """Every metric."""
        yield _gauge(
            "readmark_unread_oldest_seconds",
            "The age of the oldest message that anybody has not read, people included.",
            self._of_all,
        )
        yield _gauge(
            "readmark_unread_by_accounts_oldest_seconds",
            "The age of the oldest message that an account of ours has not read.",
            self._of_accounts,
        )


def _ages(platforms: list[str], oldest: Mapping[str, int], now: int) -> dict[str, float]:
    """Seconds by platform."""
    return {name: (age(name, oldest[name], now) or 0) if name in oldest else 0 for name in platforms}


def _gauge(name: str, text: str, ages: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["platform"])
    for platform, seconds in ages.items():
        family.add_metric([platform], seconds)
    return family
