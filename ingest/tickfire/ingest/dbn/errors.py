"""Errors of reading DBN, each with one sentence that a user can act on.

::

    DbnError
    ├── NotDbnError              no DBN header: another format, a fragment, an empty file
    ├── UnsupportedVersionError  a DBN version that is not 1, 2 or 3
    ├── CorruptDbnError          an impossible field or record, or broken compression
    └── TruncatedDbnError        an end inside the metadata, a record or a zstd frame
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
    """A field or a record is impossible, or the compression is broken."""


class TruncatedDbnError(DbnError):
    """The bytes end inside the metadata, a record or a compressed frame."""
