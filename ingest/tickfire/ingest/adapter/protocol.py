"""`FeedAdapter`: the part of a feed that depends on its source.

An adapter connects, subscribes, and puts the bytes of DBN records into an `Inlet`. Everything else
is done by ingest, alike for all: reconnecting, resuming, the feed's clock, holding, status and
metrics. `records` makes the records for sources that do not speak DBN.

One session after another runs, each in this order::

    connect -> subscribe -> run -> close
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tickfire.base.errors import UserError
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.store.schema import LIVE


class SessionEnded(Exception):
    """The session ended, and another may be tried; the message gives the reason."""


class FeedRefused(UserError):
    """The source refuses for good, as it does a wrong key; ingest ends with the message."""


class FeedFinished(Exception):
    """The source has no more data and never will have, like a file at its end."""


@dataclass(frozen=True, slots=True)
class Source:
    """The source of the data, known once it is connected.

    Attributes
    ----------
    origin : str
        ``"live"``, ``"replay"`` or ``"simulated"``.
    recording : str
        Name of the recording that is replayed; empty if there is none.
    replays : bool
        True if a session that is given a start begins with records that earlier sessions may have
        had. If not, a session has only what happens from its beginning on.
    """

    origin: str = LIVE
    recording: str = ""
    replays: bool = False


@dataclass(frozen=True, slots=True)
class Resume:
    """The place from which a session is to go on.

    Attributes
    ----------
    start : int, optional
        ns since the Unix epoch: begin with the data from this time on; None for the present.
    starts : mapping of str to int
        The same for single schemas.
    paced_from : int, optional
        ns since the Unix epoch: recorded data is sent without delay up to this time.
    without : frozenset of str
        Schemas to leave out, as the source has refused them.
    """

    start: int | None = None
    starts: Mapping[str, int] = field(default_factory=dict)
    paced_from: int | None = None
    without: frozenset[str] = frozenset()


class Inlet(Protocol):
    """The place where an adapter puts records.

    Records may be cut anywhere. While ingest is held, as while Redis does not answer, `put` waits;
    an adapter that receives into `free` is told by `on_hold` instead.
    """

    async def put(self, records: bytes | memoryview) -> None:
        """Take the bytes of records, and return when more may come."""

    def free(self) -> memoryview:
        """Return memory to receive bytes into, without a copy."""

    def received(self, count: int) -> None:
        """Take `count` bytes that were received into `free`."""

    def on_hold(self, pause: Pause) -> None:
        """Set the function that pauses the adapter's own reading and lets it go on."""

    def heard(self) -> None:
        """Note a sign of life of the source that brought no record."""

    def gap(self, detail: str) -> None:
        """Publish that data is missing, in one sentence, such as ``trades 5 to 9 of BTCUSDT``."""


class Pause(Protocol):
    """A function that stops or continues reading."""

    def __call__(self, held: bool, /) -> None:
        """Stop reading if `held`, else go on."""


class FeedAdapter(Protocol):
    """An adapter of one source.

    It is made once for each feed and keeps what is to outlive a session, such as the last id that
    it saw. A method raises `SessionEnded`, or any OSError, if another session may succeed;
    `FeedRefused` if none can; and `FeedFinished` at the end of all data.
    """

    @property
    def name(self) -> str:
        """Name of the data, such as ``GLBX.MDP3``: at most 15 ASCII characters."""

    @property
    def silence_s(self) -> float | None:
        """The longest time without a sign of life, in seconds, after which the session ends.

        None if the adapter notices by itself that its source is down.
        """

    async def connect(self) -> Source:
        """Connect to the source."""

    async def subscribe(self, resume: Resume) -> Metadata:
        """Ask for the data from a place on, and return its metadata."""

    async def run(self, inlet: Inlet) -> None:
        """Put records into the inlet until the session ends."""

    async def close(self) -> None:
        """Release what the session holds, at whatever point it ended."""
