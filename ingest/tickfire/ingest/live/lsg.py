"""The client side of Databento's live protocol (LSG): pure, bytes in, bytes out.

::

    GREETING   lsg_version=..., cram=<nonce>      -> auth=<sha256("nonce|key")>-<last 5 of key>|...
    AUTH       success=1|session_id=...           -> subscriptions, start_session
    METADATA   DBN metadata                       -> DATA: the bytes left over are records
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass, field
from typing import Final

from tickfire.base.errors import UserError
from tickfire.ingest.dbn.metadata import PREFIX_SIZE, Metadata, metadata_size

BUCKET_ID_LENGTH: Final = 5
MAX_LINE: Final = 64 * 1024
SYMBOLS_PER_LINE: Final = 500
CLIENT: Final = "tickfire"


class LsgError(Exception):
    """The gateway said something that is not the protocol; the session is over."""


class FeedRefused(UserError):
    """The gateway refused the key."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What to ask a gateway for.

    Attributes
    ----------
    dataset : str
    schemas : tuple of str
        Such as ``("trades", "mbp-1")``.
    symbols : tuple of str
        ``("ALL_SYMBOLS",)`` for everything.
    stype_in : str
    heartbeat_s : int
        The gateway speaks at least so often (5 to 1800).
    start : int, optional
        ns since the Unix epoch: replay from there first.
    """

    dataset: str
    schemas: tuple[str, ...]
    symbols: tuple[str, ...] = ("ALL_SYMBOLS",)
    stype_in: str = "raw_symbol"
    heartbeat_s: int = 10
    start: int | None = None

    def lines(self) -> bytes:
        """Return the subscription lines, and the one that starts the session."""
        out = []
        start = "" if self.start is None else f"|start={self.start}"
        for number, schema in enumerate(self.schemas):
            for at in range(0, len(self.symbols), SYMBOLS_PER_LINE):
                symbols = self.symbols[at : at + SYMBOLS_PER_LINE]
                last = at + SYMBOLS_PER_LINE >= len(self.symbols)
                out.append(
                    f"schema={schema}|stype_in={self.stype_in}|symbols={','.join(symbols)}"
                    f"{start}|snapshot=0|id={number + 1}|is_last={int(last)}\n"
                )
        return ("".join(out) + "start_session=0\n").encode()


class State(enum.Enum):
    """Where the handshake stands."""

    GREETING = enum.auto()
    AUTH = enum.auto()
    METADATA = enum.auto()
    DATA = enum.auto()


@dataclass(slots=True)
class Handshake:
    """From connection to the first record.

    Attributes
    ----------
    state : State
    metadata : Metadata or None
        Known in state DATA.
    rest : bytes
        In state DATA: records that came with the metadata.
    """

    key: str = field(repr=False)
    subscription: Subscription
    state: State = State.GREETING
    metadata: Metadata | None = None
    rest: bytes = b""

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the gateway and return what to answer.

        Raises
        ------
        FeedRefused
            The key is wrong, or no session may be had with it.
        LsgError
            The gateway does not speak the protocol.
        DbnError
            Its metadata cannot be read.
        """
        self.rest += data
        answer = b""
        while self.state in (State.GREETING, State.AUTH):
            line, found, rest = self.rest.partition(b"\n")
            if not found:
                if len(line) > MAX_LINE:
                    raise LsgError("the gateway sent a line without an end")
                return answer
            self.rest = rest
            answer += self._line(line.decode("utf-8", "replace").strip())
        if self.state is State.METADATA:
            self._take_metadata()
        return answer

    def _line(self, line: str) -> bytes:
        fields = dict(item.partition("=")[::2] for item in line.split("|"))
        if self.state is State.GREETING:
            if "lsg_version" in fields:
                return b""
            if "cram" not in fields:
                raise LsgError(f"the gateway greeted with {line[:80]!r}")
            self.state = State.AUTH
            return self._authenticate(fields["cram"])
        if fields.get("success") != "1":
            reason = fields.get("error", line[:80]).rstrip(".")
            raise FeedRefused(f"the gateway refused the key: {reason}; set DATABENTO_API_KEY")
        self.state = State.METADATA
        return self.subscription.lines()

    def _authenticate(self, nonce: str) -> bytes:
        digest = hashlib.sha256(f"{nonce}|{self.key}".encode()).hexdigest()
        ask = self.subscription
        return (
            f"auth={digest}-{self.key[-BUCKET_ID_LENGTH:]}|dataset={ask.dataset}|encoding=dbn"
            f"|ts_out=0|compression=none|heartbeat_interval_s={ask.heartbeat_s}|client={CLIENT}\n"
        ).encode()

    def _take_metadata(self) -> None:
        if len(self.rest) < PREFIX_SIZE:
            return
        size = metadata_size(self.rest)
        if len(self.rest) < size:
            return
        self.metadata = Metadata.decode(self.rest[:size])
        self.rest = self.rest[size:]
        self.state = State.DATA
