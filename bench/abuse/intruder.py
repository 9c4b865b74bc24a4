"""The intruder, a thread: it tries to read what it was not granted, and counts what it gets.

It connects without a token, with a wrong key and with a revoked one, by WebSocket and by long-poll,
and joins topics that its own key does not grant.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections import Counter
from dataclasses import replace
from typing import Final

from bench.abuse.wire import Target, frames_in, text_frame, upgrade
from bench.background import Background

PAUSE_S: Final = 0.5
LISTENS_S: Final = 1.0
PATIENCE_S: Final = 10.0
GRANTED: Final = "news:headlines"
"""The one topic that the intruder's own key grants."""
OTHERS: Final = ("market:realtime", "market:AAA", "candles:AAA:1s", "signals:all", "pipeline:trace")


class Intruder(Background):
    """A client that is granted nothing, or `GRANTED` alone.

    Parameters
    ----------
    target : Target
        With a key for `GRANTED`.
    revoked : str
        A key that was revoked.

    Attributes
    ----------
    refused : Counter
        Refusals, by their kind.
    leaked : int
        Bytes that it received beyond refusals.
    """

    def __init__(self, target: Target, revoked: str) -> None:
        super().__init__()
        self.refused: Counter[str] = Counter()
        self.leaked = 0
        self._own = target
        self._strangers = [
            replace(target, token=token) for token in ("", f"{target.token}x", revoked)
        ]

    def work(self) -> None:
        """Try to get in, and count the answers, until told to end."""
        attempts = [(each, one) for one in self._strangers for each in (self._open, self._poll)]
        while not self.ended.is_set():
            for attempt, target in (*attempts, (self._join, self._own)):
                try:
                    attempt(target)
                except (OSError, http.client.HTTPException) as error:
                    self.refused[str(error).split("\r\n")[0][:40]] += 1
            self.ended.wait(PAUSE_S)

    def _open(self, target: Target) -> None:
        """Open a WebSocket, which is to be refused."""
        with target.connect(PATIENCE_S) as connection:
            upgrade(connection, target)
            self.leaked += 1

    def _poll(self, target: Target) -> None:
        """Begin a long-poll session, which is to be refused."""
        client = http.client.HTTPConnection(
            "127.0.0.1", target.port, PATIENCE_S, (target.source, 0)
        )
        with contextlib.closing(client):
            headers = {"x-phoenix-authtoken": target.token} if target.token else {}
            client.request("GET", "/socket/longpoll?vsn=2.0.0", headers=headers)
            response = client.getresponse()
            body = response.read()
            if b'"token"' in body:
                self.leaked += len(body)
            else:
                self.refused[f"long-poll: {response.status}"] += 1

    def _join(self, target: Target) -> None:
        """Join topics that are not granted, and listen for a while."""
        with target.connect(PATIENCE_S) as connection:
            upgrade(connection, target)
            for topic in OTHERS:
                join = json.dumps(["1", topic, topic, "phx_join", {}])
                connection.sendall(text_frame(join.encode()))
            connection.settimeout(LISTENS_S)
            until = time.monotonic() + LISTENS_S
            with contextlib.suppress(TimeoutError):
                for opcode, payload in frames_in(connection):
                    self._judge(opcode, payload)
                    if time.monotonic() > until:
                        break

    def _judge(self, opcode: int, payload: bytes) -> None:
        if opcode == 1:
            _, _, topic, event, body = json.loads(payload)
            if event == "phx_reply" and body["status"] == "error":
                self.refused[f"join: {body['response'].get('reason')}"] += 1
            elif topic in OTHERS:
                self.leaked += len(payload)
        elif opcode == 2:
            self.leaked += len(payload)
