"""What clients connect to: the app itself, and two proxies before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.conformance.clients.app_process import AppProcess
from tests.conformance.clients.proxy import FORBIDDEN, Proxy


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


@pytest.fixture(scope="module")
def app() -> Iterator[AppProcess]:
    with AppProcess() as app:
        yield app


@pytest.fixture(scope="module")
def place(app: AppProcess) -> Iterator[Place]:
    with Proxy(app.port, FORBIDDEN) as refusing, Proxy(app.port, None) as silent:
        yield Place(app, refusing, silent)
