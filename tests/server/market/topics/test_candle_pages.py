"""Event ``history`` of ``candles:<SYMBOL>:<interval>`` over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.support.candles import replayed
from tests.support.phoenix_client import Joined
from tests.support.publisher import DAY, SECOND, Publisher, tick, trades
from tests.support.reference.candles import sent
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.server.market.candles.candles import LIMIT
from tickfire.store.schema import BAR, INTERVALS_S

MS = 1_000_000
FAR = 4_000_000_000_000


async def page(joined: Joined, before: int, limit: int = 700) -> dict[str, Any]:
    reply = await joined.push("history", {"before": before, "limit": limit})
    assert reply["status"] == "ok", reply
    response: dict[str, Any] = reply["response"]
    return response


def reaches(time: int) -> Callable[[Joined], bool]:
    return lambda joined: [candle["time"] for candle in joined.of("candle")[-1:]] == [time]


async def all_pages(joined: Joined, before: int, limit: int = 700) -> list[list[Any]]:
    """Return the candles of all pages before a time, oldest first."""
    rows: list[list[Any]] = []
    more = True
    while more:
        found = await page(joined, before, limit)
        assert len(found["candles"]) <= limit
        assert found["candles"] or not found["more"]
        rows, more = found["candles"] + rows, found["more"]
        if rows:
            before = found["oldest"]
            assert before == rows[0][0]
    return rows


async def test_pages_lead_to_the_first_bar_while_trades_come(
    server: Server, publisher: Publisher
) -> None:
    rows = trades(LIMIT + 5000, step=SECOND)
    past = LIMIT + 3000
    publisher.publish(rows[:past], entry_size=9)
    await server.reaches(publisher)
    client = await server.client()
    topics = {name: await client.join(f"candles:AAA:{name}") for name in INTERVALS_S}

    async def trade() -> None:
        for at in range(past, len(rows), 500):
            publisher.publish(rows[at : at + 500], entry_size=100)
            await asyncio.sleep(0)

    trading = asyncio.create_task(trade())
    for name, seconds in INTERVALS_S.items():
        joined = topics[name]
        shown = joined.response["candles"]
        assert joined.response["more"] == (len(sent(rows[:past], seconds)) > 500)
        older = await all_pages(joined, shown[0][0])
        assert older + shown == sent(rows[:past], seconds), name
    await trading
    await server.reaches(publisher)
    for name, seconds in INTERVALS_S.items():
        joined, want = topics[name], sent(rows, seconds)
        await joined.until(reaches(want[-1][0]))
        assert await all_pages(joined, FAR, 5000) == want
        history = await all_pages(joined, joined.response["candles"][-1][0])
        history += joined.response["candles"][-1:]
        # The newest bar may have changed since it first came.
        await joined.until(lambda joined: replayed(history, joined.of("candle")) == want)  # noqa: B023


async def test_a_server_that_starts_later_gives_the_same_pages(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    rows = trades(LIMIT + 2000, step=SECOND)
    late = tick(price=150 * SECOND, at=DAY + 3 * SECOND + 1)
    rows = np.concatenate([rows[:3000], late, rows[3000:]])
    publisher.publish(rows, entry_size=50)
    publisher.snapshot()
    server = await serve(valkey.url)
    joined = await (await server.client()).join("candles:AAA:1s")
    assert await all_pages(joined, FAR, 999) == sent(rows, 1)


async def test_history_that_a_replay_voids_is_in_no_page(
    server: Server, publisher: Publisher
) -> None:
    publisher.publish(trades(LIMIT + 3000, step=SECOND), entry_size=50)
    publisher.clear_all()
    again = trades(50, start=DAY + 1000 * SECOND, step=SECOND)
    publisher.publish(again)
    await server.reaches(publisher)
    joined = await (await server.client()).join("candles:AAA:1s")
    want = sent(np.concatenate([trades(1000, step=SECOND), again]), 1)
    assert await all_pages(joined, FAR) == want


async def test_pages_are_those_of_the_epoch(server: Server, publisher: Publisher) -> None:
    publisher.publish(trades(LIMIT + 2000, step=SECOND), entry_size=50)
    await server.reaches(publisher)
    joined = await (await server.client()).join("candles:AAA:1s")
    oldest = joined.response["candles"][0][0]
    pages = asyncio.gather(*(page(joined, oldest - i * 60_000) for i in range(3)))
    assert all(found["more"] for found in await pages)
    publisher.begin_epoch()
    publisher.instruments({1: "AAA"})
    publisher.publish(trades(30, step=SECOND))
    await joined.count("reset", 1)
    found = await page(joined, FAR)
    assert found["candles"] == sent(trades(30, step=SECOND), 1)
    assert not found["more"]


async def test_pages_end_where_the_stream_was_trimmed(server: Server, publisher: Publisher) -> None:
    publisher.publish(trades(LIMIT + 3000, step=SECOND), entry_size=5)
    await server.reaches(publisher)
    publisher.client.xtrim("bars:{1.0}", maxlen=(LIMIT + 1000) // 5, approximate=False)
    joined = await (await server.client()).join("candles:AAA:1s")
    rows = await all_pages(joined, FAR)
    assert [row[0] for row in rows] == [
        (DAY + i * SECOND) // MS for i in range(rows_gone(publisher), LIMIT + 3000)
    ]


def rows_gone(publisher: Publisher) -> int:
    """Return the number of seconds whose bars the stream has lost."""
    (_, fields), *_ = publisher.client.xrange("bars:{1.0}", count=1)
    first = np.frombuffer(fields[b"d"], BAR)
    return int((first["start"].min() - DAY) // SECOND)


async def test_a_client_that_asks_for_many_pages_does_not_hold_up_others(
    server: Server, publisher: Publisher
) -> None:
    publisher.publish(trades(LIMIT + 2000, step=SECOND), entry_size=9)
    await server.reaches(publisher)
    greedy, other = await server.client(), await server.client()
    joined = await greedy.join("candles:AAA:1s")
    many = [asyncio.create_task(page(joined, DAY // MS + 900_000, 5)) for _ in range(40)]
    await asyncio.sleep(0)
    await page(await other.join("candles:AAA:1s"), DAY // MS + 900_000, 5)
    assert sum(task.done() for task in many) < len(many)
    assert all(found["more"] for found in await asyncio.gather(*many))


async def test_other_instruments_and_none(server: Server, publisher: Publisher) -> None:
    publisher.publish(trades(10, instrument=1, step=SECOND))
    await server.reaches(publisher)
    joined = await (await server.client()).join("candles:BBB:1m")
    assert joined.response["more"] is False
    found = await page(joined, FAR)
    assert (found["candles"], found["more"], found["oldest"]) == ([], False, None)


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        {},
        {"before": None},
        {"before": "1700000000000"},
        {"before": -1},
        {"before": 1.5},
        {"before": True},
        {"before": 1e300},
        {"before": 2**63},
        {"before": 1, "limit": 0},
        {"before": 1, "limit": 5001},
        {"before": 1, "limit": "9"},
        {"before": 1, "limit": 2.5},
    ],
)
async def test_a_request_that_is_not_valid_is_answered_with_a_reason(
    server: Server, publisher: Publisher, payload: Any
) -> None:
    joined = await (await server.client()).join("candles:AAA:1m")
    reply = await joined.push("history", payload)
    assert reply["status"] == "error"
    assert any(word in reply["response"]["reason"] for word in ("before", "limit", "params"))
