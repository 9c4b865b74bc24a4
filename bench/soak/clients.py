"""Clients of a soak: some stay, some come and go, some resume, some poll, some have no key."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.support.chaos.followers import CONNECT_ERRORS, Follower

REALTIME: Final = "market:realtime"
POLLS: Final = 20
"""Requests of a long-poll session before its client leaves."""
PAUSE_S: Final = 1.0
PATIENCE_S: Final = 60.0
HANG_S: Final = 5.0


class SoakClient(Follower):
    """A client of any topic, which resumes, and counts the ticks that it misses.

    Attributes
    ----------
    missing, repeated, announced : int
        Ticks that never came or came twice, where each has the position after the one before; and
        gaps that the server announced.
    """

    def __init__(self, port: int, topic: str, seed: int, *, token: str, **params: Any) -> None:
        super().__init__(port, topic, seed, token=token, **params)
        self.missing = self.repeated = self.announced = 0
        self.id: str | None = None
        self.is_whole = topic == REALTIME and "mode" not in params
        self.task: asyncio.Task[None] | None = None

    def resume_params(self) -> dict[str, Any]:
        """Return the id of the last tick."""
        return {} if self.id is None else {"since": self.id}

    def take_reply(self, response: Any) -> None:
        """Take the first id of ticks, or whether the past is there."""
        if not self.topic.startswith("market:"):
            return
        if self.id is None:
            self.id = response.get("id")
        elif not response["recovered"]:
            self.announced += 1
            self.id = response.get("id")

    def take(self, event: str, payload: Any) -> None:
        """Count the ticks between this and the one before."""
        if event == "gap":
            self.announced += 1
        if event != "tick":
            return
        if self.is_whole and self.id is not None:
            step = _position(payload["id"]) - _position(self.id)
            self.missing += max(0, step - 1)
            self.repeated += step < 1
        self.id = payload["id"]


def _position(wire_id: str) -> int:
    return int(wire_id.rpartition("-")[2], 36)


class Crowd:
    """All clients; `run` keeps their number.

    Parameters
    ----------
    port : int
        That of the server.
    token : str
        A key that is accepted.
    symbols : sequence of str
    clients : int
        WebSocket clients, of which half stay, and half come and go.
    seed : int

    Attributes
    ----------
    counts : Counter
        Events by name: ``new clients``, ``resumes``, ``hangs``, ``polls``, ``refused``...
    leaks : list of str
        Data that a client without a valid key got; empty if all is well.
    """

    def __init__(
        self, port: int, token: str, symbols: list[str], clients: int, seed: int = 1
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.leaks: list[str] = []
        self._port, self._token, self._symbols = port, token, symbols
        self._random = random.Random(seed)
        self._seed = seed
        self._ended: Counter[str] = Counter()
        self.staying = [self._client(number) for number in range(clients - clients // 2)]
        self.passing = [self._client(number) for number in range(clients // 2)]

    def totals(self) -> dict[str, int]:
        """Return what all clients received, missed and had twice, those that left included."""
        totals = Counter(self._ended)
        for client in (*self.staying, *self.passing):
            totals += _result(client)
        return {name: totals[name] for name in ("events", "missing", "repeated", "announced")}

    async def run(self, pollers: int) -> None:
        """Let clients come, go, resume and poll until cancelled."""
        async with asyncio.TaskGroup() as group:
            for client in (*self.staying, *self.passing):
                client.task = group.create_task(client.follow())
            for _ in range(pollers):
                group.create_task(self._poll())
            group.create_task(self._intrude())
            while True:
                await asyncio.sleep(PAUSE_S)
                self._change(group)

    def _change(self, group: asyncio.TaskGroup) -> None:
        """Replace a client, let one resume, and let one read nothing for a while."""
        number = self._random.randrange(len(self.passing))
        old = self.passing[number]
        if old.task is not None:
            old.task.cancel()
        self._ended += _result(old)
        self.passing[number] = new = self._client(self._random.randrange(6))
        new.task = group.create_task(new.follow())
        self.counts["new clients"] += 1
        if self._random.random() < 0.5:
            self._random.choice(self.staying).cut()
            self.counts["resumes"] += 1
        slow = self._random.choice(self.passing)
        if self._random.random() < 0.1 and not slow.is_whole:
            group.create_task(slow.hang(HANG_S))
            self.counts["hangs"] += 1

    def _client(self, number: int) -> SoakClient:
        symbol = self._random.choice(self._symbols)
        topic, params = (
            (REALTIME, {}),
            (f"market:{symbol}", {}),
            (REALTIME, {"mode": "merge", "max_hz": 5}),
            (f"candles:{symbol}:1s", {}),
            (f"indicators:{symbol}:1s:ema(20)", {}),
            ("signals:all", {}),
        )[number % 6]
        self._seed += 1
        return SoakClient(self._port, topic, self._seed, token=self._token, **params)

    async def _poll(self) -> None:
        """Begin long-poll sessions, one after the other."""
        headers = {"x-phoenix-authtoken": self._token, "content-type": "application/x-ndjson"}
        url = f"http://127.0.0.1:{self._port}"
        while True:
            try:
                async with httpx.AsyncClient(
                    base_url=url, timeout=PATIENCE_S, headers=headers
                ) as client:
                    await self._session(client)
            except httpx.HTTPError as error:
                self.counts[f"poll: {type(error).__name__}"] += 1
            await asyncio.sleep(PAUSE_S)

    async def _session(self, client: httpx.AsyncClient) -> None:
        query = {"vsn": "2.0.0"}
        opened = (await client.get("/socket/longpoll", params=query)).raise_for_status().json()
        if opened["status"] != 410:
            self.counts[f"poll: {opened['status']} instead of a session"] += 1
            return
        query["token"] = opened["token"]
        topic = f"market:{self._random.choice(self._symbols)}"
        join = json.dumps(["1", "1", topic, "phx_join", {}])
        await client.post("/socket/longpoll", params=query, content=join)
        for _ in range(POLLS):
            polled = await client.get("/socket/longpoll", params=query)
            answer: Mapping[str, Any] = polled.raise_for_status().json()
            if answer["status"] == 410:
                self.counts["poll: sessions that ended"] += 1
                return
            query["token"] = answer["token"]
            self.counts["polls"] += 1

    async def _intrude(self) -> None:
        """Connect without a key, and with a wrong one."""
        url = f"ws://127.0.0.1:{self._port}/socket/websocket?vsn=2.0.0"
        while True:
            for query in ("", f"&token={self._token[:-4]}AAAA"):
                try:
                    async with connect(url + query, compression=None):
                        self.leaks.append(f"connected with {query or 'no token'}")
                except InvalidStatus as error:
                    self.counts[f"refused with {error.response.status_code}"] += 1
                except CONNECT_ERRORS as error:
                    self.counts[f"intruder: {type(error).__name__}"] += 1
            await asyncio.sleep(PAUSE_S * 10)


def _result(client: SoakClient) -> Counter[str]:
    counts = {"events": client.events, "announced": client.announced}
    return Counter(counts | {"missing": client.missing, "repeated": client.repeated})
