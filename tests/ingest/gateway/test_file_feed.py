"""The replay's pace and its handling of clients, on a clock that the tests move."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.dbn import START, daily, mixed_records, trades, write_dbn
from tests.support.gateway import (
    MS,
    TIMEOUT_S,
    AutoClock,
    Pipe,
    S,
    controls_of,
    data_records,
    records_of,
)
from tickfire.ingest.dbn.control import ErrorMsg, SymbolMappingMsg, SystemMsg, encode_control
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.layout import (
    ERROR_INTERNAL,
    ERROR_INVALID_SUBSCRIPTION,
    ERROR_SKIPPED_RECORDS,
    ERROR_SYMBOL_RESOLUTION,
    SYSTEM_HEARTBEAT,
    SYSTEM_REPLAY_COMPLETED,
    SYSTEM_SLOW_READER,
    SYSTEM_SUBSCRIPTION_ACK,
)
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.gateway.file_feed import FileFeed
from tickfire.ingest.gateway.outlet import Outlet
from tickfire.ingest.gateway.replay import Recording
from tickfire.ingest.lsg.requests import GatewaySubscription

TRADES = Metadata("TEST", "trades", START)
MIXED = Metadata("TEST", None, START)
ALL = GatewaySubscription("trades")


class Replay:
    """A feed over a file, with its clock, its pipe and its outlet."""

    def __init__(
        self,
        path: Path,
        records: bytes,
        metadata: Metadata = TRADES,
        *subscriptions: GatewaySubscription,
        ts_out: bool = False,
        **options: Any,
    ) -> None:
        self.clock = AutoClock()
        self.feed = FileFeed(
            Recording(open_dbn(write_dbn(path / "x.dbn", records, metadata))),
            self.clock,
            **(
                {"speed": 1.0, "loop": False, "slow_after_s": 0.01, "skip_when_slow": False}
                | options
            ),
        )
        self.told = [
            message
            for subscription in subscriptions or (ALL,)
            for message in self.feed.subscribe(subscription, late=False)
        ]
        self.pipe = Pipe(self.clock)
        self.outlet = Outlet(
            self.pipe,
            self.clock,
            version=metadata.version,
            ts_out=ts_out,
            selection=self.feed.selection,
            source_ts_out=metadata.ts_out,
        )

    async def run(self) -> bytes:
        async with asyncio.timeout(TIMEOUT_S):
            await self.feed.replay(self.outlet)
        return self.pipe.data

    def sent(self) -> list[tuple[int, int]]:
        """Return when each data record was sent (ns from the first one), and its sequence."""
        times = [(at, r) for at, data in self.pipe.writes for r in data_records(data)]
        first = times[0][0]
        return [(at - first, int.from_bytes(r[44:48], "little")) for at, r in times]


def at(*times: int) -> bytes:
    """Trades received at given times, ns from the start."""
    made = trades(len(times))
    made["ts_recv"] = [START + time for time in times]
    return made.tobytes()


@pytest.mark.parametrize(("speed", "factor"), [(1.0, 1), (0.5, 2), (10.0, 0.1)])
async def test_records_are_sent_at_recorded_pace_times_speed(
    tmp_path: Path, speed: float, factor: float
) -> None:
    replay = Replay(tmp_path, at(0, 20 * MS, 3 * S, 3600 * S), speed=speed)
    await replay.run()
    assert replay.sent() == [
        (int(time * factor), index) for index, time in enumerate([0, 20 * MS, 3 * S, 3600 * S])
    ]


async def test_a_step_back_is_no_step(tmp_path: Path) -> None:
    replay = Replay(tmp_path, at(10 * MS, 30 * MS, 5 * MS, 40 * MS))
    await replay.run()
    assert [time for time, _ in replay.sent()] == [0, 20 * MS, 20 * MS, 30 * MS]


async def test_records_due_within_a_millisecond_are_written_together(tmp_path: Path) -> None:
    steps = range(0, 10 * MS, MS // 20)
    replay = Replay(tmp_path, at(*steps))
    await replay.run()
    data = [write for write in replay.pipe.writes if data_records(write[1])]
    assert 8 <= len(data) <= 12
    sent = replay.sent()
    assert all(0 <= time - due <= MS for (time, _), due in zip(sent, steps, strict=True))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    times=st.lists(st.integers(0, 5 * MS), min_size=1, max_size=30),
    speed=st.sampled_from([0.1, 1.0, 3.0, 1000.0]),
)
async def test_every_record_is_sent_once_in_order_and_never_early(
    tmp_path: Path, times: list[int], speed: float
) -> None:
    replay = Replay(tmp_path, at(*times), speed=speed)
    await replay.run()
    sent = replay.sent()
    assert [sequence for _, sequence in sent] == list(range(len(times)))
    latest = times[0]
    for (when, _), time in zip(sent, times, strict=True):
        latest = max(latest, time)
        due = (latest - times[0]) / speed
        assert due - 1 <= when <= due + 1.01 * MS


async def test_control_records_of_the_file_do_not_pace(tmp_path: Path) -> None:
    beats = encode_control(SystemMsg("Heartbeat", SYSTEM_HEARTBEAT, START - 7200 * S)) * 2
    replay = Replay(tmp_path, beats + at(0) + beats + at(S))
    data = await replay.run()
    assert [time for time, _ in replay.sent()] == [0, S]
    assert (
        sum(isinstance(m, SystemMsg) and m.code == SYSTEM_HEARTBEAT for m in controls_of(data)) == 4
    )
    assert replay.pipe.writes[0][0] == START, "leading ones go out at once"


async def test_at_speed_0_nothing_is_waited_for(tmp_path: Path) -> None:
    records = mixed_records(3000)
    replay = Replay(tmp_path, records, replace(MIXED, schema="mbo"), speed=0.0)
    data = await replay.run()
    assert b"".join(data_records(data)) == records
    assert replay.clock.now == START
    assert len(replay.pipe.writes) < 10, "written in large pieces"


async def test_the_end_of_the_file_is_told_with_recorded_time(tmp_path: Path) -> None:
    replay = Replay(tmp_path, at(0, S))
    last = controls_of(await replay.run())[-1]
    assert last == SystemMsg("Replay completed: x.dbn", SYSTEM_REPLAY_COMPLETED, START + S)
    replay.clock.now += 5 * S
    assert replay.feed.now() == START + 6 * S, "recorded time goes on"


async def test_a_file_of_one_schema_is_sent_whole_whatever_schema_is_asked(tmp_path: Path) -> None:
    replay = Replay(tmp_path, at(0, 1), TRADES, GatewaySubscription("mbp-1"))
    assert len(data_records(await replay.run())) == 2


async def test_of_a_file_of_several_schemas_the_asked_ones_are_sent(tmp_path: Path) -> None:
    records = mixed_records(10)
    replay = Replay(
        tmp_path, records, MIXED, GatewaySubscription("mbp-1"), GatewaySubscription("ohlcv-1s")
    )
    sent = data_records(await replay.run())
    assert sent == [record for record in records_of(records) if record[1] != 0]


async def test_of_a_file_that_maps_symbols_the_asked_ones_are_sent(tmp_path: Path) -> None:
    lead = b"".join(encode_control(SymbolMappingMsg(n, s, s, 0)) for n, s in ((1, "A"), (2, "B")))
    records = mixed_records(10)
    replay = Replay(
        tmp_path,
        lead + records,
        replace(MIXED, schema="mbo"),
        GatewaySubscription("mbo", symbols=("B",)),
    )
    data = await replay.run()
    assert {int.from_bytes(r[4:8], "little") for r in data_records(data)} == {2}
    mapped = [m.stype_out_symbol for m in controls_of(data) if isinstance(m, SymbolMappingMsg)]
    assert mapped == ["B"]


async def test_of_a_file_that_maps_nothing_every_symbol_is_sent(tmp_path: Path) -> None:
    replay = Replay(tmp_path, at(0, 1), TRADES, GatewaySubscription("trades", symbols=("A",)))
    assert len(data_records(await replay.run())) == 2


async def test_what_is_older_than_the_start_is_left_out(tmp_path: Path) -> None:
    replay = Replay(
        tmp_path, at(0, 10, 20), TRADES, GatewaySubscription("trades", start=START + 10)
    )
    await replay.run()
    assert [sequence for _, sequence in replay.sent()] == [1, 2]


async def test_ts_out_is_appended_to_every_record(tmp_path: Path) -> None:
    replay = Replay(tmp_path, at(0, S), ts_out=True)
    data = await replay.run()
    records = records_of(data)
    assert [len(record) for record in records] == [56, 56, 328]
    stamps = [int.from_bytes(record[-8:], "little") for record in records]
    assert stamps == [START, START + S, START + S]


async def test_ts_out_of_the_file_is_replaced_or_left_off(tmp_path: Path) -> None:
    stamped = b"".join(
        bytes((r[0] + 2,)) + r[1:] + (5).to_bytes(8, "little") for r in records_of(at(0, S))
    )
    metadata = replace(TRADES, ts_out=True)
    assert b"".join(data_records(await Replay(tmp_path, stamped, metadata).run())) == at(0, S)
    again = data_records(await Replay(tmp_path, stamped, metadata, ts_out=True).run())
    assert [int.from_bytes(record[-8:], "little") for record in again] == [START, START + S]


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_records_and_controls_are_of_the_files_version(tmp_path: Path, version: int) -> None:
    replay = Replay(tmp_path, at(0), replace(TRADES, version=version))
    data = await replay.run()
    assert replay.feed.metadata().version == version
    assert [len(record) for record in records_of(data)] == [48, 80 if version == 1 else 320]


async def test_a_file_that_breaks_off_is_sent_up_to_there_and_told(tmp_path: Path) -> None:
    replay = Replay(tmp_path, at(0, 1, 2)[:-8])
    data = await replay.run()
    assert len(data_records(data)) == 2
    error, _end = controls_of(data)
    assert isinstance(error, ErrorMsg)
    assert error.code == ERROR_INTERNAL
    assert "truncated inside a record" in error.err


def test_a_subscription_is_acknowledged_with_its_last_line(tmp_path: Path) -> None:
    replay = Replay(
        tmp_path,
        at(0),
        TRADES,
        GatewaySubscription("trades", symbols=("A",), id="5", is_last=False),
        GatewaySubscription("trades", symbols=("B",), id="5"),
    )
    text = "Subscription request 5 for trades data succeeded"
    assert replay.told == [SystemMsg(text, SYSTEM_SUBSCRIPTION_ACK, START)]


def test_symbols_that_the_metadata_does_not_map_are_told(tmp_path: Path) -> None:
    wanted = GatewaySubscription("trades", symbols=("A", "X"))
    replay = Replay(tmp_path, at(0), daily((0, "A", 1)), wanted)
    error = replay.told[-1]
    assert isinstance(error, ErrorMsg)
    assert (error.err, error.code) == ("Failed to resolve symbols: X", ERROR_SYMBOL_RESOLUTION)


def test_late_subscriptions_get_mappings_and_cannot_go_back(tmp_path: Path) -> None:
    mapping = SymbolMappingMsg(1, "A", "A", 0)
    wanted = GatewaySubscription("mbo", symbols=("X",))
    replay = Replay(tmp_path, encode_control(mapping) + at(0), MIXED, wanted)
    replay.feed.selection.learn(mapping)
    told = replay.feed.subscribe(GatewaySubscription("trades"), late=True)
    assert isinstance(told[-1], SymbolMappingMsg)
    for impossible in (
        GatewaySubscription("trades", start=0),
        GatewaySubscription("mbo", snapshot=True),
    ):
        (error,) = replay.feed.subscribe(impossible, late=True)
        assert isinstance(error, ErrorMsg)
        assert error.code == ERROR_INVALID_SUBSCRIPTION


async def slow_replay(path: Path, *, skip: bool) -> Replay:
    """A client that stops reading at the first record, for 5 s, among one a second."""
    replay = Replay(path, at(*(second * S for second in range(10))), skip_when_slow=skip)
    replay.pipe.on_write = replay.outlet.pause
    task = asyncio.create_task(replay.run())
    await replay.pipe.written(1)
    await asyncio.wait({task}, timeout=0.05)  # several times slow_after_s, of real time
    assert len(data_records(replay.pipe.data)) == 1
    replay.pipe.on_write = lambda: None
    replay.clock.now += 5 * S
    replay.outlet.resume()
    await task
    return replay


async def test_a_slow_client_is_warned_once_and_gets_everything(tmp_path: Path) -> None:
    replay = await slow_replay(tmp_path, skip=False)
    codes = [m.code for m in controls_of(replay.pipe.data) if isinstance(m, SystemMsg)]
    assert codes == [SYSTEM_SLOW_READER, SYSTEM_REPLAY_COMPLETED]
    assert [time for time, _ in replay.sent()] == [0, *[5 * S] * 5, *(s * S for s in range(6, 10))]


async def test_a_slow_client_that_wants_to_skip_is_told_what_it_missed(tmp_path: Path) -> None:
    replay = await slow_replay(tmp_path, skip=True)
    assert [sequence for _, sequence in replay.sent()] == [0, 6, 7, 8, 9]
    error, _end = controls_of(replay.pipe.data)
    assert isinstance(error, ErrorMsg)
    assert (error.err, error.code) == (
        "Skipped 5 records after slow reading",
        ERROR_SKIPPED_RECORDS,
    )
