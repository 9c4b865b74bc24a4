"""Clients that stay on one topic: they come back when they are cut off, and resume."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

HEARTBEAT_S: Final = 20.0
ANSWER_S: Final = 20.0
BACK_AFTER_S: Final = (0.02, 0.5)
JOIN_REF: Final = "1"
CONNECT_ERRORS: Final = (OSError, WebSocketException, AssertionError)
"""Errors of a connection; websockets fails an assertion where the peer goes in the handshake."""

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode


class Follower:
    """A client of one topic.

    Parameters
    ----------
    port : int
    topic : str
    seed : int
        Seed of the pauses before it comes back.
    token : str or None
        Token with which it connects.
    params
        Its join params.

    Attributes
    ----------
    topic : str
    joins : int
    events : int
        The number of events of any kind.
    longest_s : float
        The longest time between two events since `restart_clock`, in seconds.
    """

    def __init__(
        self, port: int, topic: str, seed: int, *, token: str | None = None, **params: Any
    ) -> None:
        self.topic = topic
        self.joins = self.events = 0
        self.longest_s = 0.0
        self._params = params
        query = urlencode({"vsn": "2.0.0"} | ({} if token is None else {"token": token}))
        self._url = f"ws://127.0.0.1:{port}/socket/websocket?{query}"
        self._random = random.Random(seed)
        self._socket: ClientConnection | None = None
        self._reads = asyncio.Event()
        self._reads.set()
        self._last = time.monotonic()

    # --- faults
    def cut(self) -> None:
        """Break the connection."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def hang(self, seconds: float) -> None:
        """Read nothing for a while."""
        self._reads.clear()
        await asyncio.sleep(seconds)
        self._reads.set()

    def restart_clock(self) -> None:
        """Measure silences from now on."""
        self.longest_s, self._last = 0.0, time.monotonic()

    # --- the connection
    async def follow(self) -> None:
        """Stay on the topic for ever."""
        while True:
            try:
                async with connect(
                    self._url, compression=None, ping_interval=None, max_queue=16
                ) as socket:
                    self._socket = socket
                    await self._stay(socket)
            except CONNECT_ERRORS:
                pass
            await asyncio.sleep(self._random.uniform(*BACK_AFTER_S))

    async def _stay(self, socket: ClientConnection) -> None:
        join = [JOIN_REF, "1", self.topic, "phx_join", {**self._params, **self.resume_params()}]
        await socket.send(encode(join).decode())
        heartbeat = time.monotonic() + HEARTBEAT_S
        while True:
            async with asyncio.timeout(HEARTBEAT_S + ANSWER_S):
                data = await socket.recv()
            await self._reads.wait()
            now = time.monotonic()
            if now >= heartbeat:
                heartbeat = now + HEARTBEAT_S
                await socket.send('[null,"h","phoenix","heartbeat",{}]')
            _, ref, topic, event, payload = decode(data)
            if topic != self.topic:
                continue
            if event == "phx_reply" and ref == "1":
                if payload["status"] != "ok":
                    return
                self.joins += 1
                self.take_reply(payload["response"])
            elif event in ("phx_error", "phx_close"):
                return
            else:
                self.events += 1
                self.longest_s = max(self.longest_s, now - self._last)
                self._last = now
                self.take(event, payload)

    # --- the topic
    def resume_params(self) -> dict[str, Any]:
        """Return the join params by which it goes on where it was."""
        return {}

    def take_reply(self, response: Any) -> None:
        """Take a join reply."""

    def take(self, event: str, payload: Any) -> None:
        """Take an event."""


class TickFollower(Follower):
    """A client of ticks whose trades are numbered by their price.

    Attributes
    ----------
    numbers : dict of str to int
        The number of the last trade of each symbol.
    missing, repeated, announced : int
        Trades that never came, that came twice, and gaps that the server announced.
    """

    def __init__(self, port: int, topic: str, seed: int, **params: Any) -> None:
        super().__init__(port, topic, seed, **params)
        self.numbers: dict[str, int] = {}
        self.missing = self.repeated = self.announced = 0
        self._id: str | None = None
        self._merges = params.get("mode") == "merge"

    def resume_params(self) -> dict[str, Any]:
        """Return the id of the last tick."""
        return {} if self._id is None else {"since": self._id}

    def take_reply(self, response: Any) -> None:
        """Take a join reply, which says if the past is there."""
        if self._id is None:
            self._id = response["id"]
        elif not response["recovered"]:
            self.announced += 1

    def take(self, event: str, payload: Any) -> None:
        """Count a trade."""
        if event == "gap":
            self.announced += 1
        if event != "tick":
            return
        self._id = payload["id"]
        symbol, number = payload["symbol"], int(payload["price"])
        count = payload["volume"] if self._merges else 1
        last = self.numbers.setdefault(symbol, number - count)
        self.missing += max(0, number - count - last)
        self.repeated += min(count, max(0, last - number + count))
        self.numbers[symbol] = max(last, number)

    def has(self, numbers: dict[str, int]) -> bool:
        """Return whether it has come as far as some numbers."""
        return all(
            self.numbers.get(symbol, 0) >= number
            for symbol, number in numbers.items()
            if self.topic in ("market:realtime", f"market:{symbol}")
        )


class CandleFollower(Follower):
    """A client of bars of a second, whose volumes are numbers of trades.

    Attributes
    ----------
    volumes : dict of int to int
        The volume of each bar that it was told, by its second.
    """

    def __init__(self, port: int, topic: str, seed: int) -> None:
        super().__init__(port, topic, seed)
        self.volumes: dict[int, int] = {}

    def take_reply(self, response: Any) -> None:
        """Take the bars of a join reply."""
        self._take_bars(response["candles"])

    def take(self, event: str, payload: Any) -> None:
        """Take a bar, or all of them."""
        if event == "candle":
            self.volumes[payload["time"] // 1000] = payload["volume"]
        elif event == "reset":
            self._take_bars(payload["candles"])

    def _take_bars(self, bars: Iterable[list[Any]]) -> None:
        for bar in bars:
            self.volumes[bar[0] // 1000] = bar[5]
