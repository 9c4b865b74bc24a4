"""The client that a grant's connections and requests are counted for."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from tickfire.server.access.grant import Grant
from tickfire.server.limits.meter import Holder
from tickfire.server.limits.quotas import Quotas

KEPT_QUOTAS: Final = 1024
"""Quotas of grants that are kept for the connections that share them."""


def holder_of(grant: Grant, address: str | None, quotas: Quotas) -> Holder:
    """Return the client to count: the key or user of a grant that has one, or else the address.

    Parameters
    ----------
    grant : Grant
    address : str or None
        The name of its address; None if that is not counted.
    quotas : Quotas
        Those of the server.
    """
    if grant.key is None and not grant.rates:
        return Holder(address, None)
    return Holder(grant.holder or address, _granted(quotas, tuple(grant.rates.items())))


@lru_cache(KEPT_QUOTAS)
def _granted(quotas: Quotas, rates: tuple[tuple[str, float], ...]) -> Quotas:
    """Return the same quotas for all connections with these rates."""
    return quotas.override(dict(rates))
