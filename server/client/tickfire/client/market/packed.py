"""Packed ticks: the payload of the binary event `ticks`, as structured arrays of numpy."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.client.errors import DataError

type Ticks = NDArray[np.void]
"""A structured array of `TICK`."""

PRICE_SCALE: Final = 1_000_000_000
"""Units of a packed price: 1e-9."""
UNDEF_PRICE: Final = 2**63 - 1
"""Price of a clear, and of a side of the book of which nothing is left."""

KINDS: Final = {1: "trade", 2: "bid", 3: "ask", 4: "clear"}
"""Names of the kinds of ticks."""

TICK: Final = np.dtype(
    [
        ("ts_event", "<i8"),
        ("price", "<i8"),
        ("size", "<u4"),
        ("instrument_id", "<u4"),
        ("sequence", "<u4"),
        ("kind", "u1"),
        ("side", "u1"),
        ("flags", "u1"),
        ("feed", "u1"),
    ]
)
"""A tick of 32 bytes: `ts_event` in ns, `price` in 1e-9, `kind` one of `KINDS`, `side` in ASCII."""

HEADER: Final = np.dtype(
    [
        ("version", "u1"),
        ("shard", "u1"),
        ("span", "<u2"),
        ("count", "<u4"),
        ("position", "<u8"),
        ("epoch", "u1", (8,)),
        ("feed", "u1"),
        ("reserved", "u1", (7,)),
    ]
)
"""Header of version 2, which precedes TICK[count]: 32 bytes.

The payload stands for the positions from `position` to ``position + span - 1`` of a shard, of which
`count` are wanted by the subscription.
"""

_VERSION = 2


class Packed:
    """A decoded payload.

    Attributes
    ----------
    epoch : str
        Epoch of the feed, hexadecimal.
    shard : int
        Shard of the positions.
    last : int
        The last position that the payload covers.
    ticks : TICK[count]
        The ticks, read-only.
    """

    def __init__(self, payload: bytes) -> None:
        if len(payload) < HEADER.itemsize or payload[0] != _VERSION:
            raise DataError("the packed ticks have no header of version 2")
        header: Any = np.frombuffer(payload, HEADER, 1)[0]
        count = int(header["count"])
        wanted = HEADER.itemsize + count * TICK.itemsize
        if len(payload) != wanted:
            raise DataError(f"{count} packed ticks take {wanted} bytes, not {len(payload)}")
        self.epoch = header["epoch"].tobytes().hex()
        self.shard = int(header["shard"])
        self.last = int(header["position"]) + int(header["span"]) - 1
        self.ticks: Ticks = np.frombuffer(payload, TICK, count, HEADER.itemsize)


class TickBatch:
    """Ticks of all kinds that arrived together.

    Attributes
    ----------
    ticks : TICK[n]
        Trades, changes of the best bid or ask, and clears.
    id : str
        The id after them, which can be passed as `since`.
    """

    def __init__(self, ticks: Ticks, identifier: str, symbols: dict[tuple[int, int], str]) -> None:
        self.ticks = ticks
        self.id = identifier
        self._symbols = symbols

    def __len__(self) -> int:
        return len(self.ticks)

    def __repr__(self) -> str:
        return f"TickBatch({len(self)} ticks, id={self.id!r})"

    @property
    def symbols(self) -> list[str]:
        """The symbol of each tick; ``FEED/ID`` of an instrument that has none."""
        keys = zip(self.ticks["feed"].tolist(), self.ticks["instrument_id"].tolist(), strict=True)
        return [self._symbols.get(key) or f"{key[0]}/{key[1]}" for key in keys]

    @property
    def prices(self) -> NDArray[np.float64]:
        """The price of each tick; NaN of clears, and of a side of which nothing is left."""
        prices: NDArray[np.float64] = self.ticks["price"] / PRICE_SCALE
        prices[self.ticks["price"] == UNDEF_PRICE] = np.nan
        return prices

    def trades(self) -> TickBatch:
        """Return the trades among them."""
        return TickBatch(self.ticks[self.ticks["kind"] == 1], self.id, self._symbols)
