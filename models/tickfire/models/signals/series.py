"""The minute series that signals are trained on and judged by, from ``../shared/data/candles``."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.errors import UserError
from tickfire.models.features.catalogue import COLUMNS


@dataclass(frozen=True, slots=True)
class Series:
    """Bars of one minute of one instrument.

    Attributes
    ----------
    name : str
    file : Path
        Below the folder of the data.
    cost_bp : float
        What a trade in and out of it costs, about: spread and fees, in basis points.
    """

    name: str
    file: Path
    cost_bp: float


_CANDLES: Final = Path("candles")
SERIES: Final = (
    Series("6EH4, 2024-01", _CANDLES / "nt_6EH4.XCME_1min_bars_20240101_20240131.csv.gz", 0.6),
    Series("BTC-PERP, 2022-01", _CANDLES / "nt_btc-perp-20211231-20220201_1m.csv", 5.0),
    Series("GBPUSD bid, 2012-02", _CANDLES / "nt_gbpusd-m1-bid-2012.csv", 1.5),
)


def read_series(path: Path) -> Mapping[str, NDArray[np.float64]]:
    """Read a CSV of bars, gzipped or not, into float64 columns; no volume is 0.

    Raises
    ------
    UserError
        It is missing or has other columns.
    """
    try:
        opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open()
        with opened as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error
    try:
        return {name: np.array([float(row.get(name) or 0.0) for row in rows]) for name in COLUMNS}
    except ValueError as error:
        raise UserError(f"{path} holds something that is no bar: {error}.") from None
