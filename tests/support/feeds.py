"""Ticks as a feed may send them, for property tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.support.publisher import DAY, SECOND, tick


@st.composite
def feeds(draw: st.DrawFn, instruments: int = 1) -> Any:
    """Ticks of some instruments: mostly forward, at times late, at times back after a clear."""
    at, rows = DAY + draw(st.integers(0, 600)) * SECOND, []
    for _ in range(draw(st.integers(1, 60))):
        kind = draw(st.sampled_from(["trade"] * 8 + ["bid", "clear"]))
        step = draw(
            st.sampled_from([0, 1, 400_000_000, SECOND, 7 * SECOND, 70 * SECOND, 400 * SECOND])
        )
        back = draw(st.sampled_from([0] * 6 + [SECOND, 3 * SECOND, 65 * SECOND, 500 * SECOND]))
        at = max(DAY, at + step - back)
        price = draw(st.integers(1, 50)) * 10_000_000
        size, instrument = draw(st.integers(1, 9)), draw(st.integers(1, instruments))
        rows.append(tick(kind, instrument, price, size, at))
    return np.concatenate(rows)
