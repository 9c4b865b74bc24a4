"""Minute bars that the signals model is trained and evaluated on, as CSV files."""

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
class MinuteSeries:
    """Minute bars of one instrument.

    Attributes
    ----------
    name : str
    file : Path
        Relative to the folder of training data.
    cost_bp : float
        Approximate cost of a round trip, spread and fees together, in basis points.
    """

    name: str
    file: Path
    cost_bp: float


_CANDLES: Final = Path("candles")
SERIES: Final = (
    MinuteSeries(
        "6EH4, 2024-01", _CANDLES / "nt_6EH4.XCME_1min_bars_20240101_20240131.csv.gz", 0.6
    ),
    MinuteSeries("BTC-PERP, 2022-01", _CANDLES / "nt_btc-perp-20211231-20220201_1m.csv", 5.0),
    MinuteSeries("GBPUSD bid, 2012-02", _CANDLES / "nt_gbpusd-m1-bid-2012.csv", 1.5),
)


def read_series(path: Path) -> Mapping[str, NDArray[np.float64]]:
    """Read a CSV file of bars, gzipped or not.

    Returns
    -------
    mapping of str to float64[n]
        One array for each of `COLUMNS`; a column or value that is missing is 0.

    Raises
    ------
    UserError
        The file cannot be read, or holds a value that is not a number.
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
        raise UserError(f"{path} is not a file of bars: {error}.") from None
