"""The dashboard and the alerts ask for numbers that there are, and every number can be found."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml
from flask import Flask
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import API_TOKEN, NOW
from tests.web.callers import (
    ALICE,
    add_slack,
    add_x,
    bearer,
    deliver,
    mark,
    message,
    record,
    services_of,
    wrote,
    x_mark,
)  # fmt: skip
from tests.web.test_watch import VALID

DOCS = Path(__file__).parent.parent.parent / "docs"
DASHBOARD = json.loads((DOCS / "grafana-dashboard.json").read_text())
ALERTS = yaml.safe_load((DOCS / "prometheus-alerts.yml").read_text())
GUIDE = (DOCS / "monitoring.md").read_text()
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
#: What Prometheus adds to every series, and a series of its own.
ITS_LABELS = {"job", "instance"}
ITS_SERIES: dict[str, set[str]] = {"up": set()}
COUNTS = (
    "deliveries|twitter", "events|twitter|accepted", "event types|twitter|dm.read",
    "refused|twitter|wrong signature", "challenges|twitter", "marks refused|slack|invalid_auth",
)  # fmt: skip


@pytest.fixture
def families(app: Flask) -> list[Metric]:
    """What /metrics of a service tells that has something of everything."""
    for count in COUNTS:
        services_of(app).counts.add(count, NOW)
    add_x(app)
    add_slack(app)
    wrote(services_of(app).store, message(-5))
    client = app.test_client()
    client.post("/api/v1/marks", json=x_mark(), headers=bearer(API_TOKEN))
    deliver(app)
    services_of(app).counts.add("calls|twitter|delivered", NOW)
    record(services_of(app).store, mark(ALICE, message(-5), NOW - 1000))
    services_of(app).store.watching.step("twitter", NOW, "", told=True)
    services_of(app).store.watching.keep("twitter", [VALID], {})
    services_of(app).store.make_figures(NOW, 90, "tests", 1000)
    text = client.get("/metrics", headers=bearer(API_TOKEN)).text
    return list(text_string_to_metric_families(text))


@pytest.fixture
def series(families: list[Metric]) -> dict[str, set[str]]:
    """The labels of every series by its name."""
    told: dict[str, set[str]] = {}
    for family in families:
        for sample in family.samples:
            told.setdefault(sample.name, set()).update(sample.labels)
    return {**ITS_SERIES, **told}


def parsed(text: str) -> Any:
    """An expression, which may hold Grafana's variables."""
    return promql.parse(text.replace("$__rate_interval", "5m").replace("$job", "readmark"))


def nodes(expression: Any) -> list[Any]:
    """The expression with all its parts."""
    found: list[Any] = []
    promql.walk(expression, found.append)
    return found


def selectors(expression: Any) -> dict[str, set[str]]:
    """The labels that each series is chosen by."""
    chosen: dict[str, set[str]] = {}
    for node in nodes(expression):
        node = getattr(node, "vector_selector", node)
        if isinstance(node, promql.VectorSelector):
            matchers = node.matchers.matchers
            chosen.setdefault(str(node.name), set()).update(matcher.name for matcher in matchers)
    return chosen


def groupings(expression: Any) -> Iterator[tuple[Any, set[str]]]:
    """The parts that are grouped or joined, with the labels by which they are."""
    for node in nodes(expression):
        modifier = getattr(node, "modifier", None)
        if isinstance(node, promql.AggregateExpr) and modifier:
            yield node.expr, set(modifier.labels)
        elif isinstance(node, promql.BinaryExpr) and modifier and modifier.matching:
            yield node, set(modifier.matching.labels)


def expressions() -> list[Any]:
    """Every expression of the dashboard, with what its legend names, and of the rules."""
    found = []
    for panel in PANELS:
        for target in panel["targets"]:
            legend = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            found.append(pytest.param(target["expr"], legend, id=panel["title"]))
    for rule in RULES:
        said = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        found.append(pytest.param(rule["expr"], said, id=rule["alert"]))
    return found


def test_every_series_and_label_asked_for_is_told(series: dict[str, set[str]]) -> None:
    for parameters in expressions():
        text, shown = parameters.values
        for name, labels in selectors(parsed(text)).items():
            assert name in series, text
            assert labels <= series[name] | ITS_LABELS, text
        for part, labels in groupings(parsed(text)):
            for name in selectors(part):
                assert labels <= series[name] | ITS_LABELS, text
        left = set.union(set(), *(labels for _, labels in groupings(parsed(text))))
        assert shown <= left, text


def test_every_metric_is_well_formed(families: list[Metric]) -> None:
    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert family.documentation.endswith("."), family.name
        assert family.type in ("counter", "gauge", "summary"), family.name
        assert re.fullmatch(r"readmark_[a-z]+(_[a-z]+)*", family.name)
        # Base units, and totals of counters only.
        assert not family.name.endswith(("_ms", "_milliseconds", "_minutes", "_hours", "_total", "_count"))
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter")
            assert ("quantile" in sample.labels) == (family.type == "summary")


def test_every_metric_is_on_the_dashboard_or_in_the_guide(series: dict[str, set[str]]) -> None:
    shown = {
        name for panel in PANELS for target in panel["targets"] for name in selectors(parsed(target["expr"]))
    }
    named = set(re.findall(r"\breadmark_[a-z_]+", GUIDE))
    assert set(series) - shown - named - set(ITS_SERIES) == set()


def test_the_dashboard_asks_the_source_and_the_job_that_are_chosen() -> None:
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert "readmark_info" in variables["job"]["definition"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    for panel in PANELS:
        assert panel["datasource"]["uid"] == "${datasource}"
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            assert all("job" in chosen for chosen in selectors(parsed(target["expr"])).values())


def test_no_panel_lies_on_another() -> None:
    places: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert places.isdisjoint(cells), panel["title"]
        places |= cells


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["for"]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "description"}
    assert f"| `{rule['alert']}` |" in GUIDE
    assert all("job" in chosen for chosen in selectors(parsed(rule["expr"])).values())


def test_the_guide_names_no_other_alert() -> None:
    assert set(re.findall(r"\| `(Readmark\w+)`", GUIDE)) == {rule["alert"] for rule in RULES}
