"""The real Prometheus as a child process, on files of this repository."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.support.eventually import eventually
from tests.support.paths import ROOT
from tickfire.base.ports import free_port

FOLDER: Final = ROOT / "deploy" / "prometheus"
DASHBOARD: Final = ROOT / "deploy" / "grafana" / "dashboards" / "tickfire.json"
NAME: Final = re.compile(r"\b(?:tickfire_\w+|process_\w+|python_\w+)")
SUFFIX: Final = re.compile(r"_(bucket|sum|count)$")


def program(name: str) -> str:
    """Return the path of Prometheus or promtool; skip the test where there is none."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed; Debian's package prometheus has it")
    return found


def dashboard_queries() -> dict[str, list[str]]:
    """Return the queries of the dashboard by the title of their panel."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return {
        panel["title"]: [target["expr"] for target in panel["targets"]]
        for panel in panels
        if panel["type"] != "row"
    }


def as_sent(query: str) -> str:
    """Return a query of the dashboard as Grafana would send it."""
    return query.replace("$__rate_interval", "1m").replace("$job", ".*")


class Prometheus:
    """A running Prometheus."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def get(self, path: str, **params: str) -> Any:
        answer = (await self._http.get(f"/api/v1/{path}", params=params)).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    async def query(self, query: str) -> list[Any]:
        found: list[Any] = (await self.get("query", query=query))["result"]
        return found


@contextlib.asynccontextmanager
async def scraping(ports: Mapping[str, int], folder: Path) -> AsyncIterator[Prometheus]:
    """Run Prometheus with the configuration of this repository, on other targets."""
    config = (FOLDER / "prometheus.yml").read_text().replace("15s", "1s")
    for process, port in ports.items():
        config, count = re.subn(
            rf'(job_name: {process}\b.*?targets: \["127.0.0.1:)\d+',
            rf"\g<1>{port}",
            config,
            flags=re.S,
        )
        assert count == 1, process
    (folder / "prometheus.yml").write_text(config)
    shutil.copy(FOLDER / "alerts.yml", folder)
    port = free_port()
    child = await asyncio.create_subprocess_exec(
        program("prometheus"),
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:

            async def is_ready() -> bool:
                with contextlib.suppress(httpx.TransportError):
                    return (await http.get("/-/ready")).status_code == 200
                return False

            await eventually(is_ready, "Prometheus is ready")
            yield Prometheus(http)
    finally:
        if child.returncode is None:
            child.terminate()
        await child.communicate()
