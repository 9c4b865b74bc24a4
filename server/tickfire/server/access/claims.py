"""Claims: the contents of a token that grant something, validated. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from tickfire.phoenix import Origin
from tickfire.server.access.grant import RATES, Grant

MAX_PATTERNS: Final = 1_000
MAX_TEXT: Final = 255
"""Length of a topic pattern, an origin or a subject, in characters."""
SUBJECTS: Final = ("sub", "user_id")
GRANTED: Final = frozenset({*SUBJECTS, "topics", "rates", "connections", "origins", "exp", "iat"})
"""Claims that a grant is made from."""
REGISTERED: Final = frozenset({"iss", "aud", "nbf", "jti"})
"""Claims of RFC 7519 that the verifier of a JSON Web Token deals with."""


class ClaimsError(ValueError):
    """Claims are unknown or malformed; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Times of a token that are not among its claims, in seconds since the Unix epoch."""

    issued_at: float | None = None
    expires_at: float | None = None


def grant_from(
    claims: Mapping[Any, Any],
    lifetime: Lifetime | None = None,
    ignored: Iterable[str] = (),
) -> Grant:
    """Return the grant that claims describe.

    Parameters
    ----------
    claims : mapping
        A claim that is None counts as absent.
    lifetime : Lifetime, optional
        Times beside the claims; the earlier time of expiry holds.
    ignored : iterable of str
        Other claims that may be there.

    Raises
    ------
    ClaimsError
        A claim is unknown or malformed.
    """
    lifetime = lifetime or Lifetime()
    unknown = [str(name) for name in claims if name not in GRANTED and name not in set(ignored)]
    if unknown:
        raise ClaimsError(
            f"the claim {min(unknown)[:MAX_TEXT]} is unknown; "
            f"known ones are {', '.join(sorted(GRANTED))}"
        )
    given = {name: value for name, value in claims.items() if value is not None}
    if "connections" in given and _subject(given) is None:
        raise ClaimsError("connections needs sub, the user that they are counted for")
    issued_at = _time("iat", given.get("iat"))
    expiries = [
        at for at in (_time("exp", given.get("exp")), lifetime.expires_at) if at is not None
    ]
    return Grant(
        subject=_subject(given),
        topics=topics_of("topics", given.get("topics")),
        issued_at=lifetime.issued_at if issued_at is None else issued_at,
        expires_at=min(expiries, default=None),
        connections=_connections(given.get("connections")),
        origins=origins_of("origins", given.get("origins")),
        rates=rates_of("rates", given.get("rates")),
    )


def topics_of(name: str, given: object) -> tuple[str, ...] | None:
    """Return patterns of topics, None for all.

    Raises
    ------
    ClaimsError
        They are no list of patterns; the message calls them `name`.
    """
    return _texts(name, given, "topic patterns such as market:*")


def origins_of(name: str, given: object) -> tuple[str, ...] | None:
    """Return origins, None for all.

    Raises
    ------
    ClaimsError
        They are no list of origins; the message calls them `name`.
    """
    origins = _texts(name, given, "origins such as https://example.com")
    for origin in origins or ():
        if Origin.parse(origin).host is None:
            raise ClaimsError(f"{name}: {origin} is no origin such as https://example.com")
    return origins


def rates_of(name: str, given: object) -> Mapping[str, float]:
    """Return limits by name.

    Raises
    ------
    ClaimsError
        They are no mapping of known names to positive numbers; the message calls them `name`.
    """
    if given is None:
        return MappingProxyType({})
    if not isinstance(given, Mapping):
        raise ClaimsError(f"{name} must be an object of names and numbers")
    for rate, value in given.items():
        if rate not in RATES:
            known = ", ".join(RATES)
            raise ClaimsError(f"{name}: {str(rate)[:MAX_TEXT]} is unknown; known are {known}")
        if not _is_number(value) or value <= 0:
            raise ClaimsError(f"{name}: {rate} must be a positive number")
    return MappingProxyType({str(rate): value for rate, value in given.items()})


def _subject(claims: Mapping[Any, Any]) -> str | None:
    given = [claims[name] for name in SUBJECTS if name in claims]
    if len(given) > 1:
        raise ClaimsError("sub and user_id are two names of the same claim; give one")
    for subject in given:
        text = str(subject) if type(subject) is int else subject
        if not isinstance(text, str) or not 0 < len(text) <= MAX_TEXT:
            raise ClaimsError(f"sub must be a text of 1 to {MAX_TEXT} characters, or an integer")
        return text
    return None


def _connections(given: object) -> int | None:
    if given is not None and (type(given) is not int or given < 1):
        raise ClaimsError("connections must be an integer from 1")
    return given


def _time(name: str, given: object) -> float | None:
    if given is None:
        return None
    if not _is_number(given):
        raise ClaimsError(f"{name} must be a number of seconds since 1970")
    return given  # type: ignore[return-value]


def _is_number(given: object) -> bool:
    if type(given) is int:
        return abs(given) < 1 << 63
    return type(given) is float and math.isfinite(given)


def _texts(name: str, given: object, kind: str) -> tuple[str, ...] | None:
    if given is None:
        return None
    texts = given if isinstance(given, list | tuple) else None
    if texts is None or len(texts) > MAX_PATTERNS:
        raise ClaimsError(f"{name} must be a list of at most {MAX_PATTERNS} {kind}")
    if not all(isinstance(text, str) and 0 < len(text) <= MAX_TEXT for text in texts):
        raise ClaimsError(f"{name} must be a list of {kind}, of 1 to {MAX_TEXT} characters each")
    return tuple(str(text) for text in texts)
