"""Fixtures of the server's tests: a real Valkey and servers on real ports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.market_fixtures import publisher, serve, server
from tests.support.valkey import Valkey, two_nodes

__all__ = ["nodes", "own_valkey", "publisher", "serve", "server"]


@pytest.fixture
def own_valkey() -> Iterator[Valkey]:
    """Yield a Valkey that the test may kill."""
    server = Valkey()
    yield server
    server.close()


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[Valkey]]:
    """Yield the nodes of a Cluster of two."""
    with two_nodes(tmp_path) as found:
        yield found
