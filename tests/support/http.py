"""A client for plain HTTP to this machine."""

from __future__ import annotations

from typing import Any

import httpx

TIMEOUT_S = 60.0


def http_client(**options: Any) -> httpx.AsyncClient:
    """Return a client that loads no certificates, which would take longer than most requests."""
    return httpx.AsyncClient(verify=False, trust_env=False, **{"timeout": TIMEOUT_S, **options})
