"""Presence: the users on each topic, on all nodes, with metadata.

::

    presence = Presence(hub)

    class Room(Channel):
        async def join(self, topic, payload, socket):
            socket.send_info("after_join")

        async def handle_info(self, message, socket):
            presence.track(socket, socket.assigns["user_id"], {"online_at": time.time()})
            socket.push("presence_state", await presence.list(socket.topic))

Subscribers receive every change as an event `presence_diff`, which phoenix.js's `Presence` applies
to its list.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import itertools
import logging
import secrets
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.presence.link import Link
from tickfire.phoenix.presence.replication import Replication, Send, Timing
from tickfire.phoenix.presence.roster import Presences, Roster, by_topic
from tickfire.phoenix.presence.state import Diff, Dot, Entry
from tickfire.phoenix.wire.errors import PhoenixError

__all__ = ["AlreadyTrackedError", "NotTrackedError", "Presence", "Presences"]

logger = logging.getLogger(__name__)

INCARNATION_BYTES = 9

type Meta = dict[str, Any]

type Metas = dict[str, list[Meta]]
"""Metas by key."""

type Change = dict[str, Presences]
"""`{"joins": ..., "leaves": ...}`."""

type _Telling = tuple[str, Presences, Presences, Metas]
"""Topic, joins and leaves of a change, and the metas on the topic after it."""


class SocketLike(Protocol):
    """The part of a channel's socket that presence uses."""

    @property
    def topic(self) -> str:
        """The topic that was joined."""

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call back once, when the channel has ended."""


class AlreadyTrackedError(PhoenixError):
    """Raised by `Presence.track` for a key that the channel already tracks."""


class NotTrackedError(PhoenixError):
    """Raised by `Presence.update` for a key that the channel does not track."""


class Presence:
    """Tracker of the presences of this node's channels, replicated to the other nodes.

    A single node needs no set-up. If the hub has a `PubSub`, enter the presence as an async context
    manager within it, for the lifetime of the application. Subclass it to override `fetch`.

    Parameters
    ----------
    hub
        The hub whose subscribers receive the changes.
    name
        Name of this presence, the same on all nodes; distinguishes several presences of one
        application.
    timing
        Interval of heartbeats, and the times of silence after which a node's presences are hidden
        and removed.
    """

    def __init__(self, hub: Hub, name: str = "presence", timing: Timing | None = None) -> None:
        self.hub = hub
        # A name never used before, since the changes of a replica are counted from 1.
        replica = secrets.token_urlsafe(INCARNATION_BYTES)
        self._replication = Replication(replica, timing or Timing())
        self._refs = (f"{replica}{number:x}" for number in itertools.count())
        self._roster = Roster()
        self._own: dict[SocketLike, dict[str, Dot]] = {}
        self._link = Link(f"phx:presence:{name}", self._replication, self._tell)
        self._tellings: asyncio.Queue[_Telling] | None = None
        self._teller: asyncio.Task[None] | None = None

    # --- for channels
    def track(self, socket: SocketLike, key: str, meta: Meta) -> str:
        """Track a presence on a channel's topic until it is untracked or the channel ends.

        Parameters
        ----------
        socket
            The channel's socket.
        key
            The user, for example; several channels may track the same key.
        meta
            Metadata that subscribers receive.

        Returns
        -------
        str
            The phx_ref of the presence.

        Raises
        ------
        AlreadyTrackedError
            If this channel already tracks the key.
        """
        own = self._own.get(socket)
        if own is None:
            own = self._own[socket] = {}
            socket.on_end(lambda: self._remove(socket, list(self._own.get(socket, ()))))
        if key in own:
            raise AlreadyTrackedError(key)
        ref = next(self._refs)
        entry = Entry(socket.topic, str(key), ref, {**meta, "phx_ref": ref})
        own[key], delta = self._replication.state.add(entry)
        self._changed(Diff([(own[key], entry)], []), self._replication.delta(delta))
        return ref

    def update(self, socket: SocketLike, key: str, meta: Meta | Callable[[Meta], Meta]) -> str:
        """Replace the metadata of a presence.

        Parameters
        ----------
        socket, key
            As they were tracked.
        meta
            The new meta, or a function of the old one.

        Returns
        -------
        str
            The new phx_ref of the presence.

        Raises
        ------
        NotTrackedError
            If this channel does not track the key.
        """
        own = self._own.get(socket, {})
        if key not in own:
            raise NotTrackedError(key)
        old_dot, state = own[key], self._replication.state
        old = state.entries[old_dot]
        new_meta = meta(old.meta) if callable(meta) else meta
        ref = next(self._refs)
        refs = {"phx_ref": ref, "phx_ref_prev": old.meta["phx_ref"]}
        new = old._replace(meta={**new_meta, **refs})
        own[key], delta = state.replace(old_dot, new)
        diff = Diff([(own[key], new)], [(old_dot, old)])
        self._changed(diff, self._replication.delta(delta))
        return ref

    def untrack(self, socket: SocketLike, key: str) -> None:
        """End a presence; nothing happens if it is not tracked."""
        if key in self._own.get(socket, {}):
            self._remove(socket, [key])

    async def list(self, topic: str | SocketLike) -> Presences:
        """Return the presences on a topic, or on a socket's, on all nodes, in order of tracking."""
        name = topic if isinstance(topic, str) else topic.topic
        return await self.fetch(name, self._roster.list(name))

    async def get_by_key(self, topic: str | SocketLike, key: str) -> dict[str, Any] | None:
        """Return what `list` has of one key, ``{"metas": [...]}``; None if it is not present."""
        name, key = topic if isinstance(topic, str) else topic.topic, str(key)
        entry = self._roster.list(name).get(key)
        if entry is None:
            return None
        return (await self.fetch(name, {key: entry})).get(key)

    async def fetch(self, topic: str, presences: Presences) -> Presences:
        """Add data to presences before they are sent to clients; override it.

        Called with all presences of a list, and with the joins and the leaves of a diff.
        """
        return presences

    async def handle_metas(self, topic: str, diff: Change, presences: Metas) -> None:
        """Follow the presences in server code; override it.

        Called on every node for each change of a topic, in order, after its subscribers on this
        node have got it.

        Parameters
        ----------
        topic
            The topic that changed.
        diff
            ``{"joins": ..., "leaves": ...}``, as in the event `presence_diff`, with the data that
            `fetch` added.
        presences
            The metas of every key on the topic after the change, without that data. A key whose
            last presence left is absent.
        """

    # --- changes
    def _remove(self, socket: SocketLike, keys: builtins.list[str]) -> None:
        own = self._own.get(socket, {})
        entries = self._replication.state.entries
        left = [(own[key], entries[own[key]]) for key in keys]
        for key in keys:
            del own[key]
        if not own:
            self._own.pop(socket, None)
        if left:
            delta = self._replication.state.remove(dot for dot, _ in left)
            self._changed(Diff([], left), self._replication.delta(delta))

    def _changed(self, diff: Diff, sends: builtins.list[Send]) -> None:
        self._tell(diff)
        self._link.send(sends)

    def _tell(self, diff: Diff) -> None:
        """Send a change to the subscribers on this node."""
        self._roster.apply(diff)
        kind = type(self)
        if kind.fetch is Presence.fetch and kind.handle_metas is Presence.handle_metas:
            for topic, (joins, leaves) in by_topic(diff).items():
                self.hub.local_broadcast(topic, "presence_diff", {"joins": joins, "leaves": leaves})
            return
        if self._tellings is None:
            self._tellings = asyncio.Queue()
        for topic, (joins, leaves) in by_topic(diff).items():
            metas = {key: entry["metas"] for key, entry in self._roster.list(topic).items()}
            self._tellings.put_nowait((topic, joins, leaves, metas))
        if self._teller is None or self._teller.done():
            self._teller = asyncio.create_task(self._tell_all(self._tellings))

    async def _tell_all(self, tellings: asyncio.Queue[_Telling]) -> None:
        """Send changes in order, each with the data that `fetch` adds."""
        while not tellings.empty():
            topic, joins, leaves, metas = tellings.get_nowait()
            try:
                change = {
                    "joins": await self.fetch(topic, joins) if joins else {},
                    "leaves": await self.fetch(topic, leaves) if leaves else {},
                }
                self.hub.local_broadcast(topic, "presence_diff", change)
            except Exception:
                logger.exception("a presence_diff on %r is lost: fetch failed", topic)
                continue
            try:
                await self.handle_metas(topic, change, metas)
            except Exception:
                logger.exception("handle_metas failed for a change on %r", topic)

    # --- other nodes
    async def __aenter__(self) -> Self:
        if self.hub.pubsub is not None:
            self._link.open(self.hub.pubsub)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await self._link.close()
        if self._teller is not None:
            await asyncio.wait((self._teller,))
