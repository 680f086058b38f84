"""What an operator's tools ask: whether requests can be answered, and numbers, which are read from tables."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from webhook_app.errors import DatabaseUnavailable, SchemaOutdated
from webhook_app.outbound import RateLimitRow
from webhook_app.storage.numbers import Numbers, read_numbers
from webhook_app.storage.outbox import OutboxNumbers
from webhook_app.web.auth import needs, public
from webhook_app.web.current import services, store
from webhook_app.web.figure_metrics import TimesToRead
from webhook_app.web.front import front
from webhook_app.web.refusals import RETRY_AFTER, logger
from webhook_app.web.unread_metrics import UnreadAges
from webhook_app.web.version import version
from webhook_app.web.watch_metrics import Webhooks

blueprint = Blueprint("metrics", __name__)
#: How counts are named in their table → the metric, its help, its labels.
COUNTERS = {
    "deliveries": ("readmark_deliveries", "Deliveries that were stored.", ["platform"]),
    "events": ("readmark_events", "Events in deliveries.", ["platform", "outcome"]),
    "event types": ("readmark_event_types", "Events by their type.", ["platform", "type"]),
    "refused": ("readmark_refused", "Deliveries that were refused.", ["platform", "reason"]),
    "challenges": ("readmark_challenges", "Webhook checks that were answered.", ["platform"]),
    "marks": ("readmark_marks", "Marks that were accepted to be passed on.", ["platform"]),
    "marks refused": (
        "readmark_marks_refused", "Calls in a platform's own words that were refused.", ["platform", "reason"]
    ),
    "calls": ("readmark_calls", "Calls to platforms, by how they ended.", ["platform", "outcome"]),
}  # fmt: skip
MOMENTS = {
    "deliveries": ("readmark_last_delivery_timestamp_seconds", "The minute of the last delivery."),
    "challenges": ("readmark_last_challenge_timestamp_seconds", "The minute of the last webhook check."),
}
#: Webhook checks that were not answered; a stranger's, of no platform.
REFUSED_CHALLENGES = "challenges refused"
#: Rate limits are shown of so many accounts, the fullest: each is a series that Prometheus keeps for long.
MOST_WINDOWS = 100
NEVER = float("inf")


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
    numbers = store().read(lambda connection: read_numbers(connection, MOMENTS))
    registry.register(Tables(numbers))
    registry.register(Outbox(_way_out(), numbers.totals))
    registry.register(UnreadAges())
    registry.register(TimesToRead())
    registry.register(Webhooks())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class WayOut(NamedTuple):
    """What the tables say of marks on their way out. Times are milliseconds since 1970."""

    now: int
    platforms: list[str]
    outbox: OutboxNumbers
    limits: list[RateLimitRow]
    #: When a dispatcher was last there; None if never.
    dispatcher: int | None


def _way_out() -> WayOut:
    here = services()
    outbox = here.store.outbox
    limits, names = here.outbound.rate_limits(), sorted(front().platforms)
    return WayOut(here.clock(), names, outbox.numbers(), limits, outbox.last_seen())


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


class Outbox(Collector):
    """Marks on their way out, as metrics."""

    def __init__(self, way_out: WayOut, totals: Mapping[str, int]) -> None:
        self._of = way_out
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        """Every metric."""
        told = self._of
        ages = {name: (told.now - at) / 1000 for name, at in told.outbox.oldest.items()}
        yield self._gauge("readmark_marks_waiting", "Marks that wait to be sent.", told.outbox.waiting)
        yield self._gauge("readmark_marks_failed", "Marks that the platform refuses.", told.outbox.failed)
        yield self._gauge("readmark_marks_oldest_waiting_seconds", "The age of the oldest that waits.", ages)
        yield self._gauge(
            "readmark_marks_coalesced", "Marks that needed no call of their own.", self._coalesced()
        )
        unseen = NEVER if told.dispatcher is None else max(0, told.now - told.dispatcher) / 1000
        yield GaugeMetricFamily(
            "readmark_dispatcher_unseen_seconds", "Time since a dispatcher was seen, anywhere.", value=unseen
        )
        yield from self._windows()

    def _gauge(self, name: str, text: str, by_platform: Mapping[str, float]) -> Metric:
        family = GaugeMetricFamily(name, text, labels=["platform"])
        for platform in self._of.platforms:
            family.add_metric([platform], by_platform.get(platform, 0))
        return family

    def _coalesced(self) -> dict[str, float]:
        """By platform, what was accepted and neither called for, nor waits, nor was refused."""
        outbox = self._of.outbox
        return {
            name: max(
                0,
                self._totals.get(f"marks|{name}", 0)
                - self._totals.get(f"calls|{name}|delivered", 0)
                - outbox.waiting.get(name, 0)
                - outbox.failed.get(name, 0),
            )
            for name in self._of.platforms
        }

    def _windows(self) -> Iterator[Metric]:
        fullest = sorted(self._of.limits, key=lambda row: (-row.used / row.limit, row[:3]))[:MOST_WINDOWS]
        told = f"of the {MOST_WINDOWS} accounts that have used most of it."
        labels = ["platform", "account", "method"]
        limit = GaugeMetricFamily("readmark_rate_limit_calls", f"Calls in a window, {told}", labels=labels)
        used = GaugeMetricFamily(
            "readmark_rate_limit_used", f"Calls used in the window, {told}", labels=labels
        )
        for row in fullest:
            limit.add_metric(list(row[:3]), row.limit)
            used.add_metric(list(row[:3]), row.used)
        yield from (limit, used)
