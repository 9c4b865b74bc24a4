"""The causes for which a connection is refused, and the response to each. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from tickfire.phoenix import Refusal

RETRY_S: Final = 5
_TYPE: Final = ("content-type", "text/plain; charset=utf-8")
_NO_STORE: Final = ("cache-control", "no-store")


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause for which connections are refused.

    Attributes
    ----------
    name : str
        Its name in the metric.
    text : str
        The sentence for the log and the response.
    status : int
        The status of the response.
    retry : bool
        True if the client may try again later.
    """

    name: str
    text: str
    status: int
    retry: bool = False

    def refusal(self) -> Refusal:
        """Return the response."""
        retry = (("retry-after", str(RETRY_S)),) if self.retry else ()
        return Refusal(self.status, f"{self.text}.".encode(), (_TYPE, _NO_STORE, *retry))

    def response(self) -> bytes:
        """Return the response encoded; it closes the connection."""
        refusal = self.refusal()
        content_type, *others = refusal.headers
        length = ("content-length", str(len(refusal.body)))
        headers = (content_type, length, *others, ("connection", "close"))
        head = f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in headers
        )
        return head.encode() + b"\r\n" + refusal.body


FULL: Final = Cause("connections", "the server has no room for more connections", 503, True)
ADDRESS: Final = Cause(
    "connections_per_address", "this address has as many connections as it may", 429, True
)
REQUEST_LINE: Final = Cause("request_line", "the request line is too long", 414)
HEADERS: Final = Cause("headers", "the headers are too large", 431)
TIMEOUT: Final = Cause("handshake_timeout", "the request was not complete in time", 408)
PIPELINE: Final = Cause("pipeline", "too many requests were sent ahead of their responses", 429)
BAD_REQUEST: Final = Cause("bad_request", "the request is not valid HTTP", 400)
STALLED: Final = Cause("stalled_response", "the client does not read the response", 408)
HOST: Final = Cause("host", "the Host header names a host that is not in ALLOWED_HOSTS", 403)
MESSAGE: Final = Cause("message_size", "a message is too large or too complex", 413)
MALFORMED: Final = Cause("message", "a message cannot be decoded", 400)
CONNECTS: Final = Cause("connects", "this client connects too often", 429, True)
MESSAGES: Final = Cause("messages", "too many messages", 429, True)
FLOOD: Final = Cause("flood", "messages go on although they are refused", 429)
JOINS: Final = Cause("joins", "too many joins", 429, True)
REPLAYS: Final = Cause("replays", "too many requests for history", 429, True)
BANDWIDTH: Final = Cause(
    "bandwidth", "this client has been sent as much data as it may for now", 429, True
)
TOPICS: Final = Cause("topics", "this client has joined as many topics as it may", 429, True)
LANES: Final = Cause("lanes", "too many views by symbols or max_hz", 429, True)
INDICATORS: Final = Cause("indicators", "too many indicators", 429, True)

CAUSES: Final = (
    *(FULL, ADDRESS, REQUEST_LINE, HEADERS, TIMEOUT, BAD_REQUEST, STALLED, HOST),
    *(PIPELINE, MESSAGE, MALFORMED),
    *(CONNECTS, MESSAGES, FLOOD, JOINS, REPLAYS, BANDWIDTH, TOPICS, LANES, INDICATORS),
)
