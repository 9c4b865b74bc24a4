"""Registry of the long-poll sessions of one socket, on this node and on others.

A token names a session and its node, or no node if that was not linked to others yet. Requests for
sessions of other nodes are relayed through `PubSub`, if the hub is linked to other nodes.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from tickfire.phoenix.auth.token import Token, TokenError
from tickfire.phoenix.core.hub import Cluster, Hub
from tickfire.phoenix.core.interfaces import ClientSession
from tickfire.phoenix.transports.longpoll.options import Leave, LongPollOptions
from tickfire.phoenix.transports.longpoll.transport import Entry, LongPollTransport

ID_BYTES = 16


class GoneError(Exception):
    """Raised when no node has the session."""


class LongPollServer:
    """Registry of sessions, which handles the requests of their clients.

    Parameters
    ----------
    hub
        The hub of this node, with its link to other nodes.
    name
        Name of the socket, identical on all nodes.
    token
        Signer and verifier of session tokens.
    options
        The socket's options.
    """

    def __init__(self, hub: Hub, name: str, token: Token, options: LongPollOptions) -> None:
        self._hub = hub
        self._topic = f"phx:longpoll:{name}"
        self._token = token
        self._options = options
        self._sessions: dict[str, LongPollTransport] = {}
        self._relay: _Relay | None = None

    @property
    def _node(self) -> str:
        """Name of this node, empty while there is no link to others."""
        pubsub = self._hub.pubsub
        return "" if pubsub is None else pubsub.node

    # --- sessions
    def create(
        self, make_session: Callable[[LongPollTransport], ClientSession], leave: Leave | None = None
    ) -> str:
        """Create a session and return its token; `leave` is called when the session has ended."""
        self._link()
        name = secrets.token_urlsafe(ID_BYTES)

        def end(code: int | None) -> None:
            self._sessions.pop(name, None)
            if leave is not None:
                leave(code)

        self._sessions[name] = LongPollTransport(make_session, self._options, end)
        return self._token.sign((self._node, name))

    def sessions(self) -> list[tuple[str, LongPollTransport]]:
        """Return the sessions of this node with their names."""
        return list(self._sessions.items())

    def own_name(self, token: str) -> str | None:
        """Return the name of a session of this node, None if it is of another one."""
        found = self._read(token)
        return found[1] if found is not None and found[1] in self._sessions else None

    def is_valid(self, token: str | None) -> bool:
        """Return whether a token is authentic and not expired; its session may have ended."""
        return self._read(token) is not None

    def _read(self, token: str | None) -> tuple[str, str] | None:
        try:
            data = self._token.verify(token, max_age_s=self._options.token_max_age_s)
        except TokenError:
            return None
        match data:
            case (str(node), str(name)):
                return node, name
        return None

    # --- requests
    async def poll(self, token: str) -> list[bytes]:
        """Return the messages for the client of a session; raise GoneError if it has ended."""
        messages: list[bytes] = await self._do(token, "poll", None)
        return messages

    async def dispatch(self, token: str, entries: Sequence[Entry]) -> bool:
        """Pass frames to a session; raise GoneError if it has ended.

        Returns
        -------
        bool
            False if handling them takes longer than a window.
        """
        done: bool = await self._do(token, "dispatch", entries)
        return done

    async def _do(self, token: str, operation: str, argument: Any) -> Any:
        self._link()
        found = self._read(token)
        if found is None:
            raise GoneError
        node, name = found
        session = self._sessions.get(name)
        if session is not None:
            return await _perform(session, operation, argument)
        if self._relay is not None and node != self._node:
            return await self._relay.ask(node or None, name, operation, argument)
        # As in Phoenix, the answer takes this long, so that clients do not retry at once.
        await asyncio.sleep(self._options.pubsub_timeout_s)
        raise GoneError

    def _link(self) -> None:
        """Create the relay for the hub's current link to other nodes, or drop it."""
        pubsub = self._hub.pubsub
        if pubsub is None:
            self._relay = None
        elif self._relay is None or self._relay.pubsub is not pubsub:
            self._relay = _Relay(pubsub, self._topic, self._sessions, self._options)


def _perform(session: LongPollTransport, operation: str, argument: Any) -> Coroutine[Any, Any, Any]:
    if operation == "poll":
        return session.poll()
    return session.dispatch([(bytes(payload), binary) for payload, binary in argument])


class _Relay:
    """Relay of requests to and from other nodes.

    A request is `[number, session, operation, argument]`. The node that has the session answers
    with `[number]` at once, and later with `[number, result]`. The operation "hang_up" is not
    answered.
    """

    def __init__(
        self,
        pubsub: Cluster,
        topic: str,
        sessions: dict[str, LongPollTransport],
        options: LongPollOptions,
    ) -> None:
        self.pubsub = pubsub
        self._topic = topic
        self._sessions = sessions
        self._options = options
        self._numbers = itertools.count()
        self._found: dict[int, asyncio.Future[None]] = {}
        self._results: dict[int, asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        pubsub.handle(topic, self._take)

    async def ask(self, node: str | None, name: str, operation: str, argument: Any) -> Any:
        """Ask a node, or all if it is None, and return the result; raise GoneError without one."""
        loop = asyncio.get_running_loop()
        number = next(self._numbers)
        found = self._found[number] = loop.create_future()
        result = self._results[number] = loop.create_future()
        patience_s = self._options.pubsub_timeout_s
        try:
            await self.pubsub.send(self._topic, [number, name, operation, argument], to=node)
            async with asyncio.timeout(patience_s):
                await found
            async with asyncio.timeout(self._options.window_s + patience_s):
                return await result
        except TimeoutError:
            raise GoneError from None
        except asyncio.CancelledError:
            await self.pubsub.send(self._topic, [number, name, "hang_up", None], to=node)
            raise
        finally:
            del self._found[number], self._results[number]

    def _take(self, node: str, message: Any) -> None:
        match message:
            case [int(number)]:
                _resolve(self._found.get(number), None)
            case [int(number), result]:
                _resolve(self._results.get(number), result)
            case [int(), str(name), "hang_up", None]:
                if name in self._sessions:
                    self._sessions[name].hang_up()
            case [int(number), str(name), str(operation), argument] if name in self._sessions:
                work = self._answer(
                    node, number, _perform(self._sessions[name], operation, argument)
                )
                task = asyncio.create_task(work)
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _answer(self, node: str, number: int, work: Coroutine[Any, Any, Any]) -> None:
        await self.pubsub.send(self._topic, [number], to=node)
        await self.pubsub.send(self._topic, [number, await work], to=node)


def _resolve[T](future: asyncio.Future[T] | None, result: T) -> None:
    if future is not None and not future.done():
        future.set_result(result)
