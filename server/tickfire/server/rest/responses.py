"""Responses of the REST API that are no page: refusals, which are JSON with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.responses import Response

RETRY_S: Final = 1
KEPT: Final = ("allow", "retry-after", "www-authenticate")
"""Headers of another response that a refusal takes over."""


class Refused(Exception):
    """Raised with the response to a request that is refused."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def refusal(status: int, reason: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a refusal; the reason is a sentence."""
    kept = {name: value for name, value in (headers or {}).items() if name in KEPT}
    body = msgspec.json.encode({"reason": reason})
    return Response(
        body, status, {**kept, "cache-control": "no-store"}, media_type="application/json"
    )


def later(status: int, reason: str, after_s: int = RETRY_S) -> Response:
    """Return a refusal that says when to ask again; the reason lacks its full stop."""
    return refusal(status, f"{reason}.", {"retry-after": str(after_s)})
