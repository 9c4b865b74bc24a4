"""Errors of reading DBN; each is one sentence that a user can act upon.

::

    DbnError
    ├── NotDbnError              no DBN header: another format, a fragment, an empty file
    ├── UnsupportedVersionError  a DBN version that is not 1, 2 or 3
    ├── CorruptDbnError          a field or a record that cannot be, or broken compression
    └── TruncatedDbnError        ends inside the metadata, a record or a zstd frame
"""

from __future__ import annotations

from tickfire.base.errors import UserError


class DbnError(UserError):
    """A file or stream that cannot be read as DBN."""


class NotDbnError(DbnError):
    """There is no DBN header."""


class UnsupportedVersionError(DbnError):
    """The header names a version that is not 1, 2 or 3."""


class CorruptDbnError(DbnError):
    """A field or a record that cannot be, or broken compression."""


class TruncatedDbnError(DbnError):
    """The bytes end inside the metadata, a record or a compressed frame."""
