"""Quotes by publisher, for clients that join and clients that are there."""

from __future__ import annotations

import numpy as np
from databento.common.publishers import Publisher as Known

from tests.support.publisher import DAY, FEED, SECOND, STREAM, Publisher, trades
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.dbn.publishers import PUBLISHERS
from tickfire.store.by_publisher import TOPS, writes_of
from tickfire.store.schema import TOP, Rows


def tops(*tops: tuple[int, int, int]) -> Rows:
    """Return TOP[n] of instrument 1, from the publisher, the bid and the ask of each."""
    made = np.zeros(len(tops), TOP)
    made["instrument_id"], made["feed"], made["ts_event"] = 1, FEED, DAY
    made["publisher_id"] = [publisher for publisher, _, _ in tops]
    made["bid_price"] = [bid for _, bid, _ in tops]
    made["ask_price"] = [ask for _, _, ask in tops]
    made["bid_size"] = 5
    made["ask_size"] = 6
    return made


def write(publisher: Publisher, records: Rows) -> None:
    """Write tops as ingest does."""
    for each in writes_of(TOPS, STREAM, records):
        publisher.client.execute_command(*each.command(0))


async def test_a_join_has_the_quotes_of_each_publisher_and_changes_follow(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    publisher.publish(trades(3))
    write(publisher, tops((2, 99 * SECOND, 101 * SECOND), (60_000, UNDEF_PRICE, 102 * SECOND)))
    server = await serve(valkey.url)
    joined = await (await server.client()).join("quotes:AAA")
    time = {"timestamp": DAY // 1_000_000, "ts_event": str(DAY)}
    nasdaq = {
        **{"publisher_id": 2, "publisher": "XNAS.ITCH.XNAS", "bid": "99", "bid_size": 5},
        **{"ask": "101", "ask_size": 6, **time},
    }
    unknown = {
        **{"publisher_id": 60_000, "publisher": None, "bid": None, "bid_size": None},
        **{"ask": "102", "ask_size": 6, **time},
    }
    assert joined.response == {
        "symbol": "AAA",
        "quotes": {"symbol": "AAA", "publishers": [nasdaq, unknown]},
    }
    write(publisher, tops((2, 98 * SECOND, 101 * SECOND)))
    (changed,) = await joined.count("quotes", 1)
    assert changed == {"symbol": "AAA", "publishers": [{**nasdaq, "bid": "98"}, unknown]}


async def test_an_instrument_of_one_publisher_has_none(server: Server) -> None:
    joined = await (await server.client()).join("quotes:AAA")
    assert joined.response == {"symbol": "AAA", "quotes": None}


async def test_an_unknown_symbol_is_refused(server: Server) -> None:
    joined = await (await server.client()).join("quotes:NOPE")
    assert joined.response == {"reason": "unknown symbol"}


def test_publishers_have_the_names_of_databento() -> None:
    assert PUBLISHERS == {each.to_int(): each.value for each in Known}
