"""The client without async: the same names, on an event loop in a thread of its own.

::

    with Market("https://market.example.com", token) as market:
        for tick in market.ticks(symbols=["ESU4"]):
            print(tick.symbol, tick.price, tick.volume)
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import inspect
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator, Sequence
from functools import partial
from typing import Any, Final, Self

from tickfire.client.channels import channel as channels
from tickfire.client.channels import socket as sockets
from tickfire.client.channels.options import AuthToken
from tickfire.client.channels.push import Push
from tickfire.client.market import market as markets
from tickfire.client.market.candles import DEFAULT_LIMIT
from tickfire.client.market.packed import TickBatch
from tickfire.client.market.records import (
    Book,
    Candle,
    Headline,
    Instrument,
    Quote,
    Record,
    Signal,
    Tick,
)
from tickfire.client.market.stream import Stream as AsyncStream
from tickfire.client.market.tables import Records
from tickfire.client.market.ticks import TickBatchStream, TickStream

__all__ = ["Channel", "Market", "Phoenix", "Stream"]


type Closing = Callable[[], Coroutine[Any, Any, None]]

CLOSE_TIMEOUT_S: Final = 5.0
"""Time for which a program that ends, or is interrupted, waits for its connections to end."""


LAST_CALLS_S: Final = 1.0
"""Time for which calls of other threads may go on after the connections have ended."""


class _Loop:
    """An event loop in a thread, which ends with this object, or with the program.

    Parameters
    ----------
    name
        The thing that uses it, for errors.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop = asyncio.new_event_loop()
        self._closing: list[Closing] = []
        self._calls: set[asyncio.Task[Any]] = set()
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.name = "tickfire.client"
        thread.start()
        # Streams that are dropped after the loop must find it closed, not wait for it.
        self._end = weakref.finalize(self, _end, self._loop, thread, self._closing, self._calls)

    @property
    def is_closed(self) -> bool:
        """True once the loop has ended, or is about to."""
        return not self._end.alive

    def wait[T](self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine, and return its result; if this is interrupted, end the coroutine."""
        if self.is_closed:
            coroutine.close()
            raise RuntimeError(f"the {self._name} is closed; make another one")
        ended = threading.Event()

        async def run() -> T:
            call = asyncio.current_task()
            assert call is not None
            self._calls.add(call)
            try:
                return await coroutine
            finally:
                self._calls.discard(call)
                ended.set()

        running = asyncio.run_coroutine_threadsafe(run(), self._loop)
        try:
            return running.result()
        except concurrent.futures.CancelledError:
            raise RuntimeError(f"the {self._name} was closed") from None
        except BaseException:
            if running.cancel():  # interrupted, as by Ctrl-C
                ended.wait(CLOSE_TIMEOUT_S)
            raise

    def call[T](self, function: Callable[[], T]) -> T:
        """Call a function in the loop's thread, and return its result."""

        async def called() -> T:
            return function()

        return self.wait(called())

    def before_end(self, close: Closing) -> None:
        """Let a coroutine run before the loop ends, and before those that were named earlier."""
        self._closing.append(close)

    def now(self, close: Closing) -> None:
        """Run a coroutine that was given to `before_end`, unless the loop has ended."""
        if not self.is_closed:
            self._closing.remove(close)
            self.wait(close())

    def close(self) -> None:
        """End the thread; the second time, do nothing."""
        self._end()


def _end(
    loop: asyncio.AbstractEventLoop,
    thread: threading.Thread,
    closing: list[Closing],
    calls: set[asyncio.Task[Any]],
) -> None:
    """Run the closing coroutines of a loop, cancel its tasks, and end its thread."""

    async def finish() -> None:
        for close in reversed(closing):
            await close()
        if calls:  # of other threads, whose streams and channels are over now
            await asyncio.wait(calls.copy(), timeout=LAST_CALLS_S)
            for close in reversed(closing):
                await close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    finishing = asyncio.run_coroutine_threadsafe(finish(), loop)
    try:
        if threading.current_thread() is not thread:
            with contextlib.suppress(TimeoutError):
                finishing.result(CLOSE_TIMEOUT_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        if threading.current_thread() is not thread:
            thread.join()
            loop.close()


class Stream[Item: Record | TickBatch]:
    """Records of one topic; iterate over it. See `tickfire.client.market.stream.Stream`."""

    def __init__(self, loop: _Loop, stream: AsyncStream[Item]) -> None:
        self._loop = loop
        self._stream = stream

    @property
    def topic(self) -> str:
        """The topic."""
        return self._stream.topic

    @property
    def gaps(self) -> list[Any]:
        """All gaps so far."""
        return self._stream.gaps

    @property
    def id(self) -> str | None:
        """The id of the newest tick that has arrived; None of a stream of other records."""
        return self._stream.id if isinstance(self._stream, TickStream | TickBatchStream) else None

    def __iter__(self) -> Iterator[Any]:
        """Yield each record, and each notice if they are wanted."""
        with contextlib.closing(self.chunks()) as chunks:
            for chunk in chunks:
                read = 0
                try:
                    for read, item in enumerate(chunk, 1):  # noqa: B007
                        yield item
                finally:
                    self._stream.put_back(chunk[read:])

    def chunks(self) -> Generator[list[Any]]:
        """Yield lists of all that has arrived since the last one, which is quicker."""
        chunks = self._loop.call(self._stream.chunks)
        close = partial(_close, chunks)
        self._loop.before_end(close)
        try:
            while chunk := self._loop.wait(_next(chunks)):
                yield chunk
        except RuntimeError:
            if not self._loop.is_closed:
                raise
        finally:
            self._loop.now(close)

    def take(self, count: int, timeout_s: float | None = None) -> Records[Item]:
        """Return the next `count` records, or fewer if the time is up."""
        return self._loop.wait(self._stream.take(count, timeout_s))


async def _close(generator: AsyncGenerator[Any]) -> None:
    """Close a generator; one that another thread reads ends with its connection."""
    if inspect.getasyncgenstate(generator) != inspect.AGEN_RUNNING:
        await generator.aclose()


async def _next(chunks: AsyncGenerator[list[Any]]) -> list[Any]:
    return await anext(chunks, [])


class Market:
    """A tickfire market-data server; the parameters are those of `tickfire.client.Market`."""

    def __init__(self, url: str, token: AuthToken = None, **options: Any) -> None:
        self._loop = _Loop("market")
        try:
            self._market = self._loop.call(lambda: markets.Market(url, token, **options))
        except BaseException:
            self._loop.close()
            raise
        self._loop.before_end(self._market.close)

    def __enter__(self) -> Self:
        """Connect."""
        try:
            self._loop.wait(self._market.__aenter__())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self.close()

    def close(self) -> None:
        """Disconnect, and end the thread; the market cannot be used any more."""
        self._loop.close()

    def ticks(
        self, symbols: str | Sequence[str] | None = None, since: str | None = None, **options: Any
    ) -> Stream[Tick]:
        """Return every trade of some symbols, or of all."""
        return self._stream(self._market.ticks(symbols, since, **options))

    def batches(
        self, symbols: str | Sequence[str] | None = None, since: str | None = None, **options: Any
    ) -> Stream[TickBatch]:
        """Return ticks of all kinds, quotes included, as arrays."""
        return self._stream(self._market.batches(symbols, since, **options))

    def candles(
        self, symbol: str, interval: str, limit: int = DEFAULT_LIMIT, **options: Any
    ) -> Stream[Candle]:
        """Return the bars of an instrument: the newest `limit`, and each change from then on."""
        return self._stream(self._market.candles(symbol, interval, limit, **options))

    def news(self) -> Stream[Headline]:
        """Return headlines: the latest, and each from then on."""
        return self._stream(self._market.news())

    def signals(self, symbol: str = "all") -> Stream[Signal]:
        """Return signals of the models: the latest, and each from then on."""
        return self._stream(self._market.signals(symbol))

    def book(self, symbol: str) -> Stream[Book]:
        """Return the order book of an instrument, now and after each change."""
        return self._stream(self._market.book(symbol))

    def quotes(self, symbol: str) -> Stream[Quote]:
        """Return the top of book of an instrument after each change."""
        return self._stream(self._market.quotes(symbol))

    def instruments(self) -> Records[Instrument]:
        """Return the instruments of the server."""
        return self._loop.wait(self._market.instruments())

    def history(
        self, symbol: str, interval: str, limit: int = DEFAULT_LIMIT, *, before: int | None = None
    ) -> Records[Candle]:
        """Return the newest bars of an instrument, oldest first."""
        return self._loop.wait(self._market.history(symbol, interval, limit, before=before))

    def _stream[Item: Record | TickBatch](self, stream: AsyncStream[Item]) -> Stream[Item]:
        return Stream(self._loop, stream)


class Phoenix:
    """A connection to any Phoenix server; the parameters are those of `tickfire.client.Phoenix`.

    ::

        with Phoenix("wss://example.com/socket") as socket:
            room = socket.channel("room:lobby")
            room.join()
            room.push("message", {"text": "hello"})
    """

    def __init__(self, url: str, **options: Any) -> None:
        self._loop = _Loop("connection")
        try:
            self._socket = self._loop.call(lambda: sockets.Phoenix(url, **options))
        except BaseException:
            self._loop.close()
            raise
        self._loop.before_end(self._socket.disconnect)

    def __enter__(self) -> Self:
        """Connect."""
        try:
            self.connect()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self.close()

    def connect(self, patience_s: float = 0.0) -> None:
        """Connect, and stay connected until `close`."""
        self._loop.wait(self._socket.connect(patience_s))

    def close(self) -> None:
        """Disconnect, and end the thread."""
        self._loop.close()

    @property
    def is_connected(self) -> bool:
        """True while there is a connection."""
        return self._socket.is_connected

    def channel(self, topic: str, params: channels.Params | None = None, **options: Any) -> Channel:
        """Return a new channel of a topic; call its `join`."""
        made = self._loop.call(lambda: self._socket.channel(topic, params, **options))
        return Channel(self._loop, made)


class Channel:
    """One topic; see `tickfire.client.Channel`. Callbacks run in the thread of the event loop."""

    def __init__(self, loop: _Loop, channel: channels.Channel) -> None:
        self._loop = loop
        self._channel = channel

    @property
    def state(self) -> str:
        """Return "closed", "errored", "joined", "joining" or "leaving"."""
        return self._channel.state

    @property
    def is_joined(self) -> bool:
        """True while the topic is joined."""
        return self._channel.is_joined

    @property
    def join_ref(self) -> str | None:
        """Ref of the present join."""
        return self._channel.join_ref

    def join(self, timeout_s: float | None = None) -> Any:
        """Join the topic, and return the response of the join reply."""
        return self._loop.wait(_response(lambda: self._channel.join(timeout_s)))

    def push(self, event: str, payload: Any = None, timeout_s: float | None = None) -> Any:
        """Push an event, and return the response of the reply."""
        return self._loop.wait(_response(lambda: self._channel.push(event, payload, timeout_s)))

    def leave(self) -> None:
        """Leave the topic."""
        self._loop.wait(_response(self._channel.leave))

    def on(self, event: str, callback: Callable[[Any], object]) -> int:
        """Call `callback` with the payload of each event of this name; returns a ref for `off`."""
        return self._loop.call(lambda: self._channel.on(event, callback))

    def on_join(self, callback: Callable[[Any], object]) -> int:
        """Call `callback` with the response of every successful join, rejoins included."""
        return self._loop.call(lambda: self._channel.on_join(callback))

    def on_close(self, callback: Callable[[Any], object]) -> int:
        """Call `callback` when the channel is over, because it was left or the server closed it."""
        return self._loop.call(lambda: self._channel.on_close(callback))

    def on_error(self, callback: Callable[[Any], object]) -> int:
        """Call `callback` when the channel is lost, or a join is refused; it is joined again."""
        return self._loop.call(lambda: self._channel.on_error(callback))

    def off(self, event: str, ref: int | None = None) -> None:
        """Remove one callback of an event, or all of them."""
        self._loop.call(lambda: self._channel.off(event, ref))

    def events(self) -> Iterator[tuple[str, Any]]:
        """Yield the name and payload of every event from now on, until the channel is over."""
        events = self._loop.call(self._channel.events)
        close = partial(_close, events)
        self._loop.before_end(close)
        try:
            while item := self._loop.wait(_event(events)):
                yield item
        except RuntimeError:
            if not self._loop.is_closed:
                raise
        finally:
            self._loop.now(close)


async def _event(events: AsyncGenerator[tuple[str, Any]]) -> tuple[str, Any] | None:
    return await anext(events, None)


async def _response(push: Callable[[], Push]) -> Any:
    return await push()
