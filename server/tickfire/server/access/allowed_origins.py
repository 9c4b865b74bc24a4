"""Origins of pages that `tickfire serve` allows, as its option has them."""

from __future__ import annotations

from collections.abc import Iterable

from tickfire.base.errors import UsageError
from tickfire.base.listed import listed
from tickfire.server.access.claims import ClaimsError, origins_of


def checked_origins(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the origins in texts, in which commas or spaces separate them.

    Raises
    ------
    UsageError
        One is no origin; the message names it.
    """
    try:
        return origins_of("ALLOWED_ORIGINS", listed(*texts)) or ()
    except ClaimsError as error:
        hint = "; list each origin, or hosts as //*.example.com"
        raise UsageError(f"{error}{hint}.") from None
