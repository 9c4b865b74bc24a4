"""A client that checks the order of all messages received: ends, replies and broadcasts."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.support.phoenix.fakes import Talk
from tickfire.phoenix.wire.serializers.binary import REPLY

UNSERVED = "nowhere:1"


class Heard(NamedTuple):
    """One message of the server; vsn 1.0.0 does not say the join_ref."""

    join_ref: str | None
    ref: str | None
    topic: str
    event: str
    payload: Any


class Asked(NamedTuple):
    """One message of the client that is not answered yet."""

    topic: str
    event: str
    join_ref: str | None
    then: str


@dataclass
class Join:
    """The outcome of one join."""

    topic: str
    ended: bool = False
    shouts: list[int] = field(default_factory=list)


class Watcher:
    """One client: its requests, its joins, and the order of the messages received.

    Attributes
    ----------
    asked
        By ref, what is not answered.
    joins
        By join_ref, every join that it has asked for.
    current
        By topic, the join_ref of the join that stands, as far as the client can know.
    """

    def __init__(self, name: str, talk: Talk, vsn: str, refs: Callable[[], str]) -> None:
        self.name = name
        self.talk = talk
        self.vsn = vsn
        self.asked: dict[str, Asked] = {}
        self.joins: dict[str, Join] = {}
        self.current: dict[str, str] = {}
        self._next_ref = refs
        self.story: list[Any] = []

    def __repr__(self) -> str:
        lines = (" ".join(map(str, line)) for line in self.story)
        return f"client {self.name}, {self.vsn}:\n  " + "\n  ".join(lines)

    # --- speaking
    def send(self, topic: str, event: str, payload: dict[str, Any], join_ref: str | None) -> None:
        """Send a message; a join gets a join_ref of its own."""
        ref = self._next_ref()
        if event == "phx_join":
            join_ref = ref
            self.joins[ref] = Join(topic)
        self.asked[ref] = Asked(topic, event, join_ref, payload.get("then", ""))
        self.story.append(("->", join_ref, ref, topic, event, payload))
        if payload.get("binary") and self.vsn == "v2":
            self._send_binary(join_ref, ref, topic, event, payload)
            return
        message: Any = [join_ref, ref, topic, event, payload]
        if self.vsn == "v1":
            names = ("join_ref", "ref", "topic", "event", "payload")
            message = dict(zip(names, message, strict=True))
        self.talk.session.receive(json.dumps(message).encode(), False)

    def _send_binary(
        self, join_ref: str | None, ref: str, topic: str, event: str, payload: Any
    ) -> None:
        parts = [text.encode() for text in (join_ref or "", ref, topic, event)]
        if join_ref is None:  # which a binary message cannot say: it would be a stale one
            self.asked[ref] = self.asked[ref]._replace(join_ref="")
        head = bytes([0, *map(len, parts)]) + b"".join(parts)
        self.talk.session.receive(head + json.dumps(payload).encode(), True)

    # --- listening
    def listen(self) -> None:
        """Check all that has been said."""
        for said in self.talk.said():
            heard = self._read(said)
            self.story.append(("<-", *heard))
            match heard.event:
                case "phx_reply":
                    self._on_reply(heard)
                case "phx_close" | "phx_error":
                    self._on_end(heard)
                case "shout":
                    self._on_shout(heard)
                case "pushed":
                    self._check_is_current(heard)
                case _:
                    raise AssertionError(heard)

    def _read(self, said: Any) -> Heard:
        if isinstance(said, bytes):
            return _read_binary(said)
        if self.vsn == "v2":
            return Heard(*said)
        return Heard(None, said["ref"], said["topic"], said["event"], said["payload"])

    def _on_reply(self, heard: Heard) -> None:
        assert heard.ref in self.asked, f"answered twice, or never asked: {heard}"
        asked = self.asked.pop(heard.ref)
        assert heard.topic == asked.topic
        assert asked.then != "silence" or asked.event != "do" or self._is_unmatched(heard)
        if heard.join_ref is not None and asked.event != "phx_leave":
            assert heard.join_ref in self.joins, heard
            assert not self.joins[heard.join_ref].ended, f"answered by a join that is over: {heard}"
        if asked.event == "phx_join":
            self._on_join_reply(heard)
        elif asked.event == "phx_leave":
            self.current.pop(heard.topic, None)

    def _on_join_reply(self, heard: Heard) -> None:
        assert heard.ref is not None
        if heard.payload["status"] == "ok":
            assert heard.topic != UNSERVED
            self.current[heard.topic] = heard.ref
        else:
            self.joins[heard.ref].ended = True

    @staticmethod
    def _is_unmatched(heard: Heard) -> bool:
        return bool(heard.payload["response"] == {"reason": "unmatched topic"})

    def _on_end(self, heard: Heard) -> None:
        assert heard.ref is not None
        join = self.joins[heard.ref]
        assert join.topic == heard.topic, f"the end of no join: {heard}"
        assert not join.ended, f"ended twice: {heard}"
        join.ended = True
        if self.current.get(heard.topic) == heard.ref:
            del self.current[heard.topic]

    def _on_shout(self, heard: Heard) -> None:
        join_ref = self._check_is_current(heard)
        self.joins[join_ref].shouts.append(heard.payload["n"])

    def _check_is_current(self, heard: Heard) -> str:
        assert heard.topic in self.current, f"outside any join: {heard}"
        current = self.current[heard.topic]
        assert heard.join_ref in (None, current), f"of another join than {current}: {heard}"
        assert not self.joins[current].ended
        return current

    # --- once all is quiet
    def check_shouts(self, shouted: dict[str, list[tuple[int, str]]]) -> None:
        """Check that each join received an unbroken run of its topic, except its own broadcasts.

        Parameters
        ----------
        shouted
            By topic, (number, name of who is not to hear it) of every broadcast.
        """
        for join in self.joins.values():
            if not join.shouts:
                continue
            first, last = join.shouts[0], join.shouts[-1]
            run = [n for n, spared in shouted[join.topic] if spared != self.name]
            assert join.shouts == [n for n in run if first <= n <= last], self
        for topic, join_ref in self.current.items():
            heard = self.joins[join_ref].shouts
            assert heard, self
            assert heard[-1] == shouted[topic][-1][0], (self, shouted[topic])

    def check_answers(self) -> None:
        """Check that everything is answered that should be."""
        for ref, asked in self.asked.items():
            assert asked.event not in ("phx_join", "heartbeat"), (ref, asked)
            if asked.event == "phx_leave":
                assert asked.join_ref != self.current.get(asked.topic, object()), (ref, asked)
            elif asked.then not in ("silence", "crash"):
                # Messages that its channel took with it when it ended are never answered, nor are
                # those that were meant for another join than the one that stood.
                assert self.current.get(asked.topic, object()) != asked.join_ref, (ref, asked)


def _read_binary(said: bytes) -> Heard:
    assert said[0] == REPLY
    parts, at = [], 5
    for size in said[1:5]:
        parts.append(said[at : at + size].decode())
        at += size
    join_ref, ref, topic, status = parts
    return Heard(
        join_ref, ref, topic, "phx_reply", {"status": status, "response": json.loads(said[at:])}
    )


def counted() -> Callable[[], str]:
    """Return what gives "1", "2" and so on."""
    refs = itertools.count(1)
    return lambda: str(next(refs))
