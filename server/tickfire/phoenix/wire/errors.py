"""Errors of the wire format, and the root of the library's exceptions."""

from __future__ import annotations


class PhoenixError(Exception):
    """Base class of the library's exceptions."""


class DecodeError(PhoenixError):
    """A client's frame cannot be read as a message."""


class SetupError(PhoenixError):
    """Something cannot be set up as asked, for example because an extra is not installed."""
