"""Inference over a real Valkey: headlines, ticks and bars in, sentiment and signals out."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.support.eventually import eventually
from tests.support.publisher import DAY, SECOND, Publisher, trades
from tests.support.valkey import Valkey
from tickfire.base.errors import UsageError
from tickfire.models.artifact import SHIPPED
from tickfire.models.infer import service, streams
from tickfire.models.infer.cli import infer as command
from tickfire.models.infer.instruments import Instruments
from tickfire.models.infer.service import Infer, InferConfig
from tickfire.models.infer.stream_model import StreamModel
from tickfire.models.records import (
    POSITIONS_KEY,
    SENTIMENT_KEY,
    SIGNALS_KEY,
    Sentiment,
    Signal,
)
from tickfire.models.registry import STREAM_MODELS, stream_model
from tickfire.store.schema import (
    INSTRUMENTS_KEY,
    NEWS_KEY,
    TICK,
    Headline,
    Instrument,
    Rows,
    mapping_field,
)
from tickfire.store.store import Store


class Hundreds(StreamModel):
    """Model that signals every hundredth tick, and each closed minute."""

    name = "hundreds/1"
    wants_ticks = wants_bars = True

    def __init__(self, instruments: Any) -> None:
        super().__init__(instruments)
        self.seen = 0
        self.heard: list[Sentiment | Signal] = []

    def on_ticks(self, shard: int, first: int, ticks: Rows) -> Sequence[Signal]:
        found = []
        for index, tick in enumerate(ticks):
            self.seen += 1
            if self.seen % 100 == 0:
                detail, at = {"count": self.seen}, int(tick["ts_event"])
                about = int(tick["feed"]), int(tick["instrument_id"]), at
                symbol = self.instruments.symbol(*about)
                found.append(self.signal("anomaly", symbol, at, detail, first + index))
        return found

    def on_bars(self, shard: int, bars: Rows) -> Sequence[Signal]:
        minutes = bars[bars["interval_s"] == 60]
        return [self.signal("pattern", "AAA", int(bar["start"]), {}, 0) for bar in minutes]

    def hear(self, record: Sentiment | Signal) -> None:
        self.heard.append(record)


class Broken(StreamModel):
    name = "broken/1"
    wants_ticks = True

    def on_ticks(self, shard: int, first: int, ticks: Rows) -> Sequence[Signal]:
        raise RuntimeError("a defect")


@pytest.fixture
def publisher(valkey: Valkey) -> Publisher:
    publisher = Publisher(valkey.client)
    publisher.instruments({1: "AAA", 2: "MSFT"})
    return publisher


@contextlib.asynccontextmanager
async def inferring(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch, *models: type[StreamModel]
) -> AsyncIterator[Infer]:
    """Run inference with these models over ticks and bars."""
    made = {model.name: model for model in models}
    monkeypatch.setattr(service, "stream_model", made.__getitem__)
    monkeypatch.setattr(service, "LOOK_S", 0.05)
    store = await Store.open(valkey.url)
    running = Infer(InferConfig(SHIPPED, tuple(made)), store)
    task = asyncio.create_task(running.run())
    try:
        yield running
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.close()


def tell(valkey: Valkey, number: int, title: str, symbols: tuple[str, ...] = ()) -> bytes:
    headline = Headline(f"h{number}", title, "wire", DAY, DAY, symbols=symbols)
    entry: bytes = valkey.client.xadd(NEWS_KEY, {"d": msgspec.msgpack.encode(headline)})
    return entry


def sentiments(valkey: Valkey) -> dict[bytes, Sentiment]:
    return {
        number: msgspec.msgpack.decode(fields[b"d"], type=Sentiment)
        for number, fields in valkey.client.xrange(SENTIMENT_KEY)
    }


def signals(valkey: Valkey) -> list[Signal]:
    return [
        msgspec.msgpack.decode(fields[b"d"], type=Signal)
        for _, fields in valkey.client.xrange(SIGNALS_KEY)
    ]


async def test_headlines_get_sentiment(
    publisher: Publisher, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tell(valkey, 1, "Microsoft beats expectations, shares surge 5%")
    async with inferring(valkey, monkeypatch) as running:
        await eventually(lambda: len(sentiments(valkey)) == 1, "the earlier headline is scored")
        valkey.client.xadd(NEWS_KEY, {"d": b"not msgpack"})
        later = tell(valkey, 2, "Shares plunge after profit warning", ("XYZ",))
        await eventually(lambda: len(sentiments(valkey)) == 2, "the later headline is scored")
        bad = running.counters.registry.get_sample_value("tickfire_infer_bad_entries_total")
    assert bad == 1
    found = sentiments(valkey)
    good, poor = found[before], found[later]
    assert (good.headline, good.label, good.symbols) == ("h1", "bullish", ("MSFT",))
    assert (poor.headline, poor.label, poor.symbols) == ("h2", "bearish", ("XYZ",))
    assert abs(sum(good.probabilities) - 1) < 1e-3 and good.model == "sentiment/1"
    assert not good.abstained and good.words[0][1] >= good.words[-1][1] > 0


async def test_headlines_are_scored_once_by_two_processes_and_restarts(
    publisher: Publisher, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inferring(valkey, monkeypatch), inferring(valkey, monkeypatch):
        first = [tell(valkey, number, f"Title {number}") for number in range(30)]
        await eventually(lambda: len(sentiments(valkey)) == 30, "all are scored")
    missed = [tell(valkey, number, f"Title {number}") for number in range(30, 40)]
    async with inferring(valkey, monkeypatch):
        await eventually(lambda: len(sentiments(valkey)) == 40, "missed headlines are scored")
    assert list(sentiments(valkey)) == first + missed


async def test_continues_after_redis_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Valkey()
    try:
        async with inferring(own, monkeypatch):
            tell(own, 1, "before")
            await eventually(lambda: len(sentiments(own)) == 1, "scored before")
            own.kill()
            own.start()
            last = tell(own, 2, "after")
            await eventually(lambda: last in sentiments(own), "scored after")
    finally:
        own.close()


async def test_models_publish_signals(
    publisher: Publisher, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish(trades(250))
    async with inferring(valkey, monkeypatch, Hundreds) as running:
        field = publisher.epoch.hex().encode() + b":ticks:{1.0}"
        await eventually(lambda: valkey.client.hlen(POSITIONS_KEY) == 2, "infer has started")
        assert valkey.client.hkeys(POSITIONS_KEY)[0].startswith(field[:17])
        publisher.publish(trades(850, start=DAY + 25 * SECOND))
        await eventually(lambda: len(signals(valkey)) == 10, "signals are published")
        tell(valkey, 1, "Title")
        await eventually(lambda: len(sentiments(valkey)) == 1, "scored")
        model = running.stream_models()[0]
        assert isinstance(model, Hundreds)
        await eventually(lambda: len(model.heard) == 1, "models receive sentiment")
    found = signals(valkey)
    anomalies = [one for one in found if one.event == "anomaly"]
    # The first 250 existed before the start: they are history, but are counted.
    assert [one.detail["count"] for one in anomalies] == list(range(300, 1101, 100))
    assert [one.n for one in anomalies] == list(range(300, 1101, 100))
    assert [one.at for one in found if one.event == "pattern"] == [DAY]
    assert {one.symbol for one in anomalies} == {"AAA"} and anomalies[0].model == "hundreds/1"


async def test_signals_continue_after_restart_without_gap_or_duplicate(
    publisher: Publisher, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inferring(valkey, monkeypatch, Hundreds):
        await eventually(lambda: valkey.client.hlen(POSITIONS_KEY) == 2, "infer has started")
        publisher.publish(trades(250))
        await eventually(lambda: len(signals(valkey)) == 2, "signals of the first ticks")
    publisher.publish(trades(500, start=DAY + 25 * SECOND))
    async with inferring(valkey, monkeypatch, Hundreds):
        await eventually(lambda: len(signals(valkey)) == 8, "signals of the others")
    counts = [one.detail["count"] for one in signals(valkey) if one.event == "anomaly"]
    assert counts == list(range(100, 701, 100))


async def test_position_advances_without_signals(
    publisher: Publisher, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "POSITION_S", 0.0)
    async with inferring(valkey, monkeypatch, Hundreds):
        await eventually(lambda: valkey.client.hlen(POSITIONS_KEY) == 2, "infer has started")
        publisher.publish(trades(50))
        field = f"{publisher.epoch.hex()}:ticks:{{1.0}}"
        await eventually(
            lambda: valkey.client.hget(POSITIONS_KEY, field) == b"50-0", "the position is written"
        )
    assert signals(valkey) == []


async def test_new_epoch_starts_models_anew(
    publisher: Publisher, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inferring(valkey, monkeypatch, Hundreds):
        await eventually(lambda: valkey.client.hlen(POSITIONS_KEY) == 2, "infer has started")
        publisher.publish(trades(150))
        await eventually(lambda: len(signals(valkey)) == 1, "a signal")
        publisher.begin_epoch()
        fresh = publisher.epoch.hex().encode()

        def begun() -> bool:
            keys = valkey.client.hkeys(POSITIONS_KEY)
            return len(keys) == 2 and all(key.startswith(fresh) for key in keys)

        await eventually(begun, "the new epoch is followed")
        publisher.publish(trades(150))
        await eventually(lambda: len(signals(valkey)) == 2, "a signal of the new epoch")
    assert [one.detail["count"] for one in signals(valkey)] == [100, 100]


async def test_id_that_is_renamed_while_infer_runs_gives_its_new_symbol(
    publisher: Publisher, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def symbols() -> list[str]:
        return [one.symbol for one in signals(valkey) if one.event == "anomaly"]

    async with inferring(valkey, monkeypatch, Hundreds) as running:
        await eventually(lambda: valkey.client.hlen(POSITIONS_KEY) == 2, "infer has started")
        publisher.publish(trades(150))
        await eventually(lambda: symbols() == ["AAA"], "a signal of the first symbol")
        monkeypatch.setattr(service, "LOOK_S", 60.0)
        later = DAY + 3600 * SECOND
        new = Instrument(publisher.feed, 1, "BBB", start=later)
        row = {mapping_field(new): msgspec.msgpack.encode(new)}
        valkey.client.hset(INSTRUMENTS_KEY, mapping=row)

        def is_known() -> bool:
            publisher.status("instrument")  # the wait for the next look may have begun before
            model = running.stream_models()[0]
            return model.instruments.symbol(publisher.feed, 1, later) == "BBB"

        await eventually(is_known, "the new symbol is known, long before the next look")
        publisher.publish(trades(50, start=later))
        await eventually(lambda: symbols() == ["AAA", "BBB"], "a signal of the second symbol")


async def test_an_instrument_is_known_before_its_first_ticks_are_given(
    publisher: Publisher, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inferring(valkey, monkeypatch, Hundreds):
        await eventually(lambda: valkey.client.hlen(POSITIONS_KEY) == 2, "infer has started")
        monkeypatch.setattr(service, "LOOK_S", 60.0)
        publisher.publish(trades(99))
        new = Instrument(publisher.feed, 9, "NEW")
        valkey.client.hset(INSTRUMENTS_KEY, mapping_field(new), msgspec.msgpack.encode(new))
        publisher.publish(trades(1, instrument=9))
        await eventually(lambda: len(signals(valkey)) == 1, "a signal")
    assert [one.symbol for one in signals(valkey)] == ["NEW"]


async def test_failing_model_does_not_stop_others(
    publisher: Publisher, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inferring(valkey, monkeypatch, Broken, Hundreds) as running:
        await eventually(lambda: valkey.client.hlen(POSITIONS_KEY) == 2, "infer has started")
        valkey.client.xadd("bars:{1.0}", {"d": b"short"}, id="0-1")
        publisher.publish(trades(100))
        await eventually(lambda: len(signals(valkey)) == 1, "the other's signal")
        sample = running.counters.registry.get_sample_value
        assert (sample("tickfire_infer_failures_total", {"model": "broken/1"}) or 0) >= 1
        assert b"tickfire_infer_ticks_total 100.0" in running.counters.render()


async def test_command_loads_new_artifact_and_refuses_bad_one(
    publisher: Publisher, valkey: Valkey, tmp_path: Path
) -> None:
    for name in ("sentiment.json", "sentiment.npz"):
        (tmp_path / name).write_bytes((SHIPPED / name).read_bytes())
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tickfire.server", "infer", "--redis-url", valkey.url),
        *("--artifacts", str(tmp_path), "--model", "none"),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        log: list[str] = []

        async def says(text: str) -> None:
            assert process.stderr is not None
            async with asyncio.timeout(60):
                while not any(text in line for line in log):
                    log.append((await process.stderr.readline()).decode())

        await says("sentiment/1; models over ticks and bars: none")
        (tmp_path / "sentiment.npz").write_bytes(b"tampered")
        process.send_signal(signal.SIGHUP)
        await says("The previous model stays")
        tell(valkey, 1, "Title")
        await eventually(lambda: len(sentiments(valkey)) == 1, "the old model works on")
        (tmp_path / "sentiment.npz").write_bytes((SHIPPED / "sentiment.npz").read_bytes())
        process.send_signal(signal.SIGHUP)
        await says("reloaded sentiment.json")
    finally:
        process.terminate()
        rest, _ = await process.communicate(), await process.wait()
    assert process.returncode == 0, rest


def test_unknown_model_and_folder_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no model x over ticks"):
        command.main(["--model", "x"], standalone_mode=False)
    with pytest.raises(UsageError, match="there is no folder"):
        command.main(["--artifacts", str(tmp_path / "absent")], standalone_mode=False)


def test_every_registered_model_can_be_imported() -> None:
    assert STREAM_MODELS
    for name in STREAM_MODELS:
        assert callable(stream_model(name))


def test_instrument_without_symbol_is_named_by_id() -> None:
    instruments = Instruments()
    assert instruments.symbol(1, 7, DAY) == "1:7"
    instruments.replace([Instrument(1, 7, "AAA")])
    assert instruments.symbol(1, 7, DAY) == "AAA"
    assert list(StreamModel(instruments).on_ticks(0, 1, np.empty(0, TICK))) == []
