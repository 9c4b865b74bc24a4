"""A limit on the rate of requests to an API. Pure: the time is an argument."""

from __future__ import annotations

import re
from collections import deque
from typing import Final, Self

_UNITS_S: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
_RATE = re.compile(rf"(\d{{1,6}})\s*(?:/|per)\s*({'|'.join(_UNITS_S)})", re.IGNORECASE)


class RateLimit:
    """At most `count` requests in any span of `span_s` seconds.

    Parameters
    ----------
    count : int
        At least 1.
    span_s : float
    """

    def __init__(self, count: int, span_s: float) -> None:
        self._span_s = span_s
        self._times: deque[float] = deque(maxlen=count)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a limit such as ``5/minute`` or ``100/day``.

        Raises
        ------
        ValueError
            If the text is something else.
        """
        match = _RATE.fullmatch(text.strip())
        if match is None or int(match[1]) == 0:
            raise ValueError(f"{text!r} is not a rate such as 5/minute or 100/day")
        return cls(int(match[1]), _UNITS_S[match[2].lower()])

    def reserve(self, now: float) -> float:
        """Reserve the next request and return the delay before it, in seconds.

        Parameters
        ----------
        now : float
            Monotonic time in seconds.
        """
        at = now
        if len(self._times) == self._times.maxlen:
            at = max(now, self._times[0] + self._span_s)
        self._times.append(at)
        return at - now
