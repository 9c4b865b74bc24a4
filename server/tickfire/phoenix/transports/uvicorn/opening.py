"""Opening of a WebSocket connection under uvicorn: from the request to a session.

The ASGI application runs here as an eager task: if it does not suspend, the response is written
before `feed` returns, and no task is scheduled.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from uvicorn.protocols.utils import ClientDisconnected, is_ssl

from tickfire.phoenix.core.eager import run_eagerly
from tickfire.phoenix.core.interfaces import ClientSession, Transport
from tickfire.phoenix.transports.handshake import CRASHED, Accepted, Refusal, Response
from tickfire.phoenix.transports.options import ConnectionOptions
from tickfire.phoenix.transports.uvicorn.foreign import Foreign
from tickfire.phoenix.transports.uvicorn.upgrade import (
    EXTENSION,
    RequestHead,
    Upgrade,
    accept_response,
    own_address_of,
    peer_of,
    refusal_response,
)

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

# uvicorn's own log of connections, so that its logging options keep working.
access_logger = logging.getLogger("uvicorn.error")
logger = logging.getLogger(__name__)

RESTARTING = Refusal(503)

# Limit of the bytes that a client may send before its handshake is answered.
MAX_EARLY_BYTES = 64 << 10


class Connection(Transport, Protocol):
    """Connection that is being opened; see `PhoenixProtocol`."""

    transport: asyncio.Transport

    def open(
        self, session: ClientSession, options: ConnectionOptions, early: bytes, *, deflate: bool
    ) -> None:
        """Start serving a session."""

    def finish(self) -> None:
        """End the server's side of the connection."""

    def hand_over(self) -> asyncio.Transport:
        """Return the transport, for another protocol to take over."""


class Opening:
    """One handshake, which the protocol keeps only until it is done."""

    def __init__(
        self,
        protocol: Connection,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
    ) -> None:
        if not config.loaded:
            config.load()
        self._protocol = protocol
        self._config = config
        self._server_state = server_state
        self._app_state = app_state
        self._early = b""
        self._head: RequestHead | None = None
        self._decided = False
        self._task: asyncio.Task[None] | None = None
        self._foreign: Foreign | None = None

    def feed(self, data: bytes) -> None:
        """Handle the request, then buffer bytes that the client sends before the response."""
        if self._head is None:
            self.begin(RequestHead.decode(data))
            return
        self._early += data
        if len(self._early) > MAX_EARLY_BYTES:
            self._protocol.abort()

    def begin(self, head: RequestHead) -> None:
        """Handle the request."""
        self._head = head
        fault = head.fault()
        if fault is not None:
            self._refuse(fault)
            return
        loop = asyncio.get_running_loop()
        self._task = run_eagerly(
            self._run(self._scope(head)), loop, self._server_state.tasks.discard
        )
        if self._task is not None:
            self._server_state.tasks.add(self._task)

    def lost(self) -> None:
        """Cancel the handshake because the client has gone."""
        self._decided = True
        if self._task is not None:
            self._task.cancel()

    def shutdown(self) -> None:
        """Refuse the handshake because the server is shutting down."""
        if self._task is not None:
            self._task.cancel()
        self._refuse(RESTARTING)

    # --- the application
    def _scope(self, head: RequestHead) -> dict[str, Any]:
        transport = self._protocol.transport
        scope = head.scope(self._config.root_path)
        scope["scheme"] = "wss" if is_ssl(transport) else "ws"
        scope["server"] = own_address_of(transport)
        scope["client"] = peer_of(transport)
        scope["state"] = self._app_state.copy()
        upgrade = Upgrade(head.method, self._accept, self._refuse)
        scope["extensions"] = {"websocket.http.response": {}, EXTENSION: upgrade}
        return scope

    async def _run(self, scope: dict[str, Any]) -> None:
        try:
            await self._config.loaded_app(scope, self._receive, self._send)
        except ClientDisconnected:
            pass
        except Exception as error:
            if self._foreign is not None:
                self._foreign.finish(error)
                return
            logger.exception("the application failed during a handshake")
        if self._foreign is not None:
            self._foreign.finish(None)
        elif not self._decided:
            self._refuse(CRASHED)

    async def _receive(self) -> Any:
        return await (await self._adopted()).receive()

    async def _send(self, message: Any) -> None:
        await (await self._adopted()).send(message)

    async def _adopted(self) -> Foreign:
        """Hand the connection to uvicorn's own protocol, for a route that is not Phoenix's."""
        if self._foreign is None:
            await asyncio.sleep(0)  # uvicorn sets our protocol only after the first `feed`
            self._decided = True
            foreign = Foreign(self._config, self._server_state, self._app_state)
            request = self._head_of().encode() + self._early
            await foreign.adopt(self._protocol.hand_over(), request)
            self._foreign = foreign
        return self._foreign

    # --- the decision
    def _accept(
        self,
        make_session: Callable[[Transport], ClientSession],
        accepted: Accepted,
        options: ConnectionOptions,
    ) -> None:
        if self._decided:
            return
        session = make_session(self._protocol)
        self._decided = True
        key = next(value for name, value in self._head_of().headers if name == _KEY)
        self._protocol.write(accept_response(key, accepted.subprotocol, accepted.extensions))
        self._log("[accepted]")
        deflate = accepted.extensions is not None
        self._protocol.open(session, options, self._early, deflate=deflate)

    def _refuse(self, refusal: Response) -> None:
        if self._decided:
            return
        self._decided = True
        self._protocol.write(refusal_response(refusal, self._head_of().method))
        self._log(str(refusal.status))
        self._protocol.finish()

    def _head_of(self) -> RequestHead:
        assert self._head is not None
        return self._head

    def _log(self, outcome: str) -> None:
        if access_logger.isEnabledFor(logging.INFO):
            peer = peer_of(self._protocol.transport)
            client = f"{peer[0]}:{peer[1]}" if peer else ""
            target = self._head_of().target.decode("ascii", "backslashreplace")
            path = target.partition("?")[0]  # tokens may be among the params
            access_logger.info('%s - "WebSocket %s" %s', client, path, outcome)


_KEY = b"sec-websocket-key"
