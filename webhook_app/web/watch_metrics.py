"""What the watchdog knows, as metrics; of platforms without webhooks there is nothing."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from webhook_app.domain.replay import Fate
from webhook_app.storage.watching import read_watches
from webhook_app.web.current import services, store

#: For how long what the platform has told of a webhook is believed.
BELIEVED = 300_000  # milliseconds


class Webhooks(Collector):
    """Whether they are valid, when that was last told, and what was missed."""

    def __init__(self) -> None:
        self._now = services().clock()
        self._watches = store().read(read_watches)

    def collect(self) -> Iterator[Metric]:
        """Every metric."""
        told = GaugeMetricFamily(
            "readmark_webhooks_told_timestamp_seconds",
            "When the platform last told of its webhooks.",
            labels=["platform"],
        )
        missed = GaugeMetricFamily(
            "readmark_missed_seconds",
            "Seconds in which deliveries were missed in the last week, by what became of them.",
            labels=["platform", "fate"],
        )
        for watch in self._watches.platforms:
            if watch.told_at:
                told.add_metric([watch.platform], watch.told_at / 1000)
            for fate in Fate:
                many = self._watches.missed.get((watch.platform, fate), 0)
                missed.add_metric([watch.platform, fate.value], many / 1000)
        yield from (told, missed, self._valid())
        seen = max((watch.stepped_at for watch in self._watches.platforms), default=None)
        if seen is not None:
            yield GaugeMetricFamily(
                "readmark_watchdog_unseen_seconds",
                "Time since the watchdog was seen, anywhere.",
                value=max(0, self._now - seen) / 1000,
            )

    def _valid(self) -> Metric:
        family = GaugeMetricFamily(
            "readmark_webhook_valid",
            "Whether the webhook is valid: 1, or 0, also if the platform does not list it any more.",
            labels=["platform", "webhook"],
        )
        told = {one.platform for one in self._watches.platforms if self._now - one.told_at <= BELIEVED}
        for webhook in (one for one in self._watches.webhooks if one.platform in told):
            family.add_metric([webhook.platform, webhook.id], int(webhook.valid))
        return family
