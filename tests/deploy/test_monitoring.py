"""Dashboard, alerts and the table of metrics, against the metrics of real processes.

`tickfire dev` runs once, with a metrics port for each process, and the real Prometheus scrapes it.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio
import yaml
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.support.eventually import eventually
from tests.support.house import running_house
from tests.support.paths import ROOT
from tests.support.prometheus import (
    DASHBOARD,
    FOLDER,
    NAME,
    SUFFIX,
    Prometheus,
    as_sent,
    dashboard_queries,
    program,
    scraping,
)
from tickfire.base.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SCRAPED: Final = ("ingest", "news", "infer", "record", "serve")
RARE: Final = frozenset(
    {
        "tickfire_infer_failures_total",
        "tickfire_infer_signals_total",
        "tickfire_infer_headlines_total",
        "tickfire_news_answered_timestamp_seconds",
    }
)
"""Metrics without a sample until something has happened that a quiet market may not bring."""


@dataclass
class Watched:
    """All that the processes and Prometheus told."""

    families: dict[str, dict[str, Metric]] = field(default_factory=dict)
    answers: dict[str, list[Any]] = field(default_factory=dict)
    targets: list[Any] = field(default_factory=list)
    rules: list[Any] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        return {name for families in self.families.values() for name in families}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    program("prometheus")
    ports = {process: free_port() for process in (*SCRAPED, "gateway")}
    options = {f"{process.upper()}_METRICS_PORT": str(port) for process, port in ports.items()}
    found = Watched()
    folder = tmp_path_factory.mktemp("prometheus")
    options |= {"RECORD": str(folder / "archive"), "RECORD_ROTATE_SECONDS": "1"}
    async with running_house(WORKERS="2", HISTORY="60", **options):
        scraped = {process: ports[process] for process in SCRAPED}
        async with scraping(scraped, folder) as prometheus, httpx.AsyncClient() as http:
            for process, port in ports.items():
                text = (await http.get(f"http://127.0.0.1:{port}/metrics", timeout=60)).text
                found.families[process] = families(text)
            await ask_all(prometheus, found)
    yield found


def families(text: str) -> dict[str, Metric]:
    """Return families by name, a counter's with ``_total``, without times of creation."""
    return {
        f"{one.name}_total" if one.type == "counter" else one.name: one
        for one in text_string_to_metric_families(text)
        if not one.name.endswith("_created")
    }


async def ask_all(prometheus: Prometheus, found: Watched) -> None:
    """Ask Prometheus every query of the dashboard until each has an answer."""
    queries = [as_sent(one) for several in dashboard_queries().values() for one in several]

    async def are_answered() -> bool:
        for query in queries:
            if not found.answers.get(query):
                found.answers[query] = await prometheus.query(query)
        return all(found.answers[query] or names_in(query) & RARE for query in queries)

    await eventually(are_answered, "every query of the dashboard is answered")

    async def are_evaluated() -> bool:
        found.rules = [
            rule for group in (await prometheus.get("rules"))["groups"] for rule in group["rules"]
        ]
        return all(rule["health"] != "unknown" for rule in found.rules)

    await eventually(are_evaluated, "every rule is evaluated")

    async def are_up() -> bool:
        """A scrape now and then may take longer than its second."""
        found.targets = (await prometheus.get("targets"))["activeTargets"]
        return all(target["health"] == "up" for target in found.targets)

    await eventually(are_up, "every target is up")


def names_in(query: str) -> set[str]:
    """Return the metrics that a query names, histograms without their endings."""
    plain = re.sub(r'"[^"]*"', '""', query)
    return {SUFFIX.sub("", name) for name in NAME.findall(plain) if "{" not in name}


def alert_queries() -> Iterable[str]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def test_prometheus_scrapes_every_process(watched: Watched) -> None:
    assert len(watched.targets) == len(SCRAPED)
    assert {target["labels"]["job"] for target in watched.targets} == set(SCRAPED)
    assert {target["health"] for target in watched.targets} == {"up"}


def test_every_query_of_the_dashboard_is_answered(watched: Watched) -> None:
    for panel, queries in dashboard_queries().items():
        for query in queries:
            assert watched.answers[as_sent(query)] or names_in(query) & RARE, (panel, query)


def test_prometheus_evaluates_every_rule(watched: Watched) -> None:
    assert {rule["health"] for rule in watched.rules} == {"ok"}
    assert len(watched.rules) == len(list(alert_queries()))
    assert {rule["name"] for rule in watched.rules if rule.get("state") == "firing"} == set()


def test_every_metric_of_dashboard_and_alerts_exists(watched: Watched) -> None:
    queries = [one for several in dashboard_queries().values() for one in several]
    for query in (*queries, *alert_queries()):
        assert names_in(query) <= watched.names, query


def test_the_table_of_metrics_is_that_of_the_processes(watched: Watched) -> None:
    table = {}
    row = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\| (\w*) ?\| \S.* \|$", re.MULTILINE)
    for name, kind, labels, _ in row.findall((ROOT / "docs" / "monitoring.md").read_text()):
        table[name] = (kind, set(re.findall(r"`(\w+)`", labels)))
    assert set(table) == watched.names
    for each in watched.families.values():
        for name, family in each.items():
            kind, labels = table[name]
            assert kind == family.type, name
            if family.samples:
                found = {label for one in family.samples for label in one.labels} - {"le"}
                if name.startswith("process_"):
                    found.discard("worker")
                assert labels == found, name


def test_promtool_accepts_configuration_and_rules(tmp_path: Path) -> None:
    for arguments in (
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "--lint-fatal", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
    ):
        command = [program("promtool"), *arguments]
        result = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stdout + result.stderr


def test_every_alert_has_a_test_and_a_row_in_the_docs() -> None:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    alerts = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
    tests = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
    fired = {
        label
        for test in tests
        for expected in test["promql_expr_test"]
        for sample in expected["exp_samples"]
        for label in re.findall(r'alertname="(\w+)"', sample["labels"])
    }
    documented = set(re.findall(r"^\| `(Tickfire\w+)`", monitoring(), re.MULTILINE))
    assert alerts == fired == documented


def monitoring() -> str:
    return (ROOT / "docs" / "monitoring.md").read_text()


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    taken = set[tuple[int, int]]()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
