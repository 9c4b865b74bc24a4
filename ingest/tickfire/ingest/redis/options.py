"""The options of the embedded Valkey server. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
TCP_BACKLOG: Final = 128


@dataclass(frozen=True, slots=True)
class RedisOptions:
    """Options of the embedded server.

    Attributes
    ----------
    port : int
        TCP port on 127.0.0.1.
    directory : Path or None
        Where an append-only file keeps the data over restarts; None keeps it in memory alone.
    max_memory : str
        A limit as Valkey writes it (``1gb``); beyond it writes are refused, never data evicted:
        a stream that lost entries in silence would be worse than an error.
    """

    port: int
    directory: Path | None = None
    max_memory: str = "1gb"


def arguments(options: RedisOptions, working_directory: Path) -> list[str]:
    """Return the command line, without the binary.

    `working_directory` must be the server's alone: it would load a dump that lies there. In memory
    alone it may be removed once the server is up; a client's SAVE then fails, and nothing else.
    """
    keeps = options.directory is not None
    settings = {
        "bind": LOOPBACK,
        "port": str(options.port),
        "tcp-backlog": str(TCP_BACKLOG),
        "protected-mode": "yes",
        "daemonize": "no",
        "io-threads": "1",
        "save": "",
        "stop-writes-on-bgsave-error": "no",
        "appendonly": "yes" if keeps else "no",
        "appendfsync": "everysec",
        "dir": str(working_directory),
        "maxmemory": options.max_memory,
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "always-show-logo": "no",
    }
    return [part for name, value in settings.items() for part in (f"--{name}", value)]
