"""How long messages waited to be read, as metrics."""

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from webhook_app.domain.timing import percentile, together
from webhook_app.storage.cells import cells_of_all
from webhook_app.web.current import services, store
from webhook_app.web.front import front

HOUR = 3_600_000  # milliseconds


class TimesToRead(Collector):
    """Of the messages that were read in the last hour. A platform without any has no series."""

    def __init__(self) -> None:
        now = services().clock()
        cells = store().read(lambda connection: cells_of_all(connection, 1, now - HOUR, now + 1))
        self._times = {
            name: together([cell.times for cell in cells if cell.platform == name])
            for name in sorted(front().platforms)
        }

    def collect(self) -> Iterator[Metric]:
        """Every metric."""
        # The label `quantile` is a summary's, by Prometheus' conventions; sum and count it may go without.
        family = Metric(
            "readmark_time_to_read_seconds",
            "From sent to read, of the messages read in the last hour; at most 5 % off.",
            "summary",
        )
        for name, times in self._times.items():
            for part in (0.5, 0.9, 0.99):
                wait = percentile(times, part)
                if wait is not None:
                    labels = {"platform": name, "quantile": str(part)}
                    family.add_sample(family.name, labels, wait / 1000)
        yield family
