"""Client side of the live protocol, sans I/O: bytes in, bytes out.

The states, what the gateway sends in each, and the answer::

    GREETING   lsg_version=..., cram=<nonce>      -> auth=<sha256("nonce|key")>-<last 5 of key>|...
    AUTH       success=1|session_id=...           -> none
    READY      nothing                            -> subscriptions, start_session: by `subscribe`
    METADATA   DBN metadata                       -> none; the bytes after it are records
    DATA       records
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tickfire.ingest.adapter.protocol import FeedRefused
from tickfire.ingest.dbn.metadata import PREFIX_SIZE, Metadata, metadata_size
from tickfire.ingest.lsg.lines import (
    ALL_SYMBOLS,
    MAX_LINE_SIZE,
    challenge_answer,
    origin_of,
    parse_line,
    recording_of,
)
from tickfire.store.schema import LIVE

SYMBOLS_PER_LINE: Final = 500
CLIENT: Final = "tickfire"
MAX_METADATA_SIZE: Final = 8 << 20
"""Bytes. A gateway's metadata holds the symbols of a subscription, and mappings come as records."""


class LsgError(Exception):
    """The gateway broke the protocol, so the session cannot go on."""


@dataclass(frozen=True, slots=True)
class LiveSubscription:
    """A live client's subscription: the data that it asks a gateway for.

    Attributes
    ----------
    dataset : str
    schemas : tuple of str
        Such as ``("trades", "mbp-1")``.
    symbols : tuple of str
        ``("ALL_SYMBOLS",)`` for everything.
    stype_in : str
    heartbeat_s : int
        The longest silence of the gateway in seconds, 5 to 1800.
    start : int, optional
        ns since the Unix epoch: replay the data from this time first.
    starts : mapping of str to int
        The same for single schemas.
    paced_from : int, optional
        ns since the Unix epoch: the recorded time up to which tickfire's own gateway replays a
        recording without delay.
    snapshots : bool
        True to begin order books with a snapshot instead of a start, unless the schema `mbo` has a
        start of its own. A gateway gives one or the other, and orders that rest are in the snapshot
        alone.
    """

    dataset: str
    schemas: tuple[str, ...]
    symbols: tuple[str, ...] = (ALL_SYMBOLS,)
    stype_in: str = "raw_symbol"
    heartbeat_s: int = 10
    start: int | None = None
    starts: Mapping[str, int] = field(default_factory=dict)
    paced_from: int | None = None
    snapshots: bool = False

    def lines(self) -> bytes:
        """Return the subscription lines and the line that starts the session."""
        out = []
        paced = "" if self.paced_from is None else f"|paced_from={self.paced_from}"
        for number, schema in enumerate(self.schemas):
            snapshot = self.snapshots and schema == "mbo" and schema not in self.starts
            start = None if snapshot else self.starts.get(schema, self.start)
            asked = "" if start is None else f"|start={start}"
            for at in range(0, len(self.symbols), SYMBOLS_PER_LINE):
                symbols = self.symbols[at : at + SYMBOLS_PER_LINE]
                last = at + SYMBOLS_PER_LINE >= len(self.symbols)
                out.append(
                    f"schema={schema}|stype_in={self.stype_in}|symbols={','.join(symbols)}"
                    f"{asked}{paced}|snapshot={int(snapshot)}|id={number + 1}|is_last={int(last)}\n"
                )
        return ("".join(out) + "start_session=0\n").encode()


class HandshakeState(enum.Enum):
    """State of a handshake."""

    GREETING = enum.auto()
    AUTH = enum.auto()
    READY = enum.auto()
    METADATA = enum.auto()
    DATA = enum.auto()


@dataclass(slots=True)
class Handshake:
    """The exchange from the connection to the first record.

    Attributes
    ----------
    state : HandshakeState
    metadata : Metadata or None
        Set in the state DATA.
    origin, recording : str
        The origin of the data, and the name of the recording that is replayed, as tickfire's own
        gateway greets.
    rest : bytearray
        In the state DATA: the records that came with the metadata.
    """

    key: str = field(repr=False)
    subscription: LiveSubscription
    state: HandshakeState = HandshakeState.GREETING
    metadata: Metadata | None = None
    origin: str = LIVE
    recording: str = ""
    rest: bytearray = field(default_factory=bytearray)

    def receive(self, data: bytes) -> bytes:
        """Receive bytes from the gateway, cut anywhere; return the bytes to answer.

        Raises
        ------
        FeedRefused
            If the gateway refuses the key.
        LsgError
            If the gateway breaks the protocol.
        DbnError
            If the metadata cannot be read.
        """
        self.rest += data
        answer = b""
        while self.state in (HandshakeState.GREETING, HandshakeState.AUTH):
            line, found, rest = self.rest.partition(b"\n")
            if not found:
                if len(line) > MAX_LINE_SIZE:
                    raise LsgError(f"the gateway sent a line longer than {MAX_LINE_SIZE} bytes")
                return answer
            self.rest = rest
            answer += self._line(line.decode("utf-8", "replace").strip())
        if self.state is HandshakeState.METADATA:
            self._take_metadata()
        return answer

    def subscribe(self, subscription: LiveSubscription) -> bytes:
        """Return the bytes that subscribe and start the session; only in the state READY."""
        if self.state is not HandshakeState.READY:
            raise LsgError(f"a subscription in the state {self.state.name}")
        self.state = HandshakeState.METADATA
        return subscription.lines()

    def _line(self, line: str) -> bytes:
        fields = parse_line(line)
        if self.state is HandshakeState.GREETING:
            if "lsg_version" in fields:
                self.origin = origin_of(fields["lsg_version"])
                self.recording = recording_of(fields["lsg_version"])
                return b""
            if "cram" not in fields:
                raise LsgError(f"the gateway sent no challenge, but {line[:80]!r}")
            self.state = HandshakeState.AUTH
            return self._authenticate(fields["cram"])
        if fields.get("success") != "1":
            reason = fields.get("error", line[:80]).rstrip(".")
            raise FeedRefused(f"the gateway refused the key: {reason}; set DATABENTO_API_KEY")
        self.state = HandshakeState.READY
        return b""

    def _authenticate(self, nonce: str) -> bytes:
        ask = self.subscription
        return (
            f"auth={challenge_answer(nonce, self.key)}|dataset={ask.dataset}|encoding=dbn"
            f"|ts_out=0|compression=none|heartbeat_interval_s={ask.heartbeat_s}|client={CLIENT}\n"
        ).encode()

    def _take_metadata(self) -> None:
        if len(self.rest) < PREFIX_SIZE:
            return
        size = metadata_size(self.rest)
        if size > MAX_METADATA_SIZE:
            raise LsgError(
                f"the gateway announced {size:,} bytes of metadata, and at most"
                f" {MAX_METADATA_SIZE:,} are read"
            )
        if len(self.rest) < size:
            return
        self.metadata = Metadata.decode(self.rest)
        del self.rest[:size]
        self.state = HandshakeState.DATA
