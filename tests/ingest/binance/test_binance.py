"""The adapter of Binance, with a local exchange that sends messages of the documented shapes."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.adapters import Taken, in_session
from tests.support.binance import Exchange, ticker_message, trade_message, trading
from tests.support.eventually import eventually
from tests.support.newsserver import NewsServer, document
from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.adapter.protocol import FeedRefused, SessionEnded
from tickfire.ingest.binance.adapter import BinanceAdapter
from tickfire.ingest.binance.instrument import BinanceInstrument, Inexact
from tickfire.ingest.binance.messages import BookTicker, Filter, SymbolInfo, Trade
from tickfire.ingest.binance.rest import symbol_infos
from tickfire.store.schema import TICK_ASK, TICK_BID, TICK_TRADE

MS = 1_000_000


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    async with trading() as running:
        yield running


def adapter_of(exchange: Exchange, *symbols: str) -> BinanceAdapter:
    port = exchange.port
    return BinanceAdapter(
        symbols, url=f"ws://127.0.0.1:{port}", rest_url=f"http://127.0.0.1:{port}"
    )


async def test_trades_and_quotes_become_exact_ticks(exchange: Exchange) -> None:
    taken = Taken(adapter_of(exchange, "btcusdt"))
    before = time.time_ns()
    async with in_session(taken):
        await exchange.next_client()
        await exchange.send(
            ticker_message(400, ("65000.11", "1.50000000"), ("65000.13", "0.00001")),
            trade_message(7, buyer_is_maker=True),
            trade_message(8, "65000.13", "2.00000000", time_ms=1_700_000_000_124),
        )
        await taken.until_ticks(4)
    bid, ask, first, second = taken.all_ticks()
    assert exchange.subscribed == ["btcusdt@trade", "btcusdt@bookTicker"]
    assert (bid["kind"], bid["price"], bid["size"]) == (TICK_BID, 65_000_110_000_000, 150_000)
    assert (ask["kind"], ask["price"], ask["size"]) == (TICK_ASK, 65_000_130_000_000, 1)
    assert before <= bid["ts_event"] <= time.time_ns()
    assert (first["kind"], first["price"], first["size"]) == (TICK_TRADE, 65_000_120_000_000, 123)
    assert (chr(first["side"]), first["sequence"]) == ("A", 7)
    assert (chr(second["side"]), second["sequence"], second["size"]) == ("B", 8, 200_000)
    assert second["ts_event"] == 1_700_000_000_124 * MS
    known = taken.instruments.current(int(first["instrument_id"]))
    assert known is not None
    assert (known.symbol, known.tick_size) == ("BTCUSDT", 10_000_000)


async def test_after_a_reconnect_each_trade_is_there_once_and_a_hole_is_told(
    exchange: Exchange,
) -> None:
    taken = Taken(adapter_of(exchange, "BTCUSDT"))
    async with in_session(taken):
        await exchange.next_client()
        await exchange.send(trade_message(10), trade_message(11))
        await taken.until_ticks(2)
        await exchange.hang_up()
        await eventually(lambda: bool(taken.ends), "the end of the session")
    async with in_session(taken):
        await exchange.next_client()
        await exchange.send(*map(trade_message, (11, 12, 13, 13, 17, 19)))
        await taken.until_ticks(6)
    assert taken.trades()["sequence"].tolist() == [10, 11, 12, 13, 17, 19]
    assert taken.gaps == [
        "trades 14 to 16 of BTCUSDT are missing",
        "trade 18 of BTCUSDT is missing",
    ]
    assert str(taken.ends[0]) == "the exchange closed the connection (code 1001: 24 hours)"


async def test_sequences_keep_the_low_bits_of_ids_beyond_32(exchange: Exchange) -> None:
    taken = Taken(adapter_of(exchange, "BTCUSDT"))
    async with in_session(taken):
        await exchange.next_client()
        await exchange.send(
            trade_message(2**32 - 1), trade_message(2**32), trade_message(2**32 + 1)
        )
        await taken.until_ticks(3)
    assert taken.trades()["sequence"].tolist() == [2**32 - 1, 0, 1]
    assert taken.gaps == []


async def test_a_size_that_does_not_fit_is_named_and_left_out(
    exchange: Exchange, caplog: pytest.LogCaptureFixture
) -> None:
    taken = Taken(adapter_of(exchange, "PEPEUSDT"))
    huge = "5000000000.00"
    async with in_session(taken):
        await exchange.next_client()
        await exchange.send(
            trade_message(1, "0.00001234", "4294967294.00", "PEPEUSDT"),
            trade_message(2, "0.00001234", huge, "PEPEUSDT"),
            ticker_message(3, ("0.00001233", huge), ("0.00001235", "7.00"), "PEPEUSDT"),
        )
        await taken.until_ticks(3)
    trade, bid, ask = taken.all_ticks()
    assert (trade["price"], trade["size"]) == (12_340, 2**32 - 2)
    assert (bid["price"], bid["size"], ask["size"]) == (12_330, 0, 7)
    assert taken.gaps == [
        "trade 2 of PEPEUSDT is left out: the quantity 5000000000.00 of PEPEUSDT is no number of"
        " 32 bits in units of 1"
    ]
    assert caplog.text.count("the quantity 5000000000.00 of PEPEUSDT") == 1


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [
        ("NOPEUSDT", "refused the symbols NOPEUSDT .status 400: Invalid symbol.."),
        ("FINEUSDT", "FINEUSDT cannot be carried exactly: '0.00000000001'"),
    ],
)
async def test_a_symbol_that_cannot_be_carried_is_refused_by_name(
    exchange: Exchange, symbol: str, reason: str
) -> None:
    why = await Taken(adapter_of(exchange, symbol)).run()
    with pytest.raises(FeedRefused, match=reason):
        raise why


async def test_an_exchange_that_is_away_is_tried_again() -> None:
    async with trading() as exchange:
        adapter = adapter_of(exchange, "BTCUSDT")
    why = await Taken(adapter).run()
    assert isinstance(why, SessionEnded)
    assert "cannot ask http://127.0.0.1" in str(why)


async def test_a_bomb_in_the_place_of_rules_is_not_inflated_beyond_the_limit() -> None:
    bomb = gzip.compress(bytes(192 << 20))
    path = "/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22%5D"
    with NewsServer().running() as server:
        server.answers[path] = document(bomb, "application/json", Content_Encoding="gzip")
        tracemalloc.start()
        try:
            with pytest.raises(SessionEnded, match=r"\(the body has more than 16777216 bytes\)"):
                await symbol_infos(server.url(""), ["BTCUSDT"])
            assert tracemalloc.get_traced_memory()[1] < 64 << 20
        finally:
            tracemalloc.stop()


async def test_a_held_session_goes_on_where_it_was(exchange: Exchange) -> None:
    taken = Taken(adapter_of(exchange, "BTCUSDT"))
    async with in_session(taken):
        await exchange.next_client()
        await exchange.send(trade_message(1))
        await taken.until_ticks(1)
        taken.open = False
        await exchange.send(*map(trade_message, range(2, 200)))
        await taken.until_ticks(2)
        taken.open = True
        assert taken.session is not None
        taken.session.go_on()
        await taken.until_ticks(199)
    assert taken.trades()["sequence"].tolist() == list(range(1, 200))


def test_too_many_symbols_are_refused() -> None:
    with pytest.raises(FeedRefused, match="1 to 512 symbols"):
        BinanceAdapter([f"S{i}" for i in range(513)])
    with pytest.raises(FeedRefused, match="not 0"):
        BinanceAdapter([])


# --- scale
def instrument(price_step: str, size_step: str) -> BinanceInstrument:
    rules = [Filter("PRICE_FILTER", price_step), Filter("LOT_SIZE", "", size_step)]
    return BinanceInstrument.of(SymbolInfo("XUSDT", rules))


@given(st.integers(0, 9), st.integers(0, 2**32 - 2), st.integers(1, 10**15))
def test_every_quantity_in_whole_steps_is_exact(digits: int, steps: int, price: int) -> None:
    one = instrument("0.00000001", f"{Decimal(1).scaleb(-digits):f}")
    quantity, text = Decimal(steps).scaleb(-digits), f"{Decimal(price).scaleb(-8):f}"
    record = one.trade(Trade("XUSDT", 1, text, f"{quantity:f}", 1, False), 5)
    assert one.size_digits == digits
    assert int.from_bytes(record[16:24], "little") == price * 10
    assert Decimal(int.from_bytes(record[24:28], "little")).scaleb(-digits) == quantity


@pytest.mark.parametrize("text", ["1.000000001", "x", "", "-1", "1e3", "٣"])
def test_other_quantities_raise(text: str) -> None:
    with pytest.raises(Inexact, match="quantity"):
        instrument("0.01", "0.00000001").trade(Trade("XUSDT", 1, "1", text, 1, False), 5)


def test_a_book_without_a_bid_has_none() -> None:
    ticker = BookTicker("XUSDT", 1, "0.00000000", "0.00000000", "5.00", "1")
    record, faults = instrument("0.01", "1").quote(ticker, 5)
    assert int.from_bytes(record[48:56], "little") == UNDEF_PRICE
    assert faults == []
