"""The configuration of ``tickfire dev``, validated before anything starts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from tickfire.base.errors import UsageError, UserError


@dataclass(frozen=True, slots=True)
class DevConfig:
    """The options of ``tickfire dev``.

    Attributes
    ----------
    host, port : str, int
        Where the page is served; port 0 asks for any free one.
    feed : Path or None
        The DBN file that the local gateway replays; None simulates a market.
    speed : float
        The multiple of the recorded pace; 0 is as fast as it goes.
    redis_url : str or None
        The user's own Redis; None starts the embedded one.
    workers : int
        Server processes.
    live : bool
        Read the real Databento gateway: the environment holds its key.
    news_feeds : bool
        The environment names news feeds; otherwise a newswire is simulated.
    insecure : bool
        Allow dev mode on an address that others can reach.
    """

    host: str = "127.0.0.1"
    port: int = 4000
    feed: Path | None = None
    speed: float = 1.0
    redis_url: str | None = None
    workers: int = 1
    live: bool = False
    news_feeds: bool = False
    insecure: bool = False

    @property
    def embedded_redis(self) -> bool:
        """Whether the embedded Redis is started."""
        return self.redis_url is None

    @property
    def replays(self) -> bool:
        """Whether the local gateway is started."""
        return not self.live


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address; a name other than localhost may not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check(config: DevConfig) -> None:
    """Refuse what cannot or must not run.

    Raises
    ------
    UserError
        The first thing that is wrong, in one sentence.
    """
    if not is_loopback(config.host) and not config.insecure:
        raise UsageError(
            f"dev mode accepts everyone without a token, so it does not listen on {config.host}; "
            "leave HOST at 127.0.0.1, or add --insecure if that is what you want."
        )
    if config.feed is not None and config.replays:
        _check_feed(config.feed)


def _check_feed(feed: Path) -> None:
    if feed.is_dir():
        raise UserError(f"FEED={feed} is a folder; name a .dbn or .dbn.zst file in it.")
    try:
        feed.open("rb").close()
    except FileNotFoundError:
        raise UserError(
            f"FEED={feed} does not exist; name a .dbn or .dbn.zst file, "
            "or leave FEED empty for a simulated market."
        ) from None
    except OSError as error:
        raise UserError(f"FEED={feed} cannot be read: {error.strerror}.") from error


def browser_host(host: str) -> str:
    """Return the host to write in a URL for a page served on an address."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1" if host == "0.0.0.0" else "[::1]"
    return f"[{host}]" if ":" in host else host
