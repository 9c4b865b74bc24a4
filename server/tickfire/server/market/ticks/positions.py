"""Ids on the wire: ``<epoch>-<position>[.<position>...]``, opaque to clients. Pure.

One position (base 36) for each shard that the topic draws on. It names the last tick of each
shard that a client has, so it says where to read on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_FORM: Final = re.compile(r"([0-9a-f]{16})-([0-9a-z]{1,13}(?:\.[0-9a-z]{1,13})*)")
MAX_POSITION: Final = 2**63 - 1
MAX_LENGTH: Final = 4096


def base36(number: int) -> str:
    """Return a number, not negative, in base 36.

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
class Place:
    """A point in the shards of one data set.

    Attributes
    ----------
    epoch : bytes
        The 8-byte key of the data set.
    positions : tuple of int
        n of the last tick included, for each shard that the topic draws on.
    """

    epoch: bytes
    positions: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.epoch.hex()}-{'.'.join(map(base36, self.positions))}"

    @classmethod
    def parse(cls, text: object) -> Place:
        """Read an id.

        Raises
        ------
        ValueError
            It is not one of ours.
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
