"""Volume, levels and bars, as defined."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tests.support.reference.indicators.common import Results, Series

NAN = math.nan


def obv(close: Series, volume: Series) -> Results:
    out: list[float] = []
    for i, v in enumerate(volume):
        if i == 0:
            out.append(v)
        else:
            sign = (close[i] > close[i - 1]) - (close[i] < close[i - 1])
            out.append(out[-1] + sign * v)
    return [out]


def vwap(
    ts: Sequence[int], price: Series, volume: Series, session_ns: int, offset_ns: int
) -> Results:
    """Return it for instants that never fall."""
    sessions = [(t - offset_ns) // session_ns for t in ts]
    out = []
    for i, session in enumerate(sessions):
        mine = [j for j in range(i + 1) if sessions[j] == session]
        traded = math.fsum(volume[j] for j in mine)
        notional = math.fsum(price[j] * volume[j] for j in mine)
        out.append(notional / traded if traded else NAN)
    return [out]


def vwap_anchored(ts: Sequence[int], price: Series, volume: Series, anchor_ns: int) -> Results:
    out = []
    for i, t in enumerate(ts):
        mine = [j for j in range(i + 1) if ts[j] >= anchor_ns]
        traded = math.fsum(volume[j] for j in mine)
        notional = math.fsum(price[j] * volume[j] for j in mine)
        out.append(notional / traded if traded and t >= anchor_ns else NAN)
    return [out]


def pivots(
    ts: Sequence[int],
    high: Series,
    low: Series,
    close: Series,
    session_ns: int,
    offset_ns: int,
) -> Results:
    """Return them for instants that never fall."""
    sessions = [(t - offset_ns) // session_ns for t in ts]
    rows: list[list[float]] = []
    for session in sessions:
        earlier = [s for s in sessions if s < session]
        if not earlier:
            rows.append([NAN] * 7)
            continue
        mine = [j for j, s in enumerate(sessions) if s == max(earlier)]
        h, f, c = max(high[j] for j in mine), min(low[j] for j in mine), close[mine[-1]]
        p = (h + f + c) / 3
        rows.append(
            [p, 2 * p - f, 2 * p - h, p + h - f, p - h + f, h + 2 * (p - f), f - 2 * (h - p)]
        )
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(7)]


def bars(
    ts: Sequence[int], price: Series, size: Series, interval_ns: int
) -> list[tuple[int, float, float, float, float, float, float]]:
    """Return start, open, high, low, close, volume and vwap of every bar, for rising instants."""
    out = []
    for start in sorted({t // interval_ns * interval_ns for t in ts}):
        mine = [j for j, t in enumerate(ts) if t // interval_ns * interval_ns == start]
        prices = [price[j] for j in mine]
        volume = math.fsum(size[j] for j in mine)
        notional = math.fsum(price[j] * size[j] for j in mine)
        vwap = notional / volume if volume else prices[-1]
        row = (start, prices[0], max(prices), min(prices), prices[-1], volume, vwap)
        out.append(row)
    return out
