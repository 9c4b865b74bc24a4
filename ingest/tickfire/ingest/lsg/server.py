"""Gateway side of the live protocol, sans I/O: bytes in, events and bytes out.

Both sides send lines of text until the session starts. From then on the gateway sends DBN, and
the client may still send lines::

    server: lsg_version=...          client: auth=<sha256(nonce|key)>-<key's last 5>|dataset=...
            cram=<nonce>
    server: success=1|session_id=..  client: schema=..|stype_in=..|symbols=a,b|...   (any number)
                                     client: start_session=0
    server: DBN metadata and records client: schema=...                      (further ones)

    AUTH ──auth──> OPEN ──start_session──> STREAMING
      └──────────────┴─────────┴──> CLOSED   (refused, garbage, a line too long)

Nothing that a client sends raises an exception. A line that is not understood becomes a
`Complaint`, which the client receives as an error record; bytes that are not a line of text become
a `Hangup`.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Iterator
from enum import Enum
from typing import Final

import msgspec

from tickfire.ingest.lsg.lines import (
    KEY_SUFFIX_LENGTH,
    MAX_LINE_SIZE,
    challenge_answer,
    parse_line,
    version_of,
)
from tickfire.ingest.lsg.requests import (
    GatewaySubscription,
    RequestError,
    SessionOptions,
    parse_options,
    parse_subscription,
)
from tickfire.store.schema import SIMULATED

_LINES: Final = re.compile(rb"[^\n]*\n|[^\n]+")
_ANSWER: Final = re.compile(rf"[0-9a-f]{{64}}-[!-~]{{{KEY_SUFFIX_LENGTH}}}")


class ConversationState(Enum):
    """State of a conversation."""

    AUTH = "awaiting authentication"
    OPEN = "open"
    STREAMING = "streaming"
    CLOSED = "closed"


class Authenticated(msgspec.Struct, frozen=True):
    """The client has authenticated."""

    options: SessionOptions


class Subscribed(msgspec.Struct, frozen=True):
    """The client has subscribed to data."""

    subscription: GatewaySubscription


class Started(msgspec.Struct, frozen=True):
    """The client has started the session: metadata and records may be sent."""


class Complaint(msgspec.Struct, frozen=True):
    """A line was not understood; the text is for the client, and the session goes on."""

    text: str


class Hangup(msgspec.Struct, frozen=True):
    """The conversation is over: send what `data_to_send` returns, then close."""

    reason: str


type Event = Authenticated | Subscribed | Started | Complaint | Hangup


class LsgServer:
    """The conversation with one client.

    Parameters
    ----------
    session_id, nonce : str
        The id and the challenge that are sent to the client.
    keys : collection of str, optional
        The API keys to accept; None accepts every answer of the right form.
    origin : str
        The origin of the data, which the greeting tells.
    recording : str
        The name of the recording that is replayed, which the greeting tells; empty if none is.
    """

    def __init__(
        self,
        session_id: str,
        nonce: str,
        keys: Collection[str] | None = None,
        origin: str = SIMULATED,
        recording: str = "",
    ) -> None:
        self.state = ConversationState.AUTH
        self._session_id = session_id
        self._nonce = nonce
        self._keys = keys
        self._line = bytearray()
        version = version_of(origin, recording)
        self._out = bytearray(f"lsg_version={version}\ncram={nonce}\n".encode())

    def data_to_send(self) -> bytes:
        """Return the bytes to send now; each byte is returned once."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def receive(self, data: bytes) -> list[Event]:
        """Receive bytes from the client, cut anywhere; return the events in them."""
        return list(self._events(data))

    def refuse(self, error: str) -> Hangup:
        """Refuse a client that has not authenticated; return the event that ends the session."""
        self._out += f"success=0|error={error}\n".encode()
        return self._hang_up(error)

    def _events(self, data: bytes) -> Iterator[Event]:
        for part in _LINES.findall(data):
            if self.state is ConversationState.CLOSED:
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
            yield self._hang_up("sent bytes that are not a line of text")
        elif self.state is ConversationState.AUTH:
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
        self.state = ConversationState.OPEN
        return Authenticated(options)

    def _proves_key(self, answer: str) -> bool:
        if not _ANSWER.fullmatch(answer):
            return False
        if self._keys is None:
            return True
        # Compare all keys, each in constant time, so that the time taken reveals nothing.
        return any(
            [hmac.compare_digest(answer, challenge_answer(self._nonce, key)) for key in self._keys]
        )

    def _take_request(self, fields: dict[str, str], text: str) -> Event:
        if "schema" in fields:
            try:
                return Subscribed(parse_subscription(fields))
            except RequestError as error:
                return Complaint(str(error))
        if "start_session" in fields:
            if self.state is ConversationState.STREAMING:
                return Complaint("The session has started already.")
            self.state = ConversationState.STREAMING
            return Started()
        return Complaint(f"Unknown request '{text[:100]}'.")

    def _hang_up(self, reason: str) -> Hangup:
        self.state = ConversationState.CLOSED
        return Hangup(reason)
