"""Fixtures of the tests of ingest's writer."""

from __future__ import annotations

import pytest

from tickfire.ingest.writer import sessions


@pytest.fixture
def reconnect_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ingest try again at once after a session has ended."""
    monkeypatch.setattr(sessions, "RECONNECT_S", 0.01)
    monkeypatch.setattr(sessions, "RECONNECT_MAX_S", 0.02)
