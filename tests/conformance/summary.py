"""A pytest plugin that counts the conformance checks by kind, at the end of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent

COUNTED = {
    "test_transcripts.py": "transcripts of Phoenix",
    "test_other_servers.py": "transcripts on other ASGI servers",
    "websocket": "cases of the WebSocket layer",
    "test_deviations.py": "deviations",
    "clients": "checks by stock clients",
}
"""Name of a kind of check, by the first part of a test's path below this folder."""


def _counts_as(nodeid: str) -> str | None:
    path = Path(nodeid.partition("::")[0])
    parts = path.parts
    if HERE.name not in parts:
        return None
    kind = COUNTED.get(parts[parts.index(HERE.name) + 1])
    # Tests of clients count one by one; elsewhere a check is one row of a table.
    return kind if kind == COUNTED["clients"] or "[" in nodeid else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many checks of each kind have passed."""
    passed, all_run = Counter[str](), Counter[str]()
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            kind = _counts_as(report.nodeid)
            if kind is not None:
                all_run[kind] += 1
                passed[kind] += outcome == "passed"
    if not all_run:
        return
    terminalreporter.section("conformance")
    for kind in COUNTED.values():
        if all_run[kind]:
            terminalreporter.write_line(f"{passed[kind]:4} of {all_run[kind]} {kind}")
    clients = sorted({name for name in _clients(terminalreporter)})
    if clients:
        terminalreporter.write_line(f"{len(clients):4} clients: {', '.join(clients)}")


def _clients(terminalreporter: pytest.TerminalReporter) -> Iterator[str]:
    """Yield the client's name for each of its tests that has passed."""
    for report in terminalreporter.stats.get("passed", []):
        if _counts_as(report.nodeid) == COUNTED["clients"]:
            path = Path(report.nodeid.partition("::")[0])
            yield path.stem.removeprefix("test_").replace("_", " ")
