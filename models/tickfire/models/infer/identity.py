"""Ids of signals, which come from their causes: a signal that is made again has the same. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec

from tickfire.models.records import Signal

ID_BYTES: Final = 12


def identified(
    signals: Iterable[Signal], epoch: bytes, key: bytes, entry_id: bytes
) -> list[Signal]:
    """Return the signals that an entry of ticks or bars caused, with their ids.

    An id is the hash of the entry, and of the signal without its detail, which may differ a little
    when a model has learnt from fewer ticks. Signals that are alike in this are numbered.

    Parameters
    ----------
    signals : iterable of Signal
        Those of all models, in their order.
    epoch : bytes
        Key of the epoch.
    key : bytes
        Key of the stream.
    entry_id : bytes

    Returns
    -------
    list of Signal
    """
    cause = (epoch.hex(), key.decode(), entry_id.decode())
    counts: Counter[tuple[str, str, str, int, int]] = Counter()
    found = []
    for signal in signals:
        about = signal.event, signal.symbol, signal.model, signal.at, signal.n
        packed = msgspec.msgpack.encode((cause, about, counts[about]))
        counts[about] += 1
        name = hashlib.blake2b(packed, digest_size=ID_BYTES).hexdigest()
        found.append(msgspec.structs.replace(signal, id=name))
    return found
