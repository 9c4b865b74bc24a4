"""`Encoder`: ticks as finished frames, written by kernels.

`Envelope` holds the bytes that a serializer (V1 or V2 JSON) writes around each payload of a topic.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tickfire.kernels.pointers import address_of
from tickfire.server.market.ticks import encode_kernel as ek
from tickfire.server.market.ticks.positions import MAX_SPAN
from tickfire.store.limits import MAX_TICKS_PER_ENTRY
from tickfire.store.schema import BINARY_HEADERS, TICK, Stream

type Bytes = NDArray[np.uint8]
type Quote = tuple[int, int, int, int]
"""Top of book: bid and ask (1e-9), bid_size, ask_size."""

MAX_TICKS: Final = MAX_TICKS_PER_ENTRY
MAX_SHARD: Final = 0xFF


class Text:
    """Immutable bytes at a known address, for a kernel to copy."""

    __slots__ = ("address", "array", "size")

    def __init__(self, text: bytes) -> None:
        self.array = np.frombuffer(text, np.uint8)
        self.address = address_of(self.array)
        self.size = len(text)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The bytes before and after the payload, which all broadcasts of an event of a topic share."""

    head: Text
    tail: Text

    @staticmethod
    @lru_cache(maxsize=4096)
    def of(serializer: str, topic: str, event: str) -> Envelope:
        """Return the envelope of one event of one topic, for serializer ``"v1"`` or ``"v2"``.

        Raises
        ------
        ValueError
            There is no such serializer.
        """
        name, kind = msgspec.json.encode(topic), msgspec.json.encode(event)
        if serializer == "v1":
            return Envelope(
                Text(b'{"topic":%b,"event":%b,"payload":' % (name, kind)), Text(b',"ref":null}')
            )
        if serializer == "v2":
            return Envelope(Text(b"[null,null,%b,%b," % (name, kind)), Text(b"]"))
        raise ValueError(f"there is no serializer {serializer!r}; use v1 or v2")


class Ticks:
    """Consecutive ticks of one stream, with the slot of each.

    Parameters
    ----------
    ticks : TICK[count]
        Contiguous and 8-aligned; at most 256.
    slots : int64[>= count]
    first : int
        The position of the first tick.
    bound : int
        A number greater than every slot.
    address, slots_address : int, optional
        The addresses of `ticks` and `slots`, if the caller keeps them.

    Raises
    ------
    TypeError
        An array has another type or layout.
    ValueError
        There are too many ticks, or too few slots.
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
        self.address = address or address_of(ticks)
        self.slots_address = slots_address or address_of(slots)
        if ticks.dtype != TICK or self.address % 8 or not ticks.flags.c_contiguous:
            raise TypeError("ticks must be contiguous, 8-aligned TICK records")
        if slots.dtype != np.int64 or not slots.flags.c_contiguous:
            raise TypeError("slots must be contiguous int64")
        if len(slots) < self.count or self.count > MAX_TICKS:
            raise ValueError(f"{self.count} ticks with {len(slots)} slots, at most {MAX_TICKS} fit")


class BinaryHeader(NamedTuple):
    """The fields of a header of binary ticks that tell which ticks follow.

    Attributes
    ----------
    version : int
        A key of `BINARY_HEADERS`.
    epoch : bytes
        The 8-byte key of the epoch.
    stream : Stream
    """

    version: int
    epoch: bytes
    stream: Stream


class Encoder:
    """Owner of the encoding kernels' memory: context, symbols and output."""

    def __init__(self) -> None:
        self._context = np.zeros(ek.E_WORDS, np.int64)
        self._address = address_of(self._context)
        self._out = np.zeros(0, np.uint8)
        self._kept = np.zeros(MAX_TICKS, TICK)
        self._ends: tuple[str, str] | None = None
        self.use_symbols(np.zeros(0, np.uint8), np.zeros(1, np.int64))

    def use_symbols(self, text: Bytes, offsets: NDArray[np.int64]) -> None:
        """Set the symbols of the slots.

        Parameters
        ----------
        text : uint8[]
            The symbols, escaped for JSON, one after another.
        offsets : int64[slots + 1]
            The offset of each symbol in `text`, and the length of `text`.

        Raises
        ------
        ValueError
            The offsets do not fit the text.
        """
        if offsets[0] != 0 or offsets[-1] != len(text) or (np.diff(offsets) < 0).any():
            raise ValueError("the offsets of the symbols do not fit their text")
        self._text, self._offsets = np.ascontiguousarray(text), np.ascontiguousarray(offsets)
        self._context[ek.E_TEXT] = address_of(self._text)
        self._context[ek.E_OFFSETS] = address_of(self._offsets)
        self._slots = len(offsets) - 1
        self._longest = int(np.diff(offsets).max(initial=0))

    # --- encoding
    def trades(
        self,
        ticks: Ticks,
        envelope: Envelope,
        *,
        before: str,
        after: str = "",
        wanted: Bytes | None = None,
    ) -> tuple[bytes, int]:
        """Encode trades as ``tick`` events.

        Parameters
        ----------
        ticks : Ticks
        envelope : Envelope
        before, after : str
            The text of each id before and after the position of this stream; see `around`.
        wanted : uint8[slots], optional
            1 for each slot to encode.

        Returns
        -------
        frames : bytes
            Finished frames, one after another.
        count : int
            The number of frames.
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
        *,
        before: str,
        after: str = "",
    ) -> tuple[bytes, int]:
        """Encode the trades and quotes of one instrument, for its own topic.

        Parameters
        ----------
        ticks : Ticks
        slot : int
        tick_envelope, quote_envelope : Envelope
        quote : Quote or None
            The top of book before these ticks; None encodes no quotes.
        before, after : str
            The text of each id before and after the position.

        Returns
        -------
        frames : bytes
            Finished frames, one after another.
        count : int
            The number of frames.
        """
        self._load(ticks, None)
        head, quote_head = tick_envelope.head, quote_envelope.head
        self._point(ek.E_HEAD, head)
        self._point(ek.E_QUOTE_HEAD, quote_head)
        self._context[ek.E_SLOT] = slot
        if quote is not None:
            self._context[ek.E_BID : ek.E_ASK_SIZE + 1] = quote
        self._frame(max(head.size, quote_head.size), tick_envelope.tail, before, after, ticks.count)
        frames = int(ek.encode_instrument(self._address, quote is not None))
        return self._take(), frames

    def binary(
        self,
        ticks: Ticks,
        header: BinaryHeader,
        *,
        wanted: Bytes | None = None,
        slot: int = -1,
        quotes: bool = True,
    ) -> bytes:
        """Return the payload of a ``ticks`` event, empty if none of the ticks is wanted.

        See `binary_payload` for its format. A `slot` that is not negative chooses one instrument.
        """
        self._load(ticks, wanted)
        if wanted is None and slot < 0 and quotes:
            kept = ticks.ticks
        else:
            out = address_of(self._kept)
            kept = self._kept[: int(ek.keep_wanted(self._address, out, quotes, slot))]
        if not len(kept):
            return b""
        return binary_payload(header, ticks.first, ticks.count, kept)

    # --- memory
    def _load(self, ticks: Ticks, wanted: Bytes | None) -> None:
        if ticks.bound > self._slots:
            raise ValueError("a slot has no symbol; call use_symbols first")
        if wanted is not None and (wanted.dtype != np.uint8 or len(wanted) < self._slots):
            raise ValueError("wanted must be uint8, one for each slot")
        context = self._context
        context[ek.E_TICKS] = ticks.address
        context[ek.E_SLOTS] = ticks.slots_address
        context[ek.E_COUNT] = ticks.count
        context[ek.E_FIRST] = ticks.first
        context[ek.E_WANTED] = 0 if wanted is None else address_of(wanted)

    def _point(self, word: int, text: Text) -> None:
        self._context[word] = text.address
        self._context[word + 1] = text.size

    def _frame(self, head: int, tail: Text, before: str, after: str, frames: int) -> None:
        """Set the ends of the frames, and make room for them; `head` is their longest head."""
        if (before, after) != self._ends:
            self._ends = before, after
            self._id_head, self._id_tail = (
                Text(before.encode()),
                Text(after.encode()),
            )
            self._point(ek.E_ID_HEAD, self._id_head)
            self._point(ek.E_ID_TAIL, self._id_tail)
        self._point(ek.E_TAIL, tail)
        ends = head + tail.size + self._id_head.size
        most = ends + self._id_tail.size + self._longest + ek.FRAME_ROOM
        if most > ek.MAX_FRAME or ends + ek.LEAST_PAYLOAD < ek.MIN_FRAME:
            raise ValueError(f"frames of {ends} to {most} bytes; the topic is too long")
        if len(self._out) < most * frames:
            self._out = np.zeros(most * max(frames, MAX_TICKS), np.uint8)
            self._context[ek.E_OUT] = address_of(self._out)

    def _take(self) -> bytes:
        return self._out[: int(self._context[ek.E_USED])].tobytes()


def binary_payload(header: BinaryHeader, first: int, span: int, ticks: NDArray[np.void]) -> bytes:
    """Return a header of binary ticks followed by TICK[count].

    Parameters
    ----------
    header : BinaryHeader
    first, span : int
        The positions ``[first, first + span)`` of the stream that the payload covers; those without
        a tick in it were filtered out.
    ticks : TICK[count]

    Raises
    ------
    ValueError
        The header has no room for the shard or the span.
    """
    stream = header.stream
    if not 0 <= stream.shard <= MAX_SHARD or not 0 < span <= MAX_SPAN:
        raise ValueError(f"a binary payload cannot carry {span} positions of shard {stream.shard}")
    packed: Any = np.zeros((), BINARY_HEADERS[header.version])
    packed["version"] = header.version
    packed["shard"], packed["span"] = stream.shard, span
    packed["count"] = len(ticks)
    packed["position"] = first
    packed["epoch"] = np.frombuffer(header.epoch, np.uint8)
    if header.version > 1:
        packed["feed"] = stream.feed
    return bytes(packed.tobytes() + ticks.tobytes())
