"""Messages to a service manager, by the protocol of systemd's ``sd_notify(3)``.

Nothing is sent unless the variable ``NOTIFY_SOCKET`` names a socket, as it does for a unit of
``Type=notify``.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping
from typing import Final

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
WATCHDOG: Final = "WATCHDOG=1"

logger = logging.getLogger(__name__)


def reloading() -> str:
    """Return the message that a reload begins; `READY` tells its end."""
    return f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}"


def notify(*messages: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send messages; return whether there is a service manager that got them.

    Parameters
    ----------
    *messages : str
        Such as `READY`, or ``STATUS=`` and a text.
    environ : Mapping, optional
    """
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    name = f"\0{address[1:]}" if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as peer:
            peer.setblocking(False)
            peer.sendto("\n".join(messages).encode(), name)
    except OSError as error:
        logger.warning("the service manager at %s cannot be told: %s", address, error)
        return False
    return True


def watchdog_s(environ: Mapping[str, str] = os.environ) -> float | None:
    """Return the time, in seconds, within which `WATCHDOG` must be sent; None for no watchdog."""
    pid, limit = environ.get("WATCHDOG_PID", ""), environ.get("WATCHDOG_USEC", "")
    if not limit.isdigit() or not int(limit) or pid not in ("", str(os.getpid())):
        return None
    return int(limit) / 1e6
