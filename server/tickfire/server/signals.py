"""Signals that a server survives although their default action would end it."""

from __future__ import annotations

import logging
import signal
from typing import Final

IGNORED: Final = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)

logger = logging.getLogger(__name__)


def ignore_signals() -> None:
    """Ignore the signals with a line in the log, until a handler takes their place.

    A signal that is ignored already stays so, as SIGHUP is under ``nohup``.
    """
    for number in IGNORED:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _tell_ignored)


def _tell_ignored(number: int, frame: object) -> None:
    logger.info("%s: ignored", signal.Signals(number).name)
