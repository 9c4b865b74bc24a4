"""Fixtures of all tests: recorded data, Hypothesis profiles, a Valkey."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.paths import SHARED
from tests.support.valkey import Valkey

# The machine may be busy with the system under test, so no example has a deadline.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("default"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests that need ../shared where there is no such folder."""
    if SHARED.exists():
        return
    for item in items:
        if item.get_closest_marker("shared_data"):
            item.add_marker(pytest.mark.skip(reason="there is no folder ../shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder ../shared."""
    return SHARED


@pytest.fixture(scope="session")
def shared_valkey() -> Iterator[Valkey]:
    """The Valkey of all tests that do not stop it."""
    server = Valkey()
    yield server
    server.close()


@pytest.fixture
def valkey(shared_valkey: Valkey) -> Valkey:
    """The shared Valkey, emptied."""
    shared_valkey.client.flushall()
    return shared_valkey
