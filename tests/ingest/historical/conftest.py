"""A historical service for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.historical import HistoryServer, serving
from tests.support.tls import Certificates
from tickfire.ingest.historical.cache import HistoryCache
from tickfire.ingest.historical.request import moment

END = moment("2024-07-03T12:00", 0)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def server(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Iterator[HistoryServer]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.ca))
    monkeypatch.delenv("DATABENTO_API_KEY", raising=False)
    with serving(certificates, END) as running:
        yield running


@pytest.fixture
def cache(tmp_path: Path) -> HistoryCache:
    return HistoryCache(tmp_path / "cache")
