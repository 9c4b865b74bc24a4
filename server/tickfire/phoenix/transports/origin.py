"""Check of the Origin header, with Phoenix's rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Self
from urllib.parse import urlsplit

from tickfire.phoenix.core.connect_info import DEFAULT_PORTS

type OriginRule = bool | Literal["conn"] | Sequence[str] | Callable[["Origin"], bool]
"""Values of `check_origin`.

True
    The host must be the endpoint's own; any scheme and port are allowed.
False
    All origins are allowed.
"conn"
    The host must be that of the request's Host header.
sequence of patterns
    At least one must match: "//host", "//*.host", "https://host", "//host:port", or "conn".
function
    It is called with the origin, and returns whether the origin is allowed.
"""

type OriginCheck = Callable[[str | None, str], bool]
"""Function that returns whether an origin is allowed, given its header and the request's host."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A parsed Origin header, with host and scheme in their original case."""

    scheme: str | None
    host: str | None
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse an origin or a pattern; the host is None if that fails."""
        scheme, colon, rest = text.partition("://")
        if not colon:
            scheme, rest = "", text.removeprefix("//") if text.startswith("//") else ""
        try:
            parts = urlsplit("//" + rest)
            port = parts.port
        except ValueError:
            return cls(None, None, None)
        authority = parts.netloc.rpartition("@")[2]
        host = authority if authority.endswith("]") else authority.partition(":")[0]
        if authority.startswith("["):
            host = authority.partition("]")[0] + "]"
        return cls(scheme or None, host or None, port if port else DEFAULT_PORTS.get(scheme))


def compile_check(rule: OriginRule, host: str) -> OriginCheck:
    """Return the check for a rule, for an endpoint whose own host is `host`.

    Raises
    ------
    ValueError
        If a pattern has no host.
    """
    if rule is False:
        return lambda origin, request_host: True
    if callable(rule):
        decide = rule
        return _checked(lambda origin, request_host: decide(origin))
    patterns = [f"//{host}"] if rule is True else ["conn"] if rule == "conn" else list(rule)
    allowed = [None if pattern == "conn" else _pattern(pattern) for pattern in patterns]

    def matches(origin: Origin, request_host: str) -> bool:
        return any(
            origin.host == request_host if pattern is None else _matches(pattern, origin)
            for pattern in allowed
        )

    return _checked(matches)


def _checked(matches: Callable[[Origin, str], bool]) -> OriginCheck:
    def check(header: str | None, request_host: str) -> bool:
        if header is None:
            return True  # the client is not a browser
        origin = Origin.parse(header)
        return origin.host is not None and matches(origin, request_host)

    return check


def _pattern(text: str) -> Origin:
    pattern = Origin.parse(text)
    if pattern.host is None:
        raise ValueError(f'origin {text!r} must be written "//host" or "scheme://host"')
    return pattern


def _matches(pattern: Origin, origin: Origin) -> bool:
    host, allowed = origin.host or "", pattern.host or ""
    if pattern.scheme is not None and pattern.scheme != origin.scheme:
        return False
    if pattern.port is not None and pattern.port != origin.port:
        return False
    if allowed.startswith("*."):
        return host == allowed[2:] or host.endswith(allowed[1:])
    return host == allowed
