"""Keys: secrets that grant what is stored under their id. Pure.

A key reads ``tf_<id>_<secret>``. Redis holds the SHA-256 of the secret alone, which is enough for
a random one of 256 bits.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Final

import msgspec

from tickfire.server.access.grant import Grant

PREFIX: Final = "tf_"
ID_BYTES: Final = 6
SECRET_BYTES: Final = 32
_KEY: Final = re.compile(r"tf_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


class Key(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A key as it is stored.

    Attributes
    ----------
    id : str
    name : str
        Text by which people know it.
    digest : str
        SHA-256 of the secret, in hexadecimal.
    created_at, expires_at : float
        Seconds since the Unix epoch; without a time of expiry the key does not expire.
    topics, connections, origins, rates
        As in `Grant`.
    """

    id: str
    name: str
    digest: str
    created_at: float
    topics: tuple[str, ...] | None = None
    expires_at: float | None = None
    connections: int | None = None
    origins: tuple[str, ...] | None = None
    rates: dict[str, float] = {}

    def grant(self) -> Grant:
        """Return the grant of a client with this key."""
        return Grant(
            subject=self.name,
            key=self.id,
            topics=self.topics,
            issued_at=self.created_at,
            expires_at=self.expires_at,
            connections=self.connections,
            origins=self.origins,
            rates=self.rates,
        )

    def opens_with(self, secret: str) -> bool:
        """Return whether a secret is that of the key, in constant time."""
        return hmac.compare_digest(_digest(secret), self.digest)


def make_key(name: str, now: float, grant: Grant) -> tuple[Key, str]:
    """Return a new key, and its text with the secret, which is stored nowhere.

    Parameters
    ----------
    name : str
    now : float
        Seconds since the Unix epoch.
    grant : Grant
        What the key grants; its subject, key and time of issue are not used.
    """
    key_id, secret = secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    key = Key(
        id=key_id,
        name=name,
        digest=_digest(secret),
        created_at=now,
        topics=grant.topics,
        expires_at=grant.expires_at,
        connections=grant.connections,
        origins=grant.origins,
        rates=dict(grant.rates),
    )
    return key, f"{PREFIX}{key_id}_{secret}"


def parse_key(text: str) -> tuple[str, str] | None:
    """Return the id and the secret in the text of a key, or None if it is not one."""
    found = _KEY.fullmatch(text)
    return None if found is None else (found[1], found[2])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
