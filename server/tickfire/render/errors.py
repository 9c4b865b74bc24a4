"""Errors of drawing.

::

    UserError
    ├── RenderError          a picture cannot be drawn
    │   └── NoAdapter        no GPU, and no software that stands in for one
    └── UsageError
        └── ChartError       a chart is asked for something that does not exist
"""

from __future__ import annotations

from typing import Final

from tickfire.base.errors import UsageError, UserError

NO_ADAPTER: Final = (
    "wgpu finds no graphics adapter; install one, such as the software adapter of the package "
    "mesa-vulkan-drivers (apt-get install mesa-vulkan-drivers on Debian and Ubuntu)."
)


class RenderError(UserError):
    """A picture cannot be drawn."""


class NoAdapter(RenderError):
    """No GPU, and no software that stands in for one."""

    def __init__(self) -> None:
        super().__init__(NO_ADAPTER)


class ChartError(UsageError, ValueError):
    """Input or an option of a chart that is not valid; the message says what is."""
