"""DBN records of reports: none, or empty ones."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.dbn.file import aligned
from tickfire.ingest.dbn.records import record_dtype

NO_REPORTS: Final = np.zeros(0, np.uint8)


def blank_reports(
    rtype: int, instrument_ids: NDArray[np.int64], ts_event: int, ts_recv: int
) -> NDArray[np.void]:
    """Return one record for each instrument, zeros but for the header and the times.

    Parameters
    ----------
    rtype : int
        The type of the records: imbalance, statistics or status.
    instrument_ids : int64[n]
    ts_event, ts_recv : int
        ns since the Unix epoch.

    Returns
    -------
    void[n]
        Of the dtype of the type in DBN version 3.
    """
    dtype = record_dtype(rtype)
    assert dtype is not None
    data = aligned(len(instrument_ids) * dtype.itemsize)
    data[:] = 0
    rows: NDArray[Any] = data.view(dtype)
    rows["length"] = dtype.itemsize // 4
    rows["rtype"] = rtype
    rows["instrument_id"] = instrument_ids
    rows["ts_event"] = ts_event
    rows["ts_recv"] = ts_recv
    return rows
