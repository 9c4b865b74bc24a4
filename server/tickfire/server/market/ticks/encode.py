"""`Encoder`: ticks to the finished frames of a lane, by kernels.

A lane is one way in which a topic's broadcasts are written: the serializer (V1 or V2 JSON, V2
binary) and a choice of instruments. `Envelope` is what the serializer writes around a payload.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tickfire.server.market.ticks import encode_kernel as ek
from tickfire.server.market.ticks.positions import base36
from tickfire.store.limits import MAX_TICKS_PER_ENTRY
from tickfire.store.schema import BINARY_HEADER, BINARY_VERSION, TICK

type Bytes = NDArray[np.uint8]
type Quote = tuple[int, int, int, int]
"""The top of book: bid, ask (1e-9), bid_size, ask_size."""

MAX_TICKS: Final = MAX_TICKS_PER_ENTRY
MAX_SPAN: Final = 0xFFFF


class Text:
    """Bytes at a known address, for a kernel to copy."""

    __slots__ = ("address", "array", "size")

    def __init__(self, text: bytes) -> None:
        self.array = np.frombuffer(text, np.uint8)
        self.address = int(self.array.ctypes.data)
        self.size = len(text)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands before and after the payload of a broadcast: bytes that all its frames share."""

    head: Text
    tail: Text

    @staticmethod
    @lru_cache(maxsize=4096)
    def of(serializer: str, topic: str, event: str) -> Envelope:
        """Return the envelope of one event of one topic, for ``"v1"`` or ``"v2"``."""
        name, kind = msgspec.json.encode(topic), msgspec.json.encode(event)
        if serializer == "v1":
            return Envelope(
                Text(b'{"topic":%b,"event":%b,"payload":' % (name, kind)), Text(b',"ref":null}')
            )
        if serializer == "v2":
            return Envelope(Text(b"[null,null,%b,%b," % (name, kind)), Text(b"]"))
        raise ValueError(f"no serializer is called {serializer!r}")


class Ticks:
    """Ticks of one shard with their slots: what the encoder takes.

    Parameters
    ----------
    ticks : TICK[count]
        Contiguous and 8-aligned; count <= 256.
    slots : int64[>= count]
    first : int
        The position of the first.
    bound : int
        All slots are less than this.
    address, slots_address : int, optional
        Where ticks and slots lie, if the caller knows: asking numpy costs a microsecond.
    """

    __slots__ = ("address", "bound", "count", "first", "slots", "slots_address", "ticks")

    def __init__(
        self,
        ticks: NDArray[np.void],
        slots: NDArray[np.int64],
        first: int,
        bound: int,
        address: int = 0,
        slots_address: int = 0,
    ) -> None:
        self.ticks, self.slots, self.first, self.bound = ticks, slots, first, bound
        self.count = len(ticks)
        self.address = address or int(ticks.ctypes.data)
        self.slots_address = slots_address or int(slots.ctypes.data)
        if ticks.dtype != TICK or self.address % 8 or not ticks.flags.c_contiguous:
            raise TypeError("ticks are contiguous, 8-aligned TICK records")
        if slots.dtype != np.int64 or not slots.flags.c_contiguous:
            raise TypeError("slots are contiguous int64")
        if len(slots) < self.count or self.count > MAX_TICKS:
            raise ValueError(f"{self.count} ticks with {len(slots)} slots")


class Encoder:
    """Owns the memory behind the encoding kernels: context, symbols, output.

    Parameters
    ----------
    epoch : bytes
        8 bytes; the first part of each id.
    """

    def __init__(self, epoch: bytes) -> None:
        self.epoch = epoch
        self._id_epoch = epoch.hex() + "-"
        self._context = np.zeros(ek.E_WORDS, np.int64)
        self._address = int(self._context.ctypes.data)
        self._out = np.zeros(0, np.uint8)
        self._kept = np.zeros(MAX_TICKS, TICK)
        self._ends: tuple[str, str] | None = None
        self.use_symbols(np.zeros(0, np.uint8), np.zeros(1, np.int64))

    def use_symbols(self, text: Bytes, offsets: NDArray[np.int64]) -> None:
        """Take the symbols of the slots: escaped text, and where each begins.

        Raises
        ------
        ValueError
            The offsets do not fit the text.
        """
        if offsets[0] != 0 or offsets[-1] != len(text) or (np.diff(offsets) < 0).any():
            raise ValueError("offsets do not fit the text of symbols")
        self._text, self._offsets = np.ascontiguousarray(text), np.ascontiguousarray(offsets)
        self._context[ek.E_TEXT] = self._text.ctypes.data
        self._context[ek.E_OFFSETS] = self._offsets.ctypes.data
        self._slots = len(offsets) - 1
        self._longest = int(np.diff(offsets).max(initial=0))

    # --- encoding
    def trades(
        self,
        ticks: Ticks,
        envelope: Envelope,
        *,
        before: str = "",
        after: str = "",
        wanted: Bytes | None = None,
    ) -> tuple[bytes, int]:
        """Encode trades as event ``tick``.

        Parameters
        ----------
        ticks : Ticks
        envelope : Envelope
        before, after : str
            The positions of the other shards, as they stand in the id around this one's.
        wanted : uint8[slots], optional
            1 for each slot to encode.

        Returns
        -------
        bytes, int
            Finished frames one after another, and how many.
        """
        self._load(ticks, wanted)
        self._point(ek.E_HEAD, envelope.head)
        self._frame(envelope.head.size, envelope.tail, before, after, ticks.count)
        frames = int(ek.encode_trades(self._address))
        return self._take(), frames

    def instrument(
        self,
        ticks: Ticks,
        slot: int,
        tick_envelope: Envelope,
        quote_envelope: Envelope,
        quote: Quote | None,
    ) -> tuple[bytes, int]:
        """Encode one instrument's trades and quotes, for its own topic.

        Parameters
        ----------
        ticks : Ticks
        slot : int
        tick_envelope, quote_envelope : Envelope
        quote : Quote or None
            Its top of book before these ticks; None: no quotes.

        Returns
        -------
        bytes, int
            Finished frames one after another, and how many.
        """
        self._load(ticks, None)
        head, quote_head = tick_envelope.head, quote_envelope.head
        self._point(ek.E_HEAD, head)
        self._point(ek.E_QUOTE_HEAD, quote_head)
        self._context[ek.E_SLOT] = slot
        if quote is not None:
            self._context[ek.E_BID : ek.E_ASK_SIZE + 1] = quote
        self._frame(max(head.size, quote_head.size), tick_envelope.tail, "", "", ticks.count)
        frames = int(ek.encode_instrument(self._address, quote is not None))
        return self._take(), frames

    def binary(
        self,
        ticks: Ticks,
        shard: int,
        *,
        wanted: Bytes | None = None,
        slot: int = -1,
        quotes: bool = True,
    ) -> bytes:
        """Return the payload of one ``ticks`` event; empty if nothing in it is wanted.

        See `binary_payload`. ``slot``, if not negative, chooses one instrument.
        """
        self._load(ticks, wanted)
        if wanted is None and slot < 0 and quotes:
            kept = ticks.ticks
        else:
            at = self._kept.ctypes.data
            kept = self._kept[: int(ek.keep_wanted(self._address, at, quotes, slot))]
        if not len(kept):
            return b""
        return binary_payload(self.epoch, shard, ticks.first, ticks.count, kept)

    # --- memory
    def _load(self, ticks: Ticks, wanted: Bytes | None) -> None:
        if ticks.bound > self._slots:
            raise ValueError("a slot may be without a symbol")
        if wanted is not None and (wanted.dtype != np.uint8 or len(wanted) < self._slots):
            raise ValueError("wanted is uint8, one for each slot")
        context = self._context
        context[ek.E_TICKS] = ticks.address
        context[ek.E_SLOTS] = ticks.slots_address
        context[ek.E_COUNT] = ticks.count
        context[ek.E_FIRST] = ticks.first
        context[ek.E_WANTED] = 0 if wanted is None else wanted.ctypes.data

    def _point(self, word: int, text: Text) -> None:
        self._context[word] = text.address
        self._context[word + 1] = text.size

    def _frame(self, head: int, tail: Text, before: str, after: str, frames: int) -> None:
        """Set how frames end, and make room for them; ``head`` is the size of the longest."""
        if (before, after) != self._ends:
            self._ends = before, after
            self._id_head, self._id_tail = (
                Text((self._id_epoch + before).encode()),
                Text(after.encode()),
            )
            self._point(ek.E_ID_HEAD, self._id_head)
            self._point(ek.E_ID_TAIL, self._id_tail)
        self._point(ek.E_TAIL, tail)
        ends = head + tail.size + self._id_head.size
        most = ends + self._id_tail.size + self._longest + ek.FRAME_ROOM
        if most > ek.MAX_FRAME or ends + ek.LEAST_PAYLOAD < ek.MIN_FRAME:
            raise ValueError(f"frames of {ends} to {most} bytes")
        if len(self._out) < most * frames:
            self._out = np.zeros(most * max(frames, MAX_TICKS), np.uint8)
            self._context[ek.E_OUT] = self._out.ctypes.data

    def _take(self) -> bytes:
        return self._out[: int(self._context[ek.E_USED])].tobytes()


def around(positions: list[int], shard: int) -> tuple[str, str]:
    """Return the text of an id before and after the position of one shard."""
    words = [base36(position) for position in positions]
    before = "".join(word + "." for word in words[:shard])
    return before, "".join("." + word for word in words[shard + 1 :])


def binary_payload(
    epoch: bytes, shard: int, first: int, span: int, ticks: NDArray[np.void]
) -> bytes:
    """Return BINARY_HEADER and TICK[count].

    Parameters
    ----------
    epoch : bytes
    shard : int
        The shard whose positions these are.
    first, span : int
        The payload stands for positions [first, first + span); what of them is missing was not
        wanted.
    ticks : TICK[count]
    """
    if not 0 <= shard <= 0xFF or not 0 < span <= MAX_SPAN:
        raise ValueError(f"shard {shard}, {span} positions")
    header: Any = np.zeros((), BINARY_HEADER)
    header["version"] = BINARY_VERSION
    header["shard"], header["span"] = shard, span
    header["count"] = len(ticks)
    header["position"] = first
    header["epoch"] = np.frombuffer(epoch, np.uint8)
    return bytes(header.tobytes() + ticks.tobytes())
