"""`WireId`: ids on the wire, ``<epoch>-<position>[.<position>...]``, opaque to clients. Pure.

An id names the last tick of each shard that a client has, and is given back as ``since`` to resume
from there. It has one position, in base 36, for each shard from which its topic takes ticks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_FORM: Final = re.compile(r"([0-9a-f]{16})-([0-9a-z]{1,13}(?:\.[0-9a-z]{1,13})*)")
MAX_POSITION: Final = 2**63 - 1
MAX_LENGTH: Final = 4096
"""Characters of an id: more than those of 256 shards take."""


def base36(number: int) -> str:
    """Return a non-negative number in base 36.

    >>> base36(1295)
    'zz'
    """
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
        if not number:
            return digits


@dataclass(frozen=True, slots=True)
class WireId:
    """An epoch and positions in its shards; ``str()`` gives the text on the wire.

    Attributes
    ----------
    epoch : bytes
        The 8-byte key of the epoch.
    positions : tuple of int
        The position of the last tick included, for each shard of the topic.
    """

    epoch: bytes
    positions: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.epoch.hex()}-{'.'.join(map(base36, self.positions))}"

    @classmethod
    def parse(cls, text: object) -> WireId:
        """Parse the text of an id.

        Raises
        ------
        ValueError
            The text is not an id of this server.
        """
        found = None
        if isinstance(text, str) and len(text) <= MAX_LENGTH:
            found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError("since is not an id of this server")
        positions = tuple(int(digits, 36) for digits in found[2].split("."))
        if max(positions) > MAX_POSITION:
            raise ValueError("since is not an id of this server")
        return cls(bytes.fromhex(found[1]), positions)
