"""``signals:<SYMBOL>`` and ``signals:all``: events that the models found in ticks and bars."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tickfire.base.remembered import Remembered
from tickfire.base.units import milliseconds
from tickfire.models.records import EVENTS, SIGNALS_KEY, Signal
from tickfire.phoenix import Hub, JoinError, Socket
from tickfire.server.market.ticks.source import Listing
from tickfire.server.market.topics.outbound import OutboundChannel
from tickfire.server.market.topics.require import require_loaded
from tickfire.store.entries import Entry, last_id
from tickfire.store.limits import MAX_SIGNALS
from tickfire.store.requests import newest_entries
from tickfire.store.store import Store
from tickfire.store.symbols import qualified
from tickfire.store.tail import Tail

PREFIX: Final = "signals:"
SIGNALS: Final = f"{PREFIX}*"
ALL: Final = f"{PREFIX}all"
KEPT: Final = 100
"""Signals kept of each symbol, and of all symbols together."""
LOADED: Final = 2_000
"""Signals read at the start: more than `KEPT`, since each symbol keeps its own."""
MAX_SYMBOLS: Final = 20_000
"""Topics with signals kept; beyond it, the one without a signal for longest is dropped."""

logger = logging.getLogger(__name__)

_DECODER: Final = msgspec.msgpack.Decoder(Signal)

type Payload = dict[str, Any]


class Signals:
    """The newest signals, from stream ``signals``, and their broadcasts.

    A signal that is there again, under the id of another entry, is left out.

    Parameters
    ----------
    hub : Hub
    find : callable
        Returns the instrument that a symbol names now, None if there is none.
    """

    def __init__(self, hub: Hub, find: Callable[[str], Listing | None] = lambda _: None) -> None:
        self._hub = hub
        self._find = find
        self._ids = Remembered(MAX_SIGNALS)
        self._latest: dict[str, deque[Payload]] = {}
        self._loaded = asyncio.Event()

    async def loaded(self) -> None:
        """Wait until the newest signals have been read."""
        await self._loaded.wait()

    async def run(self, store: Store) -> None:
        """Follow the stream until cancelled."""
        entries = await newest_entries(store, SIGNALS_KEY, LOADED)
        for entry in entries:
            self._take(entry)
        self._loaded.set()
        await Tail(store, {SIGNALS_KEY: last_id(entries)}, self._on_entries).run()

    def latest(self, topic: str) -> list[Payload]:
        """Return the newest signals of a topic, newest last, each with its ``event``."""
        listing = None if topic == ALL else self._find(topic.removeprefix(PREFIX))
        name = topic if listing is None else f"{PREFIX}{listing.symbol}"
        return list(self._latest.get(name, ()))

    def _on_entries(self, key: bytes, entries: list[Entry], read_ns: int) -> None:
        for entry in entries:
            taken = self._take(entry)
            if taken is None:
                continue
            event, payload = taken
            for topic in (ALL, *self._topics(payload["symbol"])):
                self._hub.local_broadcast(topic, event, payload)

    def _take(self, entry: Entry) -> tuple[str, Payload] | None:
        taken = signal_as_json(entry)
        if taken is None:
            return None
        event, payload = taken
        if not self._ids.add(payload["id"]):
            logger.debug("leaving out signal %s, which infer made again", payload["id"])
            return None
        for topic in (ALL, f"{PREFIX}{payload['symbol']}"):
            self._kept(topic).append({"event": event, **payload})
        return taken

    def _topics(self, symbol: str) -> tuple[str, ...]:
        """Return the topics of a symbol: also that of its name with the number of its feed."""
        listing = self._find(symbol)
        names = (symbol,) if listing is None else (symbol, qualified(listing.instrument))
        return tuple(f"{PREFIX}{name}" for name in dict.fromkeys(names))

    def _kept(self, topic: str) -> deque[Payload]:
        kept = self._latest.pop(topic, None) or deque(maxlen=KEPT)
        self._latest[topic] = kept  # moved to the end: in the order of the latest signal
        if len(self._latest) > MAX_SYMBOLS:
            del self._latest[next(iter(self._latest))]
        return kept


def signal_as_json(entry: Entry) -> tuple[str, Payload] | None:
    """Return the event and payload of an entry of ``signals``, None if it cannot be decoded."""
    try:
        signal = _DECODER.decode(entry[1].get(b"d", b""))
    except msgspec.MsgspecError:
        logger.debug("skipping an entry of signals that cannot be decoded: %r", entry[0])
        return None
    if signal.event not in EVENTS:
        return None
    return signal.event, {
        **signal.detail,
        "id": signal.id or entry[0].decode(),
        "symbol": signal.symbol,
        "timestamp": milliseconds(signal.at),
        "model": signal.model,
    }


class SignalsChannel(OutboundChannel):
    """The topics of signals; an unknown symbol may be joined, and has no signals yet."""

    def __init__(self, signals: Signals) -> None:
        self._signals = signals

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Reply with the newest signals."""
        if not topic.partition(":")[2]:
            raise JoinError({"reason": "unknown symbol"})
        await require_loaded(self._signals.loaded(), "signals")
        return {"signals": self._signals.latest(topic)}
