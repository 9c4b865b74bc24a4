"""A local Databento live gateway that replays a file or simulates a market."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tickfire.ingest.gateway.config import GatewayConfig

if TYPE_CHECKING:
    from tickfire.ingest.gateway.server import Gateway, serve_gateway

__all__ = ["Gateway", "GatewayConfig", "serve_gateway"]


def __getattr__(name: str) -> Any:
    """Import the server, which loads compiled code, only on first use.

    The command checks its options before that.
    """
    if name in ("Gateway", "serve_gateway"):
        from tickfire.ingest.gateway import server

        return getattr(server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
