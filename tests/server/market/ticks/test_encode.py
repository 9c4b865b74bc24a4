"""The encoding kernels against plain Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.reference import ticks as reference
from tickfire.base.units import UNDEF_PRICE
from tickfire.server.market.ticks.encode import (
    BinaryHeader,
    Encoder,
    Envelope,
    Ticks,
    binary_payload,
)
from tickfire.server.market.ticks.positions import base36
from tickfire.store.schema import BINARY_HEADERS, TICK, Stream

EPOCH = bytes(range(8))
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
int64 = st.integers(-(2**63), 2**63 - 1)
prices = st.one_of(int64, st.just(UNDEF_PRICE), st.integers(-(10**13), 10**13))
rows = st.tuples(
    int64,
    prices,
    st.integers(0, 2**32 - 1),
    st.just(7),
    st.integers(0, 2**32 - 1),
    st.integers(0, 5),
    st.sampled_from([*b"ABN", 0, 255]),
    st.integers(0, 255),
    st.just(1),
)


@st.composite
def batches(draw: st.DrawFn) -> tuple[list[str], Any, Any, int]:
    """Symbols, TICK[], their slots, the first position."""
    symbols = draw(st.lists(words, min_size=1, max_size=4))
    given_rows = draw(st.lists(rows, max_size=30))
    slots = [draw(st.integers(0, len(symbols) - 1)) for _ in given_rows]
    first = draw(st.integers(1, 2**62))
    return symbols, np.array(given_rows, TICK), np.array(slots, np.int64), first


def encoder_of(symbols: list[str]) -> Encoder:
    import msgspec

    escaped = [msgspec.json.encode(symbol)[1:-1] for symbol in symbols]
    offsets = np.cumsum([0, *map(len, escaped)]).astype(np.int64)
    encoder = Encoder()
    encoder.use_symbols(np.frombuffer(b"".join(escaped), np.uint8), offsets)
    return encoder


@settings(max_examples=150)
@given(batches(), words, st.sampled_from(["v1", "v2"]), st.lists(int64.map(abs), max_size=3))
def test_trades_are_what_plain_python_writes(
    batch: tuple[list[str], Any, Any, int], name: str, vsn: str, others: list[int]
) -> None:
    symbols, ticks, slots, first = batch
    topic = f"market:{name}"
    before, after = "".join(f"{base36(other)}." for other in others), ".3" * len(others)
    wanted = [i % 2 == 0 for i in range(len(symbols))] if others else None
    mask = None if wanted is None else np.array(wanted, np.uint8)
    got, count = encoder_of(symbols).trades(
        Ticks(ticks, slots, first, len(symbols)),
        Envelope.of(vsn, topic, "tick"),
        before=f"{EPOCH.hex()}-{before}",
        after=after,
        wanted=mask,
    )
    expected = reference.trades(
        ticks, slots, symbols, first, EPOCH, vsn, topic, before, after, wanted
    )
    assert got == expected
    assert (count > 0) == bool(expected)


@settings(max_examples=150)
@given(batches(), st.sampled_from(["v1", "v2"]), st.one_of(st.none(), st.tuples(*[prices] * 2)))
def test_an_instrument_is_what_plain_python_writes(
    batch: tuple[list[str], Any, Any, int], vsn: str, sides: tuple[int, int] | None
) -> None:
    symbols, ticks, slots, first = batch
    states = None if sides is None else (*sides, 3, 4)
    got, _ = encoder_of(symbols).instrument(
        Ticks(ticks, slots, first, len(symbols)),
        0,
        Envelope.of(vsn, "market:it", "tick"),
        Envelope.of(vsn, "market:it", "quote"),
        states,
        before=f"{EPOCH.hex()}-",
    )
    assert got == reference.instrument(
        ticks, slots, symbols, first, EPOCH, vsn, "market:it", 0, states
    )


@given(batches(), st.booleans(), st.sampled_from([1, 2]))
def test_binary_is_the_records_behind_a_header(
    batch: tuple[list[str], Any, Any, int], quotes: bool, version: int
) -> None:
    symbols, ticks, slots, first = batch
    encoder = encoder_of(symbols)
    batch_ticks = Ticks(ticks, slots, first, len(symbols))
    keep = (slots == 0) & (quotes | (ticks["kind"] == 1))
    got = encoder.binary(
        batch_ticks, BinaryHeader(version, EPOCH, Stream(5, 3)), slot=0, quotes=quotes
    )
    if not keep.any():
        assert got == b""
        return
    layout = BINARY_HEADERS[version]
    header = np.frombuffer(got[: layout.itemsize], layout)[0]
    assert (header["version"], header["count"], header["position"]) == (version, keep.sum(), first)
    assert version == 1 or header["feed"] == 5
    assert (header["shard"], header["span"]) == (3, len(ticks))
    assert bytes(header["epoch"]) == EPOCH
    assert got[layout.itemsize :] == ticks[keep].tobytes()


def test_what_could_harm_a_kernel_is_refused() -> None:
    encoder = encoder_of(["A"])
    ticks, slots = np.zeros(2, TICK), np.zeros(2, np.int64)
    with pytest.raises(ValueError, match="slots"):
        Ticks(ticks, slots[:1], 1, 1)
    with pytest.raises(ValueError, match="slots"):
        Ticks(np.zeros(257, TICK), np.zeros(257, np.int64), 1, 1)
    with pytest.raises(TypeError):
        Ticks(np.zeros(4, TICK)[::2], slots, 1, 1)
    with pytest.raises(TypeError):
        Ticks(np.frombuffer(bytes(65), TICK, 2, 1), slots, 1, 1)
    with pytest.raises(TypeError):
        Ticks(ticks, slots.astype(np.int32), 1, 1)
    with pytest.raises(ValueError, match="symbol"):
        encoder.trades(Ticks(ticks, slots, 1, 2), Envelope.of("v2", "market:x", "tick"), before="")
    with pytest.raises(ValueError, match="wanted"):
        envelope = Envelope.of("v2", "market:x", "tick")
        encoder.trades(Ticks(ticks, slots, 1, 1), envelope, before="", wanted=np.zeros(0, np.uint8))
    with pytest.raises(ValueError, match="frames"):
        encoder.trades(
            Ticks(ticks, slots, 1, 1), Envelope.of("v2", "x" * 70_000, "tick"), before=""
        )
    with pytest.raises(ValueError, match="offsets"):
        encoder.use_symbols(np.zeros(1, np.uint8), np.array([0, 2]))
    with pytest.raises(ValueError, match="serializer"):
        Envelope.of("v3", "x", "tick")
    with pytest.raises(ValueError, match="positions"):
        binary_payload(BinaryHeader(1, EPOCH, Stream(1, 256)), 1, 1, ticks)
