"""Readiness probes: each makes one connection, with at most one request and its reply."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from tickfire.ingest.redis.ping import NotReady, ping
from tickfire.server.supervisor.plan import Probe

PROBE_TIMEOUT_S: Final = 2.0
_SHOWN: Final = 200


class _Refusal(msgspec.Struct):
    why: str


async def ask(probe: Probe) -> str | None:
    """Return None if the process is ready, else the reason why it is not, in a few words."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            await _PROBES[probe.kind](probe.host, probe.port)
    except NotReady as answer:
        return str(answer)
    except TimeoutError:
        return "no answer"
    except OSError:
        return f"nothing listens on port {probe.port} yet"
    return None


async def _redis(host: str, port: int) -> None:
    await ping(host, port, timeout_s=PROBE_TIMEOUT_S)


async def _tcp(host: str, port: int) -> None:
    _, writer = await asyncio.open_connection(host, port)
    writer.close()


async def _http(host: str, port: int) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        name = f"[{host}]" if ":" in host else host
        writer.write(f"GET /readyz HTTP/1.0\r\nHost: {name}:{port}\r\n\r\n".encode())
        answer = await reader.read()
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b"\r\n", 1)[0].split(b" ")[1:2]
    if status != [b"200"]:
        raise NotReady(_reason(body) or head[:_SHOWN].decode("utf-8", "replace").strip())


def _reason(body: bytes) -> str:
    """Return the reason in the body of a refusal, which is text if a proxy refuses."""
    try:
        return msgspec.json.decode(body, type=_Refusal).why
    except msgspec.MsgspecError:
        return body[:_SHOWN].decode("utf-8", "replace").strip()


_PROBES: Final = {"redis": _redis, "tcp": _tcp, "http": _http}
