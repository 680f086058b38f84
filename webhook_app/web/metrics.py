"""What an operator's tools ask: whether requests can be answered, and numbers, which are read from tables."""

from collections.abc import Iterator

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from webhook_app.errors import DatabaseUnavailable, SchemaOutdated
from webhook_app.storage.numbers import Numbers, read_numbers
from webhook_app.web.auth import needs, public
from webhook_app.web.current import services, store
from webhook_app.web.refusals import RETRY_AFTER, logger
from webhook_app.web.version import version

blueprint = Blueprint("metrics", __name__)
#: How counts are named in their table → the metric, its help, its labels.
COUNTERS = {
    "deliveries": ("readmark_deliveries", "Deliveries that were stored.", ["platform"]),
    "events": ("readmark_events", "Events in deliveries.", ["platform", "outcome"]),
    "event types": ("readmark_event_types", "Events by their type.", ["platform", "type"]),
    "refused": ("readmark_refused", "Deliveries that were refused.", ["platform", "reason"]),
    "challenges": ("readmark_challenges", "Webhook checks that were answered.", ["platform"]),
}
MOMENTS = {
    "deliveries": ("readmark_last_delivery_timestamp_seconds", "The minute of the last delivery."),
    "challenges": ("readmark_last_challenge_timestamp_seconds", "The minute of the last webhook check."),
}
#: Webhook checks that were not answered; a stranger's, of no platform.
REFUSED_CHALLENGES = "challenges refused"


@blueprint.get("/readyz")
@public
def readyz() -> tuple[Response, int, dict[str, str]]:
    """Say whether requests that need the database can be answered."""
    try:
        store().check()
    except DatabaseUnavailable as error:
        logger.warning("not ready: %s", error)
        reason = "schema" if isinstance(error, SchemaOutdated) else "database"
        answer = jsonify(status="unavailable", reason=reason, message=str(error))
        return answer, 503, {"Retry-After": RETRY_AFTER}
    return jsonify(status="ok"), 200, {}


@blueprint.get("/metrics")
@needs("read")
def metrics() -> Response:
    """Say the numbers in Prometheus' text format."""
    services().flush()
    registry = CollectorRegistry()
    registry.register(Tables(store().read(lambda connection: read_numbers(connection, MOMENTS))))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Tables(Collector):
    """The numbers as metrics."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterator[Metric]:
        """Every metric."""
        yield from self._counters()
        yield from self._moments()
        dropped = self._numbers.totals.get("quarantine_dropped", 0)
        refused = self._numbers.totals.get(REFUSED_CHALLENGES, 0)
        yield CounterMetricFamily(
            "readmark_challenges_refused", "Webhook checks that were refused.", value=refused
        )
        yield CounterMetricFamily(
            "readmark_quarantine_dropped", "Quarantined rows that had to go for newer ones.", value=dropped
        )
        yield GaugeMetricFamily(
            "readmark_quarantine_rows", "Rows in quarantine.", value=self._numbers.quarantine
        )
        info = GaugeMetricFamily("readmark_info", "The release.", labels=["version"])
        info.add_metric([version()], 1)
        yield info

    def _counters(self) -> Iterator[Metric]:
        for kind, (name, text, labels) in COUNTERS.items():
            family = CounterMetricFamily(name, text, labels=labels)
            for count, n in self._numbers.totals.items():
                first, _, rest = count.partition("|")
                if first == kind:
                    family.add_metric(rest.split("|", len(labels) - 1), n)
            yield family

    def _moments(self) -> Iterator[Metric]:
        for kind, (name, text) in MOMENTS.items():
            family = GaugeMetricFamily(name, text, labels=["platform"])
            for count, minute in self._numbers.last.items():
                first, _, platform = count.partition("|")
                if first == kind:
                    family.add_metric([platform], minute * 60)
            yield family
