"""Text lines of the live protocol: their limits and fields, and the answer to the challenge."""

from __future__ import annotations

import hashlib
from typing import Final

from tickfire.ingest.dbn.control import REPLAY_COMPLETED_TEXT
from tickfire.store.schema import LIVE, ORIGINS

DEFAULT_PORT: Final = 13_000
ALL_SYMBOLS: Final = "ALL_SYMBOLS"
"""A symbol that stands for every instrument of the dataset."""
MAX_LINE_SIZE: Final = 1 << 16
"""Bytes; 500 symbols of 71 characters fit."""
KEY_SUFFIX_LENGTH: Final = 5
"""The number of characters at the end of a key that an answer repeats in the clear."""

LSG_VERSION: Final = "0.1.0-tickfire"
"""The version of a gateway of tickfire's own, which the origin of its data follows after a dot, and
the name of the recording that it replays after another."""
REPLAY_BEGINS_AGAIN: Final = f"{REPLAY_COMPLETED_TEXT}; the next session begins again"
"""The beginning of the text with which tickfire's gateway completes a replay that it repeats; the
end of a text may be cut."""


def version_of(origin: str, recording: str = "") -> str:
    """Return the version with which tickfire's gateway greets, given the origin of its data."""
    return f"{LSG_VERSION}.{origin}.{recording}".rstrip(".")


def origin_of(version: str) -> str:
    """Return the origin of the data of a gateway that greets with a version."""
    origin = _own_parts(version)[0]
    return origin if origin in ORIGINS else LIVE


def recording_of(version: str) -> str:
    """Return the name of the recording of a gateway that greets with a version, empty if none."""
    return _own_parts(version)[1]


def _own_parts(version: str) -> tuple[str, str]:
    if not version.startswith(f"{LSG_VERSION}."):
        return "", ""
    origin, _, recording = version.removeprefix(f"{LSG_VERSION}.").partition(".")
    return origin, recording


def parse_line(line: str) -> dict[str, str]:
    """Return the fields of a ``key=value|key=value`` line; of equal keys the last one counts."""
    fields = (token.partition("=") for token in line.split("|"))
    return {key.strip(): value.strip() for key, _, value in fields if key.strip()}


def challenge_answer(nonce: str, key: str) -> str:
    """Return the answer with which a client that has a key meets the gateway's challenge."""
    digest = hashlib.sha256(f"{nonce}|{key}".encode()).hexdigest()
    return f"{digest}-{key[-KEY_SUFFIX_LENGTH:]}"
