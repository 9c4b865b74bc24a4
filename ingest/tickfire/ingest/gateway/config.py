"""What a gateway serves, where, and how fast."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tickfire.base.errors import UsageError

DEFAULT_PORT: Final = 13000
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
        Where to listen; port 0 takes a free one.
    file : Path, optional
        DBN file to replay; without one, the simulated market.
    speed : float
        Of a file: 1 is the recorded pace, 0 as fast as the reader takes it. Of the simulated
        market: multiplies the rate of events; more than 0.
    loop : bool
        At the end of the file end the session, so that the client begins a new one, which replays
        from the first record; else heartbeats go on.
    keys : frozenset of str, optional
        Accepted API keys; None accepts any.
    seed : int
        Of the simulated market.
    instruments : int
        Of the simulated market.
    history_s : float
        Seconds of the simulated market's past that a session can ask for.
    start_clock : int, optional
        ns since the Unix epoch at which the simulated market begins; by default so long ago that
        the first session gets its history in full.
    gate_s : float
        Between the start of a session and its first record. The stock client's sync iterator
        begins to listen a little after it has asked for the start, and loses what comes before.
    auth_timeout_s : float
        Within which a client must have authenticated.
    slow_after_s : float
        For so long a reader at finite speed may not take what is due before it counts as slow.
    max_sessions : int
        More are refused.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    file: Path | None = None
    speed: float = 1.0
    loop: bool = False
    keys: frozenset[str] | None = None
    seed: int = 1
    instruments: int = DEFAULT_INSTRUMENTS
    history_s: float = DEFAULT_HISTORY_S
    start_clock: int | None = None
    gate_s: float = 0.05
    auth_timeout_s: float = 10.0
    slow_after_s: float = 1.0
    max_sessions: int = 1000

    def __post_init__(self) -> None:
        _require(0 <= self.port <= 65535, f"{self.port} is not a port.")
        _require(
            self.speed >= 0 and math.isfinite(self.speed),
            f"the speed is a number from 0 up, not {self.speed:g}.",
        )
        _require(
            self.file is not None or self.speed > 0,
            "speed 0 needs a file: the simulated market runs by the clock.",
        )
        _require(
            1 <= self.instruments <= MAX_INSTRUMENTS,
            f"the simulated market has 1 to {MAX_INSTRUMENTS} instruments, not {self.instruments}.",
        )
        _require(
            0 <= self.history_s <= MAX_HISTORY_S,
            f"the history is 0 to {MAX_HISTORY_S:g} seconds long, not {self.history_s:g}.",
        )
        for key in self.keys or ():
            _require(
                len(key) >= MIN_KEY_LENGTH and key.isprintable() and not set(key) & set(" |=\n"),
                f"an API key has at least {MIN_KEY_LENGTH} characters and none of space, | and =.",
            )


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise UsageError(sentence)
