"""All attacks in turn, again and again, on servers that stay: `python -m bench.abuse --minutes N`.

Live ticks flow meanwhile. Each attack comes from an address and with a key of its own, and begins
with its quotas whole; the honest client has another key, and an intruder none that grants what it
asks for. The attacks within the rules of the protocol meet a server with `--limit-loopback`.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Final

import redis

from bench.abuse.attacks import ATTACKS
from bench.abuse.floods import FLOODS
from bench.abuse.honest import honest
from bench.abuse.intruder import GRANTED, Intruder
from bench.abuse.wire import Target
from bench.processes import resident_mib, tickfire, wait_for_url
from tests.support.processes import descendants
from tests.support.publisher import Publisher, trades
from tickfire.base.ports import free_port

ALL: Final = ATTACKS | FLOODS
TICKS: Final = 50
INTERVAL_S: Final = 0.1
HONEST: Final = "127.0.0.1"
INTRUDER: Final = "127.0.0.3"
SETTLE_S: Final = 10.0


@dataclass
class Row:
    """The runs of one attack."""

    stalls_ms: list[float] = field(default_factory=list)
    medians_ms: list[float] = field(default_factory=list)
    answer: str = ""


@dataclass
class Outcome:
    """The result of all rounds.

    Attributes
    ----------
    rows : dict of str to Row
        By attack.
    mib : dict of str to (float, float)
        Memory of each server and its workers before and after, in MiB.
    refused : Counter
        Refusals of the intruder, by kind.
    leaked : int
        Bytes that the intruder read without a grant.
    errors : list of str
        The errors that the servers logged.
    """

    rows: dict[str, Row]
    mib: dict[str, tuple[float, float]]
    refused: Counter[str]
    leaked: int
    errors: list[str]


def _attackers() -> Iterator[str]:
    """Yield addresses of this machine."""
    for number in count():
        yield f"127.1.{number // 250 % 250}.{1 + number % 250}"


def make_key(url: str, name: str, *arguments: str) -> dict[str, str]:
    """Make a key; return its parts, of which ``key`` is the secret."""
    made: dict[str, str] = json.loads(_keys(url, "create", name, "--json", *arguments))
    return made


def _keys(url: str, *arguments: str) -> str:
    command = [sys.executable, "-m", "tickfire.server", "keys", *arguments, "--redis-url", url]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextlib.contextmanager
def publishing(port: int) -> Iterator[None]:
    """Publish ticks of ``AAA`` from a thread."""
    publisher = Publisher(redis.Redis(port=port))
    publisher.instruments({1: "AAA"})
    publisher.publish(trades(TICKS))
    ended = threading.Event()

    def publish() -> None:
        while not ended.wait(INTERVAL_S):
            publisher.publish(trades(TICKS, start=time.time_ns(), step=1))

    thread = threading.Thread(target=publish, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def rounds(names: Sequence[str], minutes: float, redis_port: int) -> Outcome:
    """Run attacks in turn for so many minutes, each at least once."""
    url = f"redis://127.0.0.1:{redis_port}/0"
    with contextlib.ExitStack() as stack:
        stack.enter_context(publishing(redis_port))
        log = stack.enter_context(tempfile.TemporaryFile("w+"))
        servers: dict[str, subprocess.Popen[bytes]] = {}
        ports: dict[str, int] = {}
        for name, options in (("unlimited", ()), ("limited", ("--limit-loopback",))):
            port = ports[name] = free_port()
            command = ("serve", "--keys", "--port", str(port), "--redis-url", url, *options)
            servers[name] = stack.enter_context(tickfire(*command, log=log))
            wait_for_url(f"http://127.0.0.1:{port}/readyz")
        own, revoked = make_key(url, "intruder", "--topics", GRANTED), make_key(url, "revoked")
        _keys(url, "revoke", revoked["id"])
        token = make_key(url, "honest")["key"]
        before = {name: _memory(server) for name, server in servers.items()}
        intruders = [
            stack.enter_context(Intruder(Target(port, own["key"], INTRUDER), revoked["key"]))
            for port in ports.values()
        ]
        rows = {name: Row() for name in names}
        until = time.monotonic() + minutes * 60
        for turn, (name, address) in enumerate(zip(cycle(names), _attackers(), strict=False)):
            if turn >= len(names) and time.monotonic() > until:
                break
            port = ports["limited" if name in FLOODS else "unlimited"]
            attacker = Target(port, make_key(url, name)["key"], address)
            _attack(name, attacker, Target(port, token, HONEST), rows[name])
        time.sleep(SETTLE_S)
        mib = {name: (before[name], _memory(server)) for name, server in servers.items()}
        refused = sum((one.refused for one in intruders), Counter[str]())
        log.seek(0)
        errors = [line.rstrip() for line in log if " error: " in line]
        return Outcome(rows, mib, refused, sum(one.leaked for one in intruders), errors)


def _attack(name: str, attacker: Target, client: Target, row: Row) -> None:
    with honest(client) as figures:
        row.answer = ALL[name](attacker)
    row.medians_ms.append(figures[0])
    row.stalls_ms.append(figures[1])
    print(f"{name:16s} stall {figures[1]:7.1f} ms  {row.answer}", flush=True)


def _memory(server: subprocess.Popen[bytes]) -> float:
    """Return the resident memory of a server and its workers, in MiB."""
    return sum(resident_mib(pid) for pid in (server.pid, *descendants(server.pid)))
