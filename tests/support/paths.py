"""Folders of the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "client_js"
STATIC = ROOT / "server" / "tickfire" / "server" / "static"
"""Folder of the built page."""
SHARED = ROOT.parent / "shared"
"""Recorded data beside the checkout; tests that need it are skipped without it."""
