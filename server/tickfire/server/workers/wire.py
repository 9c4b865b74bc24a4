"""Messages between the pool, a template and its workers.

A pool outlives the code that it was started with: after an upgrade it talks to a template of a
newer version. An `Order` is therefore JSON of which unknown names are skipped, and it carries the
arguments of the command, which the template parses by its own code.

The pool sends the template its `Order`, then `FORK` or `FORK_READY` for each worker, with a
descriptor: the worker's end of a channel. Everything else is a line, a word and its argument:

========= ======================== ============================================================
from      line                     meaning
========= ======================== ============================================================
template  ``started PID``          the worker is forked
template  ``ended PID CODE``       the worker has ended
template  ``failed REASON``        the code or its settings cannot be loaded; the template ends
worker    ``open``                 its socket is open
worker    ``beat``                 its event loop runs, once a second
worker    ``closing COUNT``        it stops, and closes so many connections
worker    ``failed REASON``        it cannot start, and ends
worker    ``metrics JSON``         its metrics; see `tickfire.server.scrapes.snapshot`
worker    ``scrape N``             asks for the metrics of all workers, under the number N
pool      ``leave``                tell load balancers that the server is about to stop
pool      ``number N``             the worker's number, from 1, which the log names
pool      ``collect``              send your metrics now
pool      ``scraped N JSON``       the answer to ``scrape N``, in Prometheus's text format
========= ======================== ============================================================
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Final

from tickfire.server.workers.stopping import DEFAULT_READY_S

FORK: Final = b"f"
"""Fork a worker that opens its socket without a market, if none can be loaded for some time."""
FORK_READY: Final = b"r"
"""Fork a worker that opens its socket once its market is ready, and fails if that takes longer than
`Order.ready_s`."""
STARTED: Final = "started"
ENDED: Final = "ended"
FAILED: Final = "failed"
OPEN: Final = "open"
BEAT: Final = "beat"
CLOSING: Final = "closing"
LEAVE: Final = "leave"
NUMBER: Final = "number"
METRICS: Final = "metrics"
SCRAPE: Final = "scrape"
COLLECT: Final = "collect"
SCRAPED: Final = "scraped"
LENGTH_BYTES: Final = 4
MAX_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Order:
    """The workers to fork.

    Attributes
    ----------
    arguments : tuple of str
        Those of ``tickfire serve``.
    listener : int
        Descriptor of the socket that they share.
    secret : str
        Key of all workers, also of those of other templates; see `Settings.secret`.
    ready_s : float
        Time in which a worker forked by `FORK_READY` must be ready, in seconds.
    """

    arguments: tuple[str, ...]
    listener: int
    secret: str = field(default="", repr=False)
    ready_s: float = DEFAULT_READY_S

    def pack(self) -> bytes:
        """Return the order as it is sent to the template."""
        packed = json.dumps(asdict(self)).encode()
        return len(packed).to_bytes(LENGTH_BYTES) + packed

    @classmethod
    def unpack(cls, packed: bytes) -> Order:
        """Return the order of which `packed` is the JSON."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in json.loads(packed).items() if name in known}
        return cls(**{**values, "arguments": tuple(values["arguments"])})


def line(word: str, argument: object = "") -> bytes:
    """Return a line of one word and its argument, of which line breaks become spaces."""
    text = " ".join(str(argument).split())[:MAX_REASON]
    return f"{word} {text}".rstrip().encode() + b"\n"


def whole_line(word: str, argument: str) -> bytes:
    """Return a line of one word and its argument, of any length but without line breaks."""
    return f"{word} {argument}\n".encode()


class Lines:
    """Splitter of received bytes into the lines that they complete."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[str, str]]:
        """Yield the word and the argument of each line."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for one in lines:
            word, _, argument = one.decode(errors="replace").partition(" ")
            yield word, argument
