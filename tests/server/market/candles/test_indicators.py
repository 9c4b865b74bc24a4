"""``indicators:<SYMBOL>:<interval>:<indicator>``: the kernels' values, live."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.support.candles import replayed
from tests.support.phoenix_client import Joined
from tests.support.publisher import DAY, SECOND, Publisher, tick, trades
from tests.support.server import Server
from tickfire.kernels import native


def shown(joined: Joined) -> dict[int, float]:
    """The values that a client shows after placing each at its time."""
    values = joined.response["values"]
    for event, payload in joined.events:
        if event == "reset":
            values = payload["values"]
        elif event == "value":
            values = [*values, [payload["time"], payload["value"]]]
    return {time: math.nan if value is None else value for time, value in values}


def computed(candles: list[list[Any]], name: str) -> dict[int, float]:
    columns = np.array([[float(text) for text in row[1:6]] for row in candles]).T
    _, highs, lows, closes, volumes = (np.ascontiguousarray(column) for column in columns)
    result = {
        "ema(5)": lambda: native.ema(closes, 5),
        "rsi": lambda: native.rsi(closes, 14),
        "macd_signal(3, 6, 4)": lambda: native.macd(closes, 3, 6, 4).average,
        "sma(volume, 4)": lambda: native.sma(volumes, 4),
        "atr(3)": lambda: native.atr(highs, lows, closes, 3),
    }[name]()
    return dict(zip((row[0] for row in candles), result.tolist(), strict=True))


def agree(got: dict[int, float], want: dict[int, float]) -> bool:
    return list(got) == list(want) and all(
        got[time] == want[time] or (math.isnan(got[time]) and math.isnan(want[time]))
        for time in want
    )


@pytest.mark.parametrize("interval", ["1s", "1m"])
@pytest.mark.parametrize(
    "name", ["ema(5)", "rsi", "macd_signal(3, 6, 4)", "sma(volume, 4)", "atr(3)"]
)
async def test_values_are_the_kernels_over_the_candles(
    server: Server, publisher: Publisher, name: str, interval: str
) -> None:
    step = SECOND // 3 if interval == "1s" else 20 * SECOND
    rows = trades(300, step=step)
    publisher.publish(rows[:100], entry_size=9)
    await server.reaches(publisher)
    client = await server.client()
    candles = await client.join(f"candles:AAA:{interval}", {"limit": 5000})
    values = await client.join(f"indicators:AAA:{interval}:{name}", {"limit": 5000})
    assert values.status == "ok"
    publisher.publish(rows[100:], entry_size=9)
    await server.reaches(publisher)

    def agrees(joined: Joined) -> bool:
        history = replayed(candles.response["candles"], candles.of("candle"))
        return len(history) == 100 and agree(shown(joined), computed(history, name))

    await values.until(agrees, f"{name} of 100 bars")


async def test_a_late_trade_and_a_new_epoch_are_reset(server: Server, publisher: Publisher) -> None:
    publisher.publish(trades(40, step=SECOND))
    await server.reaches(publisher)
    client = await server.client()
    candles = await client.join("candles:AAA:1s")
    values = await client.join("indicators:AAA:1s:ema(5)")
    late = tick(price=90 * SECOND, at=DAY + 20 * SECOND + 5)
    publisher.publish(late)
    await values.count("reset", 1)

    def agrees(joined: Joined) -> bool:
        history = replayed(candles.response["candles"], candles.of("candle"))
        return agree(shown(joined), computed(history, "ema(5)"))

    await values.until(agrees, "values after the late trade")
    publisher.begin_epoch()
    publisher.instruments({1: "AAA"})
    publisher.publish(trades(8, step=SECOND))
    await values.until(lambda joined: len(shown(joined)) == 8, "values of the new epoch")


async def test_subscribers_share_one_and_it_ends_with_the_last(
    server: Server, publisher: Publisher
) -> None:
    publisher.publish(trades(40, step=SECOND))
    await server.reaches(publisher)
    clients = [await server.client() for _ in range(3)]
    joined = [await client.join("indicators:AAA:1s:ema(5)") for client in clients]
    assert joined[0].response["values"] == joined[2].response["values"]
    assert joined[0].response["indicator"] == "ema(5)"
    assert len(server.market.indicators) == 1
    for client in clients:
        await client.leave("indicators:AAA:1s:ema(5)")
    assert not len(server.market.indicators)
    assert not len(server.market.candles)


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        ("AAA:1s:nothing(5)", "no feature nothing"),
        ("AAA:1s:correlation(20)", "correlation is of two instruments, and features are of one"),
        ("AAA:1s:ema(0)", "period is from 1"),
        ("AAA:1s:ema(5) > 3", "feature was expected"),
        ("AAA:1s:close", "no indicator"),
        ("AAA:1s:sentiment", "no indicator"),
        ("AAA:2s:ema(5)", "unknown interval"),
        ("NONE:1s:ema(5)", "unknown symbol"),
        ("AAA", "unknown interval"),
        ("AAA:1s:__import__('os')", "expected"),
    ],
)
async def test_what_is_asked_is_checked(
    server: Server, publisher: Publisher, topic: str, said: str
) -> None:
    joined = await (await server.client()).join(f"indicators:{topic}")
    assert joined.status == "error"
    assert said in joined.response["reason"]
