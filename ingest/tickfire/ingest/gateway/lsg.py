"""The gateway's side of the live protocol, without I/O: bytes in, events and bytes out.

Text lines in both directions until the session starts; from then on the gateway sends DBN, and
the client may still send lines::

    server: lsg_version=...          client: auth=<sha256(nonce|key)>-<key's last 5>|dataset=...
            cram=<nonce>
    server: success=1|session_id=..  client: schema=..|stype_in=..|symbols=a,b|...   (any number)
                                     client: start_session=0
    server: DBN metadata and records client: schema=...                      (further ones)

    AUTH ──auth──> OPEN ──start_session──> STREAMING
      └──────────────┴─────────┴──> CLOSED   (refused, garbage, a line too long)

Nothing that a client sends raises: a line that is not understood becomes a `Complaint`, for the
client to read as an error record; one that cannot be a line becomes `Hangup`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Iterator
from enum import Enum
from typing import Final

import msgspec

from tickfire.ingest.gateway.subscription import (
    RequestError,
    SessionOptions,
    Subscription,
    parse_line,
    parse_options,
    parse_subscription,
)

LSG_VERSION: Final = "0.1.0-tickfire"
MAX_LINE_SIZE: Final = 1 << 16
"""Bytes; 500 symbols of 71 characters fit well."""
BUCKET_LENGTH: Final = 5
"""Characters of a key that its answer to the challenge ends with, in the clear."""

_LINES: Final = re.compile(rb"[^\n]*\n|[^\n]+")
_ANSWER: Final = re.compile(rf"[0-9a-f]{{64}}-[!-~]{{{BUCKET_LENGTH}}}")


class State(Enum):
    """Where a session's conversation is."""

    AUTH = "awaiting authentication"
    OPEN = "open"
    STREAMING = "streaming"
    CLOSED = "closed"


class Authenticated(msgspec.Struct, frozen=True):
    """The client proved its key, or none is asked."""

    options: SessionOptions


class Subscribed(msgspec.Struct, frozen=True):
    """The client asked for data."""

    subscription: Subscription


class Started(msgspec.Struct, frozen=True):
    """The client asked for the stream: metadata and records may be sent."""


class Complaint(msgspec.Struct, frozen=True):
    """A line was not understood; the client is to be told, and the session goes on."""

    text: str


class Hangup(msgspec.Struct, frozen=True):
    """The conversation is over: send what there is to send, and close."""

    reason: str


type Event = Authenticated | Subscribed | Started | Complaint | Hangup


class LsgServer:
    """One client's conversation.

    Parameters
    ----------
    session_id, nonce : str
        Told to the client.
    keys : collection of str, optional
        Accepted API keys; None accepts any answer of the right form.
    """

    def __init__(self, session_id: str, nonce: str, keys: Collection[str] | None = None) -> None:
        self.state = State.AUTH
        self._session_id = session_id
        self._nonce = nonce
        self._keys = keys
        self._line = bytearray()
        self._out = bytearray(f"lsg_version={LSG_VERSION}\ncram={nonce}\n".encode())

    def data_to_send(self) -> bytes:
        """Return the bytes that are to be sent now, once."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def receive(self, data: bytes) -> list[Event]:
        """Take bytes of the client, cut anywhere, and return what they mean."""
        return list(self._events(data))

    def refuse(self, error: str) -> Hangup:
        """Refuse a client that has not authenticated yet."""
        self._out += f"success=0|error={error}\n".encode()
        return self._hang_up(error)

    def _events(self, data: bytes) -> Iterator[Event]:
        for part in _LINES.findall(data):
            if self.state is State.CLOSED:
                return
            self._line += part
            if len(self._line) > MAX_LINE_SIZE:
                yield self._hang_up(f"sent a line longer than {MAX_LINE_SIZE} bytes")
            elif part.endswith(b"\n"):
                line, self._line = bytes(self._line), bytearray()
                yield from self._take_line(line)

    def _take_line(self, line: bytes) -> Iterator[Event]:
        try:
            text = line.decode().strip()
        except UnicodeDecodeError:
            text = "\0"
        if not text.isprintable():
            yield self._hang_up("sent what is no line of text")
        elif self.state is State.AUTH:
            yield self._authenticate(parse_line(text))
        elif text:
            yield self._take_request(parse_line(text), text)

    def _authenticate(self, fields: dict[str, str]) -> Event:
        answer = fields.get("auth")
        if answer is None:
            return self.refuse("Authentication was expected.")
        if not self._proves_key(answer):
            return self.refuse("User authentication failed.")
        try:
            options = parse_options(fields)
        except RequestError as error:
            return self.refuse(str(error))
        self._out += f"success=1|session_id={self._session_id}\n".encode()
        self.state = State.OPEN
        return Authenticated(options)

    def _proves_key(self, answer: str) -> bool:
        if not _ANSWER.fullmatch(answer):
            return False
        if self._keys is None:
            return True
        # All keys are compared, each in constant time: the answer's timing tells nothing.
        return any([hmac.compare_digest(answer, self._answer(key)) for key in self._keys])

    def _answer(self, key: str) -> str:
        digest = hashlib.sha256(f"{self._nonce}|{key}".encode()).hexdigest()
        return f"{digest}-{key[-BUCKET_LENGTH:]}"

    def _take_request(self, fields: dict[str, str], text: str) -> Event:
        if "schema" in fields:
            try:
                return Subscribed(parse_subscription(fields))
            except RequestError as error:
                return Complaint(str(error))
        if "start_session" in fields:
            if self.state is State.STREAMING:
                return Complaint("The session has started already.")
            self.state = State.STREAMING
            return Started()
        return Complaint(f"Unknown request '{text[:100]}'.")

    def _hang_up(self, reason: str) -> Hangup:
        self.state = State.CLOSED
        return Hangup(reason)
