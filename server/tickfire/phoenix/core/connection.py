"""Joined topics of a connection, and the routing of its messages. Pure, without I/O or clock.

One connection multiplexes channels, one per topic. `Connection.receive` returns the outcome of a
message from the client, but changes nothing: a join or a leave takes effect only when it is
recorded (`joined`, `ended`). The rules, in the order in which they apply:

==============  ============================  =====================================================
topic           event                         outcome
==============  ============================  =====================================================
"phoenix"       heartbeat                     Answer ok
joined          phx_join                      Join, replacing the present channel
joined          any, different join_ref       IGNORE: it belongs to an earlier join of the topic
joined          phx_leave                     Leave
joined          any                           Deliver
not joined      phx_join, no channel for it   Answer error "unmatched topic"
not joined      phx_join, limit reached       Answer error "too many channels joined"
not joined      phx_join                      Join
not joined      phx_leave                     Answer ok: there is nothing to leave
not joined      any                           Answer error "unmatched topic"
==============  ============================  =====================================================

Topics and refs may be any JSON value, but only a string can be joined.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from tickfire.phoenix.wire.message import Message

DEFAULT_MAX_CHANNELS = 100


class Joined[C]:
    """A joined topic, with the join_ref as the client sent it and the channel that serves it."""

    __slots__ = ("channel", "join_ref", "topic")

    def __init__(self, topic: str, join_ref: Any, channel: C) -> None:
        self.topic = topic
        self.join_ref = join_ref
        self.channel = channel


class Deliver[C](msgspec.Struct, frozen=True, gc=False):
    """Outcome: deliver the message to this channel."""

    joined: Joined[C]


class Leave[C](msgspec.Struct, frozen=True, gc=False):
    """Outcome: let the client leave this channel."""

    joined: Joined[C]


class Join[C, F](msgspec.Struct, frozen=True, gc=False):
    """Outcome: join the topic with a channel from `factory`, after ending `replaced`."""

    factory: F
    replaced: Joined[C] | None


class Answer(msgspec.Struct, frozen=True, gc=False):
    """Outcome: reply to the client without involving a channel."""

    join_ref: Any
    ref: Any
    topic: Any
    status: str
    response: Any


class Ignore(msgspec.Struct, frozen=True, gc=False):
    """Outcome: drop the message."""


IGNORE: Final = Ignore()

type Outcome[C, F] = Deliver[C] | Leave[C] | Join[C, F] | Answer | Ignore


class Connection[C, F]:
    """The joined topics of one client.

    Parameters
    ----------
    route
        Function that returns the factory of a topic's channel, or None if no channel serves the
        topic.
    max_channels
        Maximum number of topics joined at the same time.
    """

    __slots__ = ("_first", "_max_channels", "_others", "_route")

    def __init__(
        self, route: Callable[[str], F | None], max_channels: int = DEFAULT_MAX_CHANNELS
    ) -> None:
        self._route = route
        self._max_channels = max_channels
        self._first: Joined[C] | None = None  # most connections join one topic, without a dict
        self._others: dict[str, Joined[C]] | None = None

    def receive(self, message: Message) -> Outcome[C, F]:
        """Return the outcome of a message from the client."""
        topic, event = message.topic, message.event
        if event == "heartbeat" and topic == "phoenix":
            return Answer(None, message.ref, topic, "ok", {})
        joined = self._find(topic)
        if joined is None:
            return self._not_joined(message)
        if event == "phx_join":
            factory = self._route(topic)
            return _unmatched(message) if factory is None else Join(factory, joined)
        if message.join_ref is not None and not identical(message.join_ref, joined.join_ref):
            return IGNORE
        if event == "phx_leave":
            return Leave(joined)
        return Deliver(joined)

    def joined(self, message: Message, channel: C) -> Joined[C]:
        """Record that the join in `message` succeeded."""
        joined = Joined(message.topic, message.join_ref, channel)
        if self._first is None and not self._others:
            self._first = joined
        elif self._others is None:
            self._others = {joined.topic: joined}
        else:
            self._others[joined.topic] = joined
        return joined

    def ended(self, joined: Joined[C]) -> bool:
        """Record the end of a channel; return False if it had ended or been replaced before."""
        if joined is self._first:
            self._first = None
            return True
        if self._others is None or self._others.get(joined.topic) is not joined:
            return False
        del self._others[joined.topic]
        return True

    def clear(self) -> None:
        """Forget all channels, which have ended."""
        self._first = self._others = None

    def joined_topics(self) -> list[Joined[C]]:
        """Return all joined topics, in the order of their joins."""
        first = [] if self._first is None else [self._first]
        return first if self._others is None else [*first, *self._others.values()]

    def channels(self) -> list[C]:
        """Return the channels of all joined topics."""
        return [joined.channel for joined in self.joined_topics()]

    def _find(self, topic: Any) -> Joined[C] | None:
        first = self._first
        if first is not None and first.topic == topic:
            return first
        if self._others is None or type(topic) is not str:
            return None
        return self._others.get(topic)

    def _not_joined(self, message: Message) -> Outcome[C, F]:
        if message.event == "phx_leave":
            return Answer(message.join_ref, message.ref, message.topic, "ok", {})
        if message.event != "phx_join" or type(message.topic) is not str:
            return _unmatched(message)
        factory = self._route(message.topic)
        if factory is None:
            return _unmatched(message)
        if len(self.joined_topics()) >= self._max_channels:
            reason = {"reason": "too many channels joined"}
            return Answer(message.join_ref, message.ref, message.topic, "error", reason)
        return Join(factory, None)


def identical(left: Any, right: Any) -> bool:
    """Return whether two refs are equal in value and JSON type: 4, 4.0 and "4" all differ."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list | dict):  # as text: a client may nest them to any depth
        return msgspec.json.encode(left, order="sorted") == msgspec.json.encode(
            right, order="sorted"
        )
    return bool(left == right)


def _unmatched(message: Message) -> Answer:
    # Phoenix leaves out the join_ref here, even the one that the client sent.
    return Answer(None, message.ref, message.topic, "error", {"reason": "unmatched topic"})
