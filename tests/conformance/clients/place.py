"""A running app, and two proxies before it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.conformance.clients.app_process import AppProcess
from tests.conformance.clients.proxy import Proxy


@dataclass
class Place:
    """A running app, and the addresses that a script needs."""

    app: AppProcess
    refusing: Proxy
    silent: Proxy

    @property
    def addresses(self) -> dict[str, str]:
        ports = {"base": self.app.port, "refusing": self.refusing.port, "silent": self.silent.port}
        return {name: f"ws://127.0.0.1:{port}" for name, port in ports.items()}
