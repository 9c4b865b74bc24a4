"""The instrument table and the slots of its instruments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.publisher import Publisher, tick, trades
from tests.support.server import Serve
from tests.support.valkey import Valkey
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.server.market.epoch import live
from tickfire.server.market.epoch.instruments import Instruments, read_instruments
from tickfire.server.market.ticks.slots import Slots
from tickfire.server.market.ticks.slots_kernel import SAW_QUOTE, SAW_TRADE
from tickfire.store.entries import TickEntry
from tickfire.store.requests import Requests
from tickfire.store.schema import TICK, Instrument


def table(*rows: Instrument) -> Instruments:
    instruments = Instruments(InstrumentStates())
    assert instruments.load(rows)
    assert not instruments.load(rows)
    return instruments


def test_a_symbol_that_two_feeds_share_is_that_of_the_lower_number() -> None:
    instruments = table(
        Instrument(2, 7, "ES"), Instrument(1, 7, "ES", dataset="GLBX.MDP3"), Instrument(2, 8, "NQ")
    )
    assert [row["symbol"] for row in instruments.as_json()] == ["2/ES", "ES", "NQ"]
    named = [instruments.find(name) for name in ("ES", "1/ES", "2/ES", "2/NQ", "NQ", "1/NQ")]
    keys = [
        None if row is None else (row.instrument.feed, row.instrument.instrument_id)
        for row in named
    ]
    assert keys == [(1, 7), (1, 7), (2, 7), (2, 8), (2, 8), None]
    assert named[0] is not None
    assert instruments.topics(named[0].slot) == ("market:ES", "market:1/ES")


def test_a_symbol_that_looks_like_that_of_a_feed_keeps_its_own_name() -> None:
    instruments = table(Instrument(1, 7, "EUR"), Instrument(1, 8, "1/EUR"))
    found = instruments.find("1/EUR")
    assert found is not None and found.instrument.instrument_id == 8


def test_an_instrument_of_an_earlier_epoch_is_not_shown() -> None:
    instruments = table(Instrument(1, 7, "ES"), Instrument(1, 8, "NQ"))
    assert instruments.load([Instrument(1, 8, "NQ")])
    assert [row["symbol"] for row in instruments.as_json()] == ["NQ"]
    assert instruments.find("ES") is None and instruments.find("1:7") is None


def test_a_symbol_mapped_anew_names_the_newest_instrument() -> None:
    instruments = table(Instrument(1, 7, "ES.c.0", start=1), Instrument(1, 8, "ES.c.0", start=2))
    found = instruments.find("ES.c.0")
    assert found is not None and found.instrument.instrument_id == 8
    assert len(instruments.as_json()) == 1


def test_a_tick_size_is_a_decimal_or_null() -> None:
    rows = table(Instrument(1, 1, "A", tick_size=250_000_000), Instrument(1, 2, "B")).as_json()
    assert [row["tick_size"] for row in rows] == ["0.25", None]


def test_symbols_are_escaped_once() -> None:
    instruments = table(Instrument(1, 1, 'a"b\n'), Instrument(1, 2, "ü"))
    text = instruments.text.tobytes()
    begin, middle, end = instruments.offsets.tolist()
    assert text[begin:middle] == b'a\\"b\\n' and text[middle:end].decode() == "ü"


ticks_of = st.lists(
    st.tuples(st.integers(1, 600), st.sampled_from(["trade", "bid", "ask", "clear"])),
    min_size=1,
    max_size=256,
)


def entry_of(ticks: list[tuple[int, str]]) -> TickEntry:
    rows = np.concatenate([tick(kind, instrument) for instrument, kind in ticks])
    return TickEntry(1, len(rows), np.frombuffer(rows.tobytes(), TICK), 0, 0, 0)


@given(ticks_of, st.sets(st.integers(1, 600)))
def test_slots_and_listeners_are_those_of_the_ticks(
    ticks: list[tuple[int, str]], listened: set[int]
) -> None:
    states = InstrumentStates(instruments=4)  # it must grow
    slots = Slots(states)
    entry = entry_of(ticks)
    found = slots.of(entry)
    at = {instrument: states.find(1, instrument) for instrument, _ in ticks}
    assert found.slots[: found.count].tolist() == [at[instrument] for instrument, _ in ticks]
    for instrument in listened & at.keys():
        slot = at[instrument]
        assert slot is not None
        slots.listen(slot, True)
    expected: dict[int, int] = {}
    for instrument, kind in ticks:
        if instrument in listened:
            slot = at[instrument]
            assert slot is not None
            saw = SAW_TRADE if kind == "trade" else SAW_QUOTE
            expected[slot] = expected.get(slot, 0) | saw
    assert slots.listeners(found) == list(expected.items())
    assert slots.listeners(found) == list(expected.items())


@given(ticks_of, st.integers(0, 300))
def test_folding_in_place_is_folding(ticks: list[tuple[int, str]], cut: int) -> None:
    entry = entry_of(ticks)
    one, other = InstrumentStates(instruments=4), InstrumentStates(instruments=4)
    slots = Slots(one)
    pieces = []
    position = 0
    for part in (entry.until(cut) if cut >= 1 else None, entry.after(cut)):
        if part is not None and position < part.last and len(part.ticks):
            pieces.append(slots.fold(slots.of(part)))
            position = part.last
    expected = other.fold(entry.ticks, 1)
    assert np.concatenate(pieces).tobytes() == expected.tobytes()
    assert one.rows.tobytes() == other.rows.tobytes()


async def test_an_instrument_named_while_its_feed_is_loaded_has_its_name_from_the_first_tick(
    publisher: Publisher, valkey: Valkey, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is read before the ticks are; here its rows come in between."""
    publisher.publish(trades(20))
    reads = 0

    async def read(requests: Requests) -> list[Instrument]:
        nonlocal reads
        reads += 1
        return [] if reads == 1 else await read_instruments(requests)

    monkeypatch.setattr(live, "read_instruments", read)
    server = await serve(valkey.url)
    client = await server.client()
    joined = await client.join("market:realtime", {"since": await server.beginning(1)})
    await joined.count("tick", 20)
    assert {payload["symbol"] for payload in joined.of("tick")} == {"AAA"}
