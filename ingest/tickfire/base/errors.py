"""Errors that the user can correct, reported in one sentence instead of a traceback.

::

    UserError            exit code 1: a missing file, a port in use, a service out of reach
    └── UsageError       exit code 2: an invalid option or environment variable
"""

from __future__ import annotations

from typing import ClassVar


class UserError(Exception):
    """An error that the user can correct.

    The message is one sentence that says what is wrong and what to do. The command line prints it
    as ``tickfire: <sentence>`` and exits with `exit_code`.
    """

    exit_code: ClassVar[int] = 1


class UsageError(UserError):
    """An invalid option or environment variable."""

    exit_code: ClassVar[int] = 2
