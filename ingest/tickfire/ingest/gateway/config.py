"""Settings of a gateway."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tickfire.base.errors import UsageError
from tickfire.ingest.lsg.lines import DEFAULT_PORT

DEFAULT_INSTRUMENTS: Final = 12
DEFAULT_HISTORY_S: Final = 900.0
MIN_KEY_LENGTH: Final = 6
MAX_INSTRUMENTS: Final = 4096
MAX_HISTORY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfig:
    """Settings of a gateway.

    Attributes
    ----------
    host, port : str, int
        The address and the port to listen on; port 0 stands for any free one.
    file : Path, optional
        The DBN file to replay. Without one, a market is simulated.
    speed : float
        For a file, a factor on the recorded pace, where 0 is as fast as clients read. For the
        simulated market, a factor on the rate of events, more than 0.
    loop : bool
        True to end a session at the end of the file, so that the client begins a new one and
        replays the file again. Otherwise the session goes on with heartbeats alone.
    keys : frozenset of str, optional
        The API keys to accept; None accepts any.
    seed : int
        The seed of the simulated market.
    instruments : int
        The number of instruments of the simulated market.
    history_s : float
        The length, in seconds, of the history that the simulated market keeps for replay.
    start_clock : int, optional
        ns since the Unix epoch: when the simulated market begins. By default it is early enough
        for the first session to get the full history.
    gate_s : float
        The time, in seconds, from the start of a session to its first record. The stock client's
        synchronous iterator misses records that come before it listens, shortly after the start.
    auth_timeout_s : float
        The time, in seconds, that a client has to authenticate.
    slow_after_s : float
        The time, in seconds, after which a client that does not read what is due counts as slow.
    max_sessions : int
        The number of sessions above which clients are refused.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    file: Path | None = None
    speed: float = 1.0
    loop: bool = False
    keys: frozenset[str] | None = field(default=None, repr=False)
    seed: int = 1
    instruments: int = DEFAULT_INSTRUMENTS
    history_s: float = DEFAULT_HISTORY_S
    start_clock: int | None = None
    gate_s: float = 0.05
    auth_timeout_s: float = 10.0
    slow_after_s: float = 1.0
    max_sessions: int = 1000

    def __post_init__(self) -> None:
        _require(0 <= self.port <= 65535, f"{self.port} is not a port; give one from 0 to 65535.")
        _require(
            self.speed >= 0 and math.isfinite(self.speed),
            f"the speed must be a number of at least 0, not {self.speed:g}.",
        )
        _require(
            self.file is not None or self.speed > 0,
            "speed 0 needs a file, since the simulated market runs by the clock.",
        )
        _require(
            1 <= self.instruments <= MAX_INSTRUMENTS,
            f"the simulated market can have 1 to {MAX_INSTRUMENTS} instruments, not"
            f" {self.instruments}.",
        )
        _require(
            0 <= self.history_s <= MAX_HISTORY_S,
            f"the history can be 0 to {MAX_HISTORY_S:g} seconds long, not {self.history_s:g}.",
        )
        for key in self.keys or ():
            _require(
                len(key) >= MIN_KEY_LENGTH and key.isprintable() and not set(key) & set(" |=\n"),
                f"an API key must have at least {MIN_KEY_LENGTH} characters, and no space, | or =.",
            )


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise UsageError(sentence)
