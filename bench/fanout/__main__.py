"""`python -m bench.fanout [--json]`: speed and memory, and the ratio to each peer.

The peers speak the same protocol on the wire, without sessions, limits or crash isolation:
Starlette's WebSocket, picows (Cython) and socketify (uWebSockets, C++).

Each server runs alone, pinned to one core, with the load generator on another. CPU time per
delivery is the most reliable figure, since it hardly depends on other load on the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.fanout.generator import build
from bench.processes import wait_for_port
from tickfire.base.ports import free_port

OURS: Final = "tickfire"
PEERS: Final = ("starlette", "picows", "socketify")
TOPIC: Final = "market:bench"


@dataclass(frozen=True)
class Load:
    """One run of the load generator against a fresh server."""

    clients: int
    phases: tuple[str, ...]


def loads(seconds: float, idle_clients: int) -> list[Load]:
    """Return the runs that make the report."""
    return [
        Load(1_000, (f"saturate:{seconds}", f"rate:20:{seconds}")),
        Load(100, (f"echo:1:{seconds}",)),
        Load(idle_clients, (f"idle:{seconds}",)),
    ]


def cores() -> tuple[int, int]:
    """Return the cores of the server and the generator; they are the same on a single core."""
    available = sorted(os.sched_getaffinity(0))
    return available[0], available[-1]


@contextlib.contextmanager
def serving(module: str, core: int) -> Iterator[tuple[int, int]]:
    """Run a server on one core and yield its process id and port."""
    port = free_port()
    with subprocess.Popen([sys.executable, "-m", module, str(port)]) as server:
        os.sched_setaffinity(server.pid, {core})
        try:
            wait_for_port(port)
            yield server.pid, port
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def run(generator: Path, module: str, load: Load) -> list[dict[str, Any]]:
    """Run one load against one server and return the figures of each phase."""
    server_core, generator_core = cores()
    with serving(module, server_core) as (pid, port):
        command = [
            str(generator),
            *("--port", str(port), "--pid", str(pid), "--topic", TOPIC),
            *("--n", str(load.clients), *load.phases),
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        os.sched_setaffinity(process.pid, {generator_core})
        output, _ = process.communicate(timeout=600)
    return [json.loads(line) for line in output.splitlines()]


def figures(generator: Path, module: str, seconds: float, idle_clients: int) -> dict[str, float]:
    """Return the figures of one server for the report."""
    result: dict[str, float] = {}
    for load in loads(seconds, idle_clients):
        for phase in run(generator, module, load):
            name = phase["phase"]
            if name == "idle":
                result["idle_kb_per_connection"] = phase["rss_kb_per_connection"]
            elif name == "connect":
                if load.clients == idle_clients:
                    result["joins_per_s"] = phase["per_s"]
                    result["join_cpu_us"] = phase["server_cpu_us"]
                    result["join_p99_us"] = phase["p99_us"]
            else:
                result[f"{name}_per_s"] = phase["delivered_per_s"]
                result[f"{name}_cpu_us"] = phase["server_cpu_us"]
                result[f"{name}_p50_us"] = phase["p50_us"]
                result[f"{name}_p99_us"] = phase["p99_us"]
    return result


def ratios(ours: dict[str, float], theirs: dict[str, float]) -> dict[str, float]:
    """Return the ratio of each figure, above 1 where tickfire is better."""
    return {
        name: round(
            ours[name] / theirs[name] if _more_is_better(name) else theirs[name] / ours[name], 2
        )
        for name in ours
        if ours[name] and theirs.get(name)
    }


def _more_is_better(name: str) -> bool:
    return name.endswith("_per_s")


def table(servers: dict[str, dict[str, float]], times_better: dict[str, dict[str, float]]) -> str:
    """Return the report as a table: the figures, and how many times better ours are."""
    ours, peers = servers[OURS], list(times_better)
    lines = [f"{'':26}{OURS:>14}" + "".join(f"{peer:>24}" for peer in peers)]
    for name, value in ours.items():
        cells = (
            f"{servers[peer].get(name, 0.0):>14,.2f}{times_better[peer].get(name, 0.0):>9}x"
            for peer in peers
        )
        lines.append(f"{name:26}{value:>14,.2f}" + "".join(cells))
    return "\n".join(lines)


def main() -> None:
    """Measure the servers and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object instead of a table"
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a phase in seconds")
    parser.add_argument("--idle", type=int, default=10_000, help="connections for joins and memory")
    parser.add_argument(
        "--peer",
        action="append",
        choices=PEERS,
        help="a peer to measure; may be given again; all by default",
    )
    arguments = parser.parse_args()
    peers = arguments.peer or PEERS
    with tempfile.TemporaryDirectory() as folder:
        generator = build(Path(folder))
        servers = {
            name: figures(generator, f"bench.fanout.{name}_app", arguments.seconds, arguments.idle)
            for name in (OURS, *peers)
        }
    times_better = {peer: ratios(servers[OURS], servers[peer]) for peer in peers}
    if arguments.json:
        report = {**servers, "times_better": times_better}
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
    else:
        sys.stdout.write(table(servers, times_better) + "\n")


if __name__ == "__main__":
    main()
