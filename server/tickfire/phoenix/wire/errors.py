"""Errors of the wire format, and the base class of the library's exceptions."""

from __future__ import annotations


class PhoenixError(Exception):
    """Base class of the library's exceptions."""


class DecodeError(PhoenixError):
    """Raised when a client's frame cannot be decoded as a message."""


class SetupError(PhoenixError):
    """Raised when the requested setup is impossible, such as when an extra is not installed."""
