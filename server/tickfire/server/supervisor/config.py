"""Configuration of ``tickfire dev``, checked before any process starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tickfire.archive.names import COMMITS
from tickfire.base.errors import UserError
from tickfire.base.extras import require_extra
from tickfire.base.folders import may_write, nearest
from tickfire.server.loopback import check_loopback

DEFAULT_HISTORY_S: Final = 90 * 60.0
"""Long enough that indicators that look back an hour have values at once."""


@dataclass(frozen=True, slots=True)
class DevConfig:
    """The options of ``tickfire dev``.

    Attributes
    ----------
    host, port : str, int
        Address of the page; port 0 picks a free one.
    feed : Path or None
        DBN file for the local gateway to replay; None to simulate a market.
    speed : float
        Multiple of the original pace; 0 for as fast as possible.
    history_s : float
        The length of the simulated market's past, in seconds.
    redis_url : str or None
        URL of the user's own Redis; None to start the embedded one.
    workers : int
        Number of server processes.
    live : bool
        True to read Databento's own gateway, because the environment holds a key for it.
    news_feeds : bool
        True if the environment names news feeds; if not, a newswire is simulated.
    insecure : bool
        True to allow dev mode on an address that other machines can reach.
    record : str or None
        Folder, or address of fsspec, in which every tick is kept; None to keep none.
    """

    host: str = "127.0.0.1"
    port: int = 4000
    feed: Path | None = None
    speed: float = 1.0
    history_s: float = DEFAULT_HISTORY_S
    redis_url: str | None = field(default=None, repr=False)
    workers: int = 1
    live: bool = False
    news_feeds: bool = False
    insecure: bool = False
    record: str | None = field(default=None, repr=False)

    @property
    def embedded_redis(self) -> bool:
        """True if the embedded Redis is started."""
        return self.redis_url is None

    @property
    def replays(self) -> bool:
        """True if the local gateway is started."""
        return not self.live


def check(config: DevConfig) -> None:
    """Check the configuration before anything starts.

    Raises
    ------
    UserError
        If the address is not allowed, the DBN file cannot be read, or the folder of the archive
        cannot be written.
    """
    check_loopback(config.host, "HOST", insecure=config.insecure)
    if config.feed is not None and config.replays:
        _check_feed(config.feed)
    if config.record is not None:
        require_extra("archive", "--record")
        _check_record(config.record, config.feed if config.replays else None)


def _check_feed(feed: Path) -> None:
    if feed.is_dir():
        if (feed / COMMITS).is_dir():
            return
        raise UserError(
            f"FEED={feed} is a folder; name a .dbn or .dbn.zst file in it, or a folder of"
            " `tickfire record`."
        )
    try:
        feed.open("rb").close()
    except FileNotFoundError:
        raise UserError(
            f"FEED={feed} does not exist; name a .dbn or .dbn.zst file, "
            "or leave FEED empty for a simulated market."
        ) from None
    except OSError as error:
        raise UserError(f"FEED={feed} cannot be read: {error.strerror}.") from error


def _check_record(record: str, feed: Path | None) -> None:
    if "://" in record:
        return  # which the recorder checks
    folder = Path(record).resolve()
    if feed is not None and folder == feed.resolve():
        raise UserError(
            f"RECORD={record} is the folder that FEED replays, and would have its ticks again; name"
            " another folder, or leave RECORD empty."
        )
    near = nearest(folder)
    if not near.is_dir():
        raise UserError(f"RECORD={record} cannot be made, as {near} is a file; name a folder.")
    if not may_write(folder):
        raise UserError(f"RECORD={record} cannot be written; name a folder that can.")


def browser_host(host: str) -> str:
    """Return the host part of the page's URL, given the address that the server listens on."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1" if host == "0.0.0.0" else "[::1]"
    return f"[{host}]" if ":" in host else host
