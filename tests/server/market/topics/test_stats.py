"""Statistics, trading statuses and auctions, for clients that join and that are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.support.eventually import eventually
from tests.support.publisher import DAY, FEED, SECOND, Publisher, trades
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.store.reports import (
    Imbalance,
    Report,
    Statistic,
    TradingStatus,
    encode_report,
    present_field,
    present_key,
    stream_of,
)

AT = DAY + 90 * SECOND


def write(publisher: Publisher, reports: Sequence[Report]) -> None:
    """Write reports as ingest does."""
    for report in reports:
        data = encode_report(report)
        publisher.client.xadd(stream_of(report), {"d": data})
        publisher.client.hset(present_key(report.feed), present_field(report).decode(), data)


def stat(name: str, price: int | None, quantity: int | None = None, **more: Any) -> Statistic:
    return Statistic(FEED, 1, name, price, quantity, AT, AT + 1, **more)


def status(name: str, second: int = 0, **more: Any) -> TradingStatus:
    at = AT + second * SECOND
    told: dict[str, Any] = {"reason": "none", "event": "none", "is_trading": name == "trading"}
    told |= {"is_quoting": True, "is_short_sell_restricted": None} | more
    return TradingStatus(FEED, 1, name, ts_event=at, received=at, **told)


def imbalance(paired: int) -> Imbalance:
    told: dict[str, Any] = dict.fromkeys(Imbalance.__struct_fields__)
    told |= dict.fromkeys(("auction_status", "freeze_status", "extensions", "publisher_id", "n"), 0)
    told |= {"auction": "O", "side": "B", "unpaired_side": "N", "significant": "L"}
    told |= {"feed": FEED, "instrument_id": 1, "ts_event": AT, "received": AT, "version": 1}
    told |= {"paired": paired, "clearing_price": 5 * SECOND}
    return Imbalance(**told)


async def test_a_join_has_the_present_reports_and_changes_follow(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    publisher.publish(trades(3))
    write(
        publisher,
        [
            stat("settlement_price", 100 * SECOND, flags=1, reference=DAY),
            stat("open_interest", None, 7),
            stat("open_interest", None, 9),
            status("pre_open"),
            imbalance(3),
        ],
    )
    server = await serve(valkey.url)
    client = await server.client()
    joined = await client.join("stats:AAA")
    time = {"timestamp": AT // 1_000_000, "ts_event": str(AT)}
    assert joined.response["symbol"] == "AAA"
    assert joined.response["stats"]["settlement_price"] == {
        "symbol": "AAA",
        "name": "settlement_price",
        "price": "100",
        "quantity": None,
        "reference": DAY // 1_000_000,
        "final": True,
        "deleted": False,
        "publisher_id": 0,
        **time,
    }
    assert joined.response["stats"]["open_interest"]["quantity"] == 9
    assert joined.response["status"]["status"] == "pre_open"
    assert joined.response["imbalance"]["paired"] == 3
    assert joined.response["imbalance"]["clearing_price"] == "5"

    write(publisher, [stat("open_interest", None, 11), imbalance(4)])
    (changed,) = await joined.count("stat", 1)
    assert (changed["name"], changed["quantity"]) == ("open_interest", 11)
    (auction,) = await joined.count("imbalance", 1)
    assert auction["paired"] == 4
    write(publisher, [stat("open_interest", None, None, deleted=True)])
    assert (await joined.count("stat", 2))[1]["deleted"]
    again = await (await server.client()).join("stats:AAA")
    assert list(again.response["stats"]) == ["settlement_price"]


async def test_a_halt_is_an_event_of_the_instrument(server: Server, publisher: Publisher) -> None:
    publisher.publish(trades(3))
    client = await server.client()
    assert (await client.join("stats:AAA")).status == "ok"  # once the reports have been read
    joined = await client.join("market:AAA")
    assert joined.response["status"] is None
    write(publisher, [status("trading"), status("halt", 1, reason="news_pending")])
    statuses = await joined.count("status", 2)
    assert [each["status"] for each in statuses] == ["trading", "halt"]
    (halted,) = await joined.count("halted", 1)
    assert halted["halted"] and halted["reason"] == "news_pending" and not halted["is_trading"]
    later = await (await server.client()).join("market:AAA")
    assert later.response["status"] == halted

    write(publisher, [status("ssr_change", 2, is_short_sell_restricted=True, is_trading=None)])
    restricted = (await joined.count("status", 3))[2]
    assert restricted["halted"] and restricted["is_short_sell_restricted"]
    write(publisher, [status("trading", 3)])
    assert [each["halted"] for each in await joined.count("halted", 2)] == [True, False]


async def test_an_instrument_without_reports_has_none(server: Server) -> None:
    client = await server.client()
    joined = await client.join("stats:AAA")
    assert joined.response == {"symbol": "AAA", "stats": {}, "status": None, "imbalance": None}
    assert (await client.join("stats:NOPE")).response == {"reason": "unknown symbol"}


async def test_the_reports_of_an_epoch_end_with_it(server: Server, publisher: Publisher) -> None:
    write(publisher, [status("halt")])
    client = await server.client()
    joined = await client.join("market:AAA")
    await eventually(lambda: server.market.reports.present.of(FEED, 1).status is not None, "read")
    publisher.client.delete(present_key(FEED))
    publisher.begin_epoch()
    publisher.instruments({1: "AAA"})
    publisher.publish(trades(2))
    await joined.count("gap", 1)
    await eventually(lambda: server.market.reports.present.of(FEED, 1).status is None, "forgotten")
