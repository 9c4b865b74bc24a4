"""Errors of the wire format, and the root of the library's exceptions."""

from __future__ import annotations


class PhoenixError(Exception):
    """Base class of the library's exceptions."""


class DecodeError(PhoenixError):
    """A client's frame cannot be read as a message."""
