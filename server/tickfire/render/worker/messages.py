"""Messages between a process that wants pictures and the one that draws them.

They are pickled: both ends are the same version of this package, and nobody else writes to the
pipes.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import IO, Any, Literal

from tickfire.render.bars import Bars
from tickfire.render.picture.spec import Picture


@dataclass(frozen=True, slots=True)
class Job:
    """A picture to draw, and its bars."""

    picture: Picture
    bars: Bars


@dataclass(frozen=True, slots=True)
class Ready:
    """The process can draw; `adapter` is the name of what it draws with."""

    adapter: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A finished picture."""

    png: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """A picture that could not be drawn, or a process that cannot draw.

    Attributes
    ----------
    kind : str
        "adapter": there is none; "defect": anything else.
    reason : str
    """

    kind: Literal["adapter", "defect"]
    reason: str


type Answer = Ready | Drawn | Failed


def write(pipe: IO[bytes], message: Any) -> None:
    """Write one message."""
    pickle.dump(message, pipe, pickle.HIGHEST_PROTOCOL)
    pipe.flush()


def read(pipe: IO[bytes]) -> Any:
    """Read one message.

    Raises
    ------
    EOFError
        The other end is gone.
    """
    try:
        return pickle.load(pipe)
    except pickle.UnpicklingError:  # the other end died while it wrote
        raise EOFError from None
