"""`GatewayMetrics`: the Prometheus metrics of `tickfire gateway`."""

from __future__ import annotations

from typing import Final

from tickfire.base.exposition import Watched, process_registry
from tickfire.base.loop_lag import LoopLag
from tickfire.ingest.gateway.server import Gateway

PREFIX: Final = "tickfire_gateway_"


class GatewayMetrics:
    """The metrics of a process; docs/monitoring.md lists them.

    Parameters
    ----------
    gateway : Gateway

    Attributes
    ----------
    registry : CollectorRegistry
    loop_lag : LoopLag
    """

    def __init__(self, gateway: Gateway) -> None:
        self.registry = process_registry()
        self.loop_lag = LoopLag(self.registry, PREFIX)
        self.registry.register(
            Watched(f"{PREFIX}sessions", "Sessions that are open.", lambda: {(): gateway.sessions})
        )
        self.registry.register(
            Watched(
                f"{PREFIX}connections",
                "Connections taken, those that were refused a session included.",
                lambda: {(): gateway.connected},
                counts=True,
            )
        )
