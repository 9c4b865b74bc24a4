"""Latency from the feed's socket to a client's socket, through ingest, Redis and the server.

The benchmark's own feed sends trades at a steady rate, each stamped with the time at which it is
sent. A client on a plain socket records when the frame with that stamp arrives. Both are in this
process, so they share a clock. Run it with ``python -m bench.latency``.

The quantiles of the hops are the server's own, from ``pipeline:health``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import struct
import time
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Final, cast

from bench.figures import print_figures
from bench.processes import cpu_seconds_of_tree, tickfire, wait_for_port, wait_for_url
from tests.support.lsg import welcome
from tests.support.phoenix_client import PhoenixClient
from tickfire.base.ports import free_port
from tickfire.base.run import run_loop
from tickfire.ingest.dbn.control import SymbolMappingMsg, encode_control
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.server.market.pipeline.health import HEALTH

TRADE: Final = struct.Struct("<BBHIQqIBBBBQiI")
SYMBOL: Final = "BENCH"
STAMP: Final = re.compile(rb'"ts_event":"(\d+)"')
HANDSHAKE: Final = (
    "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
JOIN: Final = b'["1","1","market:realtime","phx_join",{}]'


class Feed:
    """Gateway for one session that sends stamped trades."""

    def __init__(self) -> None:
        self.writer: asyncio.StreamWriter | None = None
        self.ready = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin the session, then wait for its end."""
        if await welcome(reader, writer) is None:
            return
        writer.write(Metadata("BENCH").encode())
        writer.write(encode_control(SymbolMappingMsg(1, SYMBOL, SYMBOL, time.time_ns())))
        self.writer = writer
        self.send(0)  # ingest knows the symbol once this trade has passed
        self.ready.set()
        await reader.read()

    def send(self, sequence: int) -> None:
        """Send one trade, stamped with the current time."""
        now, price = time.time_ns(), 10**11 + sequence % 100 * 10**7
        assert self.writer is not None
        self.writer.write(TRADE.pack(12, 0, 0, 1, now, price, 1, 84, 66, 128, 0, now, 0, sequence))


@dataclass
class Client(asyncio.Protocol):
    """Subscriber on a plain socket."""

    port: int
    joined: asyncio.Event = field(default_factory=asyncio.Event)
    latencies: list[int] = field(default_factory=list)
    rest: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Request the upgrade to WebSocket."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(HANDSHAKE.format(port=self.port).encode())

    def data_received(self, data: bytes) -> None:
        """Join once upgraded, then record the age of each complete stamp."""
        now = time.time_ns()
        data = self.rest + data
        if data.startswith(b"HTTP/1.1 101"):
            self.transport.write(bytes((0x81, 0x80 | len(JOIN), 0, 0, 0, 0)) + JOIN)
        if b"phx_reply" in data:
            self.joined.set()
        end = 0
        for match in STAMP.finditer(data):
            self.latencies.append(now - int(match[1]))
            end = match.end()
        self.rest = data[end:][-64:]


async def measure(rate: float, seconds: float, *, unix_socket: bool = False) -> dict[str, float]:
    """Return latency percentiles in ms, and CPU time per tick of each process in us."""
    loop = asyncio.get_running_loop()
    feed = Feed()
    listener = await asyncio.start_server(feed.serve, "127.0.0.1", 0)
    feed_port = listener.sockets[0].getsockname()[1]
    redis_port, port = free_port(), free_port()
    redis_url = f"redis://127.0.0.1:{redis_port}/0"
    with contextlib.ExitStack() as stack:
        options = ["--port", str(redis_port)]
        if unix_socket:
            path = stack.enter_context(TemporaryDirectory()) + "/redis.sock"
            options += ["--unix-socket", path]
            redis_url = f"unix://{path}"
        redis = stack.enter_context(tickfire("redis", *options))
        await loop.run_in_executor(None, wait_for_port, redis_port)
        ingest = stack.enter_context(
            tickfire(
                "ingest",
                "--gateway",
                f"127.0.0.1:{feed_port}",
                REDIS_URL=redis_url,
                DATABENTO_API_KEY="db-benchmark-0123456789",
            )
        )
        server = stack.enter_context(
            tickfire("serve", "--dev", "--port", str(port), REDIS_URL=redis_url)
        )
        await feed.ready.wait()
        await loop.run_in_executor(None, wait_for_url, f"http://127.0.0.1:{port}/readyz")
        _, client = await loop.create_connection(lambda: Client(port), "127.0.0.1", port)
        await asyncio.wait_for(client.joined.wait(), 10)
        await _run(feed, client, rate, 1.0)
        client.latencies.clear()
        processes = {"ingest": ingest, "redis": redis, "server": server}
        before = {name: cpu_seconds_of_tree(one.pid) for name, one in processes.items()}
        sent = await _run(feed, client, rate, seconds)
        spent = {
            f"{name}_cpu_us": round((cpu_seconds_of_tree(one.pid) - before[name]) / sent * 1e6, 1)
            for name, one in processes.items()
        }
        hops = await _hops(port)
        listener.close()
    times = sorted(client.latencies)
    return {
        "sent": sent,
        "received": len(times),
        "rate": rate,
        "p50_ms": round(times[len(times) // 2] / 1e6, 3),
        "p99_ms": round(times[len(times) * 99 // 100] / 1e6, 3),
        "max_ms": round(times[-1] / 1e6, 3),
        **spent,
        **hops,
    }


async def _hops(port: int) -> dict[str, float]:
    """Return the median time of each hop in the server's last minute, in ms."""
    client = await PhoenixClient.open(port)
    reply = await client.push(HEALTH, "phx_join", {}, "1")
    await client.close()
    hops = reply["response"]["hops"]
    return {f"{name}_p50_ms": round(hop["p50"] / 1e6, 3) for name, hop in hops.items()}


async def _run(feed: Feed, client: Client, rate: float, seconds: float) -> int:
    """Send at a steady rate, wait up to 5 s for the last ticks, and return the number sent."""
    loop = asyncio.get_running_loop()
    began, sent, before = loop.time(), 0, len(client.latencies)
    while (now := loop.time()) < began + seconds:
        while sent < (now - began) * rate:
            feed.send(sent + 1)
            sent += 1
        await asyncio.sleep(max(0.0, began + (sent + 1) / rate - loop.time()))
    deadline = loop.time() + 5
    while len(client.latencies) - before < sent and loop.time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return sent


def main() -> None:
    """Measure the latency and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=1000, help="ticks per second")
    parser.add_argument("--seconds", type=float, default=10, help="length of the measurement")
    parser.add_argument(
        "--unix-socket", action="store_true", help="reach Redis by a Unix socket, not by TCP"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    result = run_loop(measure(options.rate, options.seconds, unix_socket=options.unix_socket))
    print_figures(result, as_json=options.json)


if __name__ == "__main__":
    main()
