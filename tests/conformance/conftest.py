"""The conformance app."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.serving import serving
from tickfire.base.ports import free_port


@pytest.fixture(scope="package")
def port() -> Iterator[int]:
    """The port of a running conformance app."""
    free = free_port()
    with serving(free):
        yield free
