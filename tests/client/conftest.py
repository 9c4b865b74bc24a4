"""Fixtures of the client's tests: a market server over a real Valkey."""

from __future__ import annotations

from tests.support.market_fixtures import publisher, serve, server

__all__ = ["publisher", "serve", "server"]
