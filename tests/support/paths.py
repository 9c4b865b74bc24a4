"""Folders of the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "client_js"
STATIC = ROOT / "server" / "tickfire" / "server" / "static"
"""The built page."""
SHARED = ROOT.parent / "shared"
"""Data and findings beside the checkout; tests that need them are skipped where it is absent."""
