"""An adapter for a feed of trades as lines of JSON over TCP; docs/feeds.md explains it."""

import asyncio
import json
import zlib

import msgspec

from tickfire.base.units import scaled
from tickfire.ingest.adapter.options import AdapterOptions
from tickfire.ingest.adapter.protocol import Inlet, Resume, SessionEnded, Source
from tickfire.ingest.adapter.records import mapping, trade
from tickfire.ingest.dbn.metadata import Metadata


class Line(msgspec.Struct):
    """One line, such as `{"symbol":"AAA","id":7,"price":"10.25","size":3,"ns":17}`."""

    symbol: str
    id: int
    price: str
    size: int
    ns: int


class LinesAdapter:
    """Trades of the symbols in the options."""

    name = "LINES"  # the name of the data on the page
    silence_s = 30.0  # ingest connects anew after so many seconds without a line

    def __init__(self, options: AdapterOptions) -> None:
        self.host, _, self.port = options.url.rpartition(":")
        self.numbers = {symbol: zlib.crc32(symbol.encode()) for symbol in options.symbols}

    async def connect(self) -> Source:
        """Connect; after an OSError, ingest tries again."""
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        return Source(replays=True)  # this feed sends the past, too, if it is asked for

    async def subscribe(self, resume: Resume) -> Metadata:
        """Ask for the symbols, from where ingest has come to."""
        ask = {"symbols": list(self.numbers), "start": resume.start}
        self.writer.write(json.dumps(ask).encode() + b"\n")
        return Metadata(self.name)

    async def run(self, inlet: Inlet) -> None:
        """Name the instruments, then make a record of each line; `put` waits if ingest must."""
        await inlet.put(b"".join(mapping(n, symbol, 0) for symbol, n in self.numbers.items()))
        while text := await self.reader.readline():
            line = msgspec.json.decode(text, type=Line)
            number, price = self.numbers[line.symbol], scaled(line.price)
            await inlet.put(trade(number, line.ns, price, line.size, sequence=line.id))
        raise SessionEnded("the feed closed the connection")

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if hasattr(self, "writer"):
            self.writer.close()
