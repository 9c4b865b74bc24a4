"""Fixtures of the client tests: a running app, and two proxies before it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.clients.app_process import AppProcess
from tests.conformance.clients.place import Place
from tests.conformance.clients.proxy import FORBIDDEN, Proxy


@pytest.fixture(scope="module")
def app() -> Iterator[AppProcess]:
    with AppProcess() as app:
        yield app


@pytest.fixture(scope="module")
def place(app: AppProcess) -> Iterator[Place]:
    with Proxy(app.port, FORBIDDEN) as refusing, Proxy(app.port, None) as silent:
        yield Place(app, refusing, silent)
