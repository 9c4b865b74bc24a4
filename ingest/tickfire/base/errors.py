"""Errors that are the user's to mend, and end in one sentence instead of a traceback.

::

    UserError            exit code 1: a missing file, a port in use, a service out of reach
    └── UsageError       exit code 2: options or environment variables that make no sense
"""

from __future__ import annotations

from typing import ClassVar


class UserError(Exception):
    """Something the user can mend.

    Its text is one sentence that says what is wrong and what to do; the command line prints it as
    ``tickfire: <sentence>`` and ends with `exit_code`.
    """

    exit_code: ClassVar[int] = 1


class UsageError(UserError):
    """An option or an environment variable that makes no sense."""

    exit_code: ClassVar[int] = 2
