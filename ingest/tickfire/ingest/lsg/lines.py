"""Text lines of the live protocol: their limits and fields, and the answer to the challenge."""

from __future__ import annotations

import hashlib
from typing import Final

from tickfire.store.schema import LIVE, ORIGINS

DEFAULT_PORT: Final = 13_000
ALL_SYMBOLS: Final = "ALL_SYMBOLS"
"""A symbol that stands for every instrument of the dataset."""
MAX_LINE_SIZE: Final = 1 << 16
"""Bytes; 500 symbols of 71 characters fit."""
KEY_SUFFIX_LENGTH: Final = 5
"""The number of characters at the end of a key that an answer repeats in the clear."""

LSG_VERSION: Final = "0.1.0-tickfire"
"""The version of a gateway of tickfire's own, which ends with a dot and the origin of its data."""


def version_of(origin: str) -> str:
    """Return the version with which tickfire's gateway greets, given the origin of its data."""
    return f"{LSG_VERSION}.{origin}"


def origin_of(version: str) -> str:
    """Return the origin of the data of a gateway that greets with a version."""
    named, _, origin = version.rpartition(".")
    return origin if named == LSG_VERSION and origin in ORIGINS else LIVE


def parse_line(line: str) -> dict[str, str]:
    """Return the fields of a ``key=value|key=value`` line; of equal keys the last one counts."""
    fields = (token.partition("=") for token in line.split("|"))
    return {key.strip(): value.strip() for key, _, value in fields if key.strip()}


def challenge_answer(nonce: str, key: str) -> str:
    """Return the answer with which a client that has a key meets the gateway's challenge."""
    digest = hashlib.sha256(f"{nonce}|{key}".encode()).hexdigest()
    return f"{digest}-{key[-KEY_SUFFIX_LENGTH:]}"
