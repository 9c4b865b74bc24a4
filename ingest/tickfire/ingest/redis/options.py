"""Options of the embedded Valkey server. Pure."""

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
    unix_socket : Path or None
        Unix socket to listen on as well, for the same user alone.
    directory : Path or None
        Folder for the append-only file that keeps the data across restarts; None keeps the data
        in memory only.
    max_memory : str
        Memory limit in Valkey's notation, such as ``1gb``. Writes beyond it are refused; no data
        is evicted, since a stream must not lose entries silently.
    """

    port: int
    directory: Path | None = None
    max_memory: str = "1gb"
    unix_socket: Path | None = None


def arguments(options: RedisOptions, working_directory: Path) -> list[str]:
    """Return the command-line arguments of the server, without the binary.

    `working_directory` must be used by this server only, since the server loads a dump that it
    finds there. If the data is kept in memory only, the folder may be removed once the server
    answers; only a SAVE sent by a client fails then.
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
    if options.unix_socket is not None:
        settings |= {"unixsocket": str(options.unix_socket), "unixsocketperm": "700"}
    return [part for name, value in settings.items() for part in (f"--{name}", value)]
