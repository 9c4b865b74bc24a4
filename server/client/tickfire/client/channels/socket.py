"""A connection to a Phoenix server that comes back by itself, and its channels."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable
from typing import Any, Self

from tickfire.client.channels.callbacks import Callbacks
from tickfire.client.channels.channel import JOIN, LEAVE, Channel, Params
from tickfire.client.channels.choice import TransportChoice
from tickfire.client.channels.heartbeat import Heartbeat
from tickfire.client.channels.options import PhoenixOptions, endpoint_of, shown_of
from tickfire.client.channels.transport import UNSUPPORTED_DATA, Transport, TransportClosed
from tickfire.client.errors import ConnectionFailedError
from tickfire.phoenix.wire.errors import DecodeError
from tickfire.phoenix.wire.message import Message
from tickfire.phoenix.wire.serializers.client import CLIENT_SERIALIZERS

_log = logging.getLogger("tickfire.client")

_OPEN, _CLOSE, _ERROR, _MESSAGE = "open", "close", "error", "message"


class Phoenix:
    """A connection to a Phoenix server, which comes back by itself.

    ::

        async with Phoenix("wss://example.com/socket", params={"user_id": 1}) as socket:
            room = socket.channel("room:lobby", {"name": "Ann"})
            print(await room.join())
            room.on("message", print)
            await room.push("message", {"text": "hello"})

    Parameters
    ----------
    url : str
        Address of the socket, as given to phoenix.js: with ws, wss, http or https.
    **options
        See `PhoenixOptions`.

    Raises
    ------
    ValueError
        If the address is not whole, or the version is not known.
    """

    def __init__(self, url: str, **options: Any) -> None:
        self.options = PhoenixOptions(**options)
        if self.options.vsn not in CLIENT_SERIALIZERS:
            known = " and ".join(CLIENT_SERIALIZERS)
            raise ValueError(f"vsn {self.options.vsn!r} is not known: there are {known}")
        self.endpoint = endpoint_of(url)
        self._shown = shown_of(self.endpoint)
        self.timeout_s = self.options.timeout_s
        self.rejoin_after_s = self.options.rejoin_after_s
        self._serializer = CLIENT_SERIALIZERS[self.options.vsn]()
        self._callbacks = Callbacks()
        self._channels: list[Channel] = []
        # At most one message of each channel, that of its present join.
        self._buffer: dict[Channel | None, Message] = {}
        self._ref = 0
        self._transport: Transport | None = None
        self._choice = TransportChoice(self.endpoint, self.options)
        self._heartbeat: Heartbeat | None = None
        self._running: asyncio.Task[None] | None = None
        self._opened: asyncio.Future[None] | None = None
        self._closing = False
        self._pauses: set[object] = set()
        self._going = asyncio.Event()
        self._going.set()

    # --- connecting
    async def connect(self, patience_s: float = 0.0) -> None:
        """Connect, and stay connected until `disconnect`.

        Parameters
        ----------
        patience_s
            Seconds during which attempts that reach no server are repeated. After the first
            connection they are repeated for ever.

        Raises
        ------
        ConnectionFailedError
            If the server refuses the connection, or cannot be reached.
        """
        if self._running is None:
            loop = asyncio.get_running_loop()
            self._opened = loop.create_future()
            self._closing = False
            self._running = loop.create_task(self._run(loop.time() + patience_s))
            self._running.add_done_callback(self._ended)
        assert self._opened is not None
        await asyncio.shield(self._opened)

    async def disconnect(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection for good; the channels are over."""
        self._closing = True
        transport, running = self._transport, self._running
        self._running = None
        self._pauses.clear()
        self._going.set()
        if transport is not None:
            await transport.close(code, reason)
        if running is not None and running is not asyncio.current_task():
            if transport is None:
                running.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionFailedError):
                await running
        for channel in list(self._channels):
            channel.shut()

    async def __aenter__(self) -> Self:
        """Connect."""
        try:
            await self.connect()
        except BaseException:  # a cancellation would leave the attempts going on
            await self.disconnect()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self.disconnect()

    @property
    def is_connected(self) -> bool:
        """True while there is a connection."""
        return self._transport is not None

    @property
    def transport_name(self) -> str:
        """Return "websocket" or "longpoll", the transport in use."""
        return self._choice.name

    # --- channels and callbacks
    def channel(self, topic: str, params: Params | None = None, **options: Any) -> Channel:
        """Return a new channel of a topic; call its `join`.

        Parameters
        ----------
        topic
            The topic.
        params
            Join params, or a function that returns them at every join.
        **options
            `retry_refused`: True to join again, as phoenix.js does, also if the first join is
            refused. Otherwise such a channel is over.
        """
        channel = Channel(topic, {} if params is None else params, self, **options)
        self._channels.append(channel)
        return channel

    def on_open(self, callback: Callable[[], object]) -> int:
        """Call `callback` after each connection; returns a ref for `off`."""
        return self._callbacks.add(_OPEN, callback)

    def on_close(self, callback: Callable[[int, str], object]) -> int:
        """Call `callback` with the close code and reason of each connection that is over."""
        return self._callbacks.add(_CLOSE, callback)

    def on_error(self, callback: Callable[[ConnectionFailedError], object]) -> int:
        """Call `callback` with the error of each attempt to connect that fails."""
        return self._callbacks.add(_ERROR, callback)

    def on_message(self, callback: Callable[[Message], object]) -> int:
        """Call `callback` with every message."""
        return self._callbacks.add(_MESSAGE, callback)

    def off(self, *refs: int) -> None:
        """Remove callbacks."""
        for ref in refs:
            for name in (_OPEN, _CLOSE, _ERROR, _MESSAGE):
                self._callbacks.remove(name, ref)

    async def ping(self) -> float:
        """Return the seconds that a heartbeat takes to the server and back.

        Raises
        ------
        ConnectionLostError
            If there is no connection, or it is lost meanwhile.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        heartbeat = self._heartbeat or Heartbeat(self.make_ref, None, self.options)
        await heartbeat.ping()
        return loop.time() - began

    def pause(self, reason: object) -> None:
        """Read nothing more until `resume` is called with the same reason.

        The server then notices a client that is too slow; nothing is lost.
        """
        self._pauses.add(reason)
        self._going.clear()

    def resume(self, reason: object) -> None:
        """Undo `pause`."""
        self._pauses.discard(reason)
        if not self._pauses:
            self._going.set()

    # --- for channels
    def make_ref(self) -> str:
        """Return the next ref."""
        self._ref += 1
        return str(self._ref)

    def transmit(self, message: Message, channel: Channel | None) -> None:
        """Send a message, now or once there is a connection."""
        if self._transport is None:
            self._buffer[channel] = message
        else:
            self._transport.send(self._serializer.encode(message))

    def leave_open_topic(self, topic: str) -> None:
        """Leave the channel that has joined a topic, if there is one."""
        for channel in self._channels:
            if channel.topic == topic and channel.state in ("joined", "joining"):
                channel.leave()
                return

    def remove(self, channel: Channel) -> None:
        """Forget a channel."""
        self._buffer.pop(channel, None)
        if channel in self._channels:
            self._channels.remove(channel)

    # --- the life of the connection
    async def _run(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        tries = 0
        was_told = False
        while not self._closing:
            transport = self._choice.make()
            try:
                await transport.open()
            except ConnectionFailedError as error:
                self._callbacks.call(_ERROR, error)
                if self._choice.falls_back(error):
                    continue
                if self._gives_up(error, loop.time() >= until):
                    return
                if not was_told and not self._is_opened:
                    was_told = True
                    _log.warning("%s; trying for %.0f s", error, until - loop.time())
                else:
                    _log.info("%s", error)
            else:
                tries = 0
                await self._converse(transport)
            if not self._closing:
                tries += 1
                wait_s = self.options.reconnect_after_s(tries)
                left_s = math.inf if self._is_opened else until - loop.time()
                await asyncio.sleep(max(min(wait_s, left_s), 0.0))

    def _ended(self, running: asyncio.Task[None]) -> None:
        """Report an error of the program itself, such as one of a function that returns a token."""
        error = None if running.cancelled() else running.exception()
        if error is None:
            return
        self._running = None
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(error)
            return
        _log.error("the connection to %s cannot be kept", self._shown, exc_info=error)
        for channel in self._channels.copy():
            channel.shut()

    def _gives_up(self, error: ConnectionFailedError, is_late: bool) -> bool:
        """Return whether the first connection is given up, which raises the error in `connect`."""
        if self._is_opened or not (error.is_refusal or is_late):
            return False
        assert self._opened is not None
        self._running = None
        self._opened.set_exception(error)
        return True

    @property
    def _is_opened(self) -> bool:
        """True after the first connection."""
        return self._opened is not None and self._opened.done()

    async def _converse(self, transport: Transport) -> None:
        self._transport = transport
        self._heartbeat = heartbeat = Heartbeat(self.make_ref, self._send, self.options)
        tasks = [asyncio.create_task(self._beat(heartbeat, transport))]
        if self._choice.may_fall_back:
            tasks.append(asyncio.create_task(self._choice.prove(heartbeat, transport)))
        try:
            self._open()
            while True:
                data = await transport.receive()
                self._take(data)
                if self._pauses:
                    await self._going.wait()
                    heartbeat.hold_off()
        except TransportClosed as closed:
            self._lost(closed)
        except asyncio.CancelledError:  # of the program that ends without a disconnect
            await transport.close(at_once=True)
            raise
        except DecodeError as error:
            _log.warning("%s sent a frame that is no message: %s", self._shown, error)
            await transport.close(UNSUPPORTED_DATA, "not a message", at_once=True)
            self._lost(TransportClosed(UNSUPPORTED_DATA, "not a message"))
        finally:
            for task in tasks:
                task.cancel()
            self._transport = self._heartbeat = None

    def _open(self) -> None:
        assert self._opened is not None
        buffer, self._buffer = self._buffer, {}
        for channel, message in buffer.items():
            if channel is None or not _is_outdated(message, channel):
                self.transmit(message, channel)
        if not self._opened.done():
            self._opened.set_result(None)
        for channel in list(self._channels):
            channel.opened()
        self._callbacks.call(_OPEN)

    def _send(self, message: Message) -> None:
        self.transmit(message, None)

    async def _beat(self, heartbeat: Heartbeat, transport: Transport) -> None:
        if transport.needs_heartbeat:
            await heartbeat.run(lambda: bool(self._pauses))
            _log.info("%s did not answer a heartbeat", self._shown)
            await transport.close(1000, "heartbeat timeout", at_once=True)

    def _take(self, data: str | bytes) -> None:
        message = self._serializer.decode(data)
        if message.topic == "phoenix":
            if self._heartbeat is not None:
                self._heartbeat.answered(message.ref)
        else:
            for channel in self._channels.copy():
                if channel.topic == message.topic:
                    channel.take(message)
        self._callbacks.call(_MESSAGE, message)

    def _lost(self, closed: TransportClosed) -> None:
        heartbeat, self._transport = self._heartbeat, None
        if heartbeat is not None:
            heartbeat.lost(str(closed))
        if not self._closing:
            _log.info("the connection to %s was %s", self._shown, closed)
        for channel in self._channels.copy():
            channel.lost(f"the connection was {closed}")
        self._callbacks.call(_CLOSE, closed.code, closed.reason)


def _is_outdated(message: Message, channel: Channel) -> bool:
    """Return whether a message was for an earlier join of its channel."""
    if message.event == LEAVE:
        return True  # of a topic that this connection never joined
    is_other = message.join_ref != channel.join_ref
    return is_other or (channel.state == "closed" and message.event == JOIN)
