"""Ids of signals by their causes."""

from __future__ import annotations

from tickfire.models.infer.identity import identified
from tickfire.models.records import Signal

EPOCH, KEY, ENTRY = b"\x01epoch01", b"bars:{1.0}", b"17-2"


def signal(score: float = 1.0, model: str = "m/1", n: int = 17, symbol: str = "AAA") -> Signal:
    return Signal("signal", symbol, 5, {"score": score}, model, n)


def ids(
    *signals: Signal, epoch: bytes = EPOCH, key: bytes = KEY, entry: bytes = ENTRY
) -> list[str]:
    return [one.id for one in identified(signals, epoch, key, entry)]


def test_a_signal_that_is_made_again_has_the_same_id() -> None:
    first = ids(signal(), signal(), signal(n=16), signal(model="m/2"), signal(symbol="BBB"))
    assert len(set(first)) == 5
    assert ids(signal(1.01), signal(), signal(n=16), signal(model="m/2"), signal(symbol="BBB")) == (
        first
    )
    # Each is known by itself, however many there are of other kinds.
    assert ids(signal(model="m/2"), signal()) == [first[3], first[0]]


def test_other_causes_make_other_ids() -> None:
    of_others = [
        *ids(signal(), epoch=b"\x01epoch02"),
        *ids(signal(), key=b"ticks:{1.0}"),
        *ids(signal(), entry=b"17-3"),
    ]
    assert len({*ids(signal()), *of_others}) == 4
