"""A local Databento live gateway: the real protocol over a replayed file or a simulated market."""

from tickfire.ingest.gateway.config import GatewayConfig
from tickfire.ingest.gateway.server import Gateway, serve_gateway

__all__ = ["Gateway", "GatewayConfig", "serve_gateway"]
