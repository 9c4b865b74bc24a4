"""Every record passes the intake once, wherever sessions are cut, and bad times move no clock."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dbn import START, rows, trades
from tickfire.ingest.dbn.layout import RTYPE_MBP_1, RTYPE_OHLCV_1S, RTYPE_TRADE
from tickfire.ingest.kernel import intake_context as ctx
from tickfire.ingest.kernel.intake import Intake
from tickfire.ingest.kernel.intake_context import BUCKET_NS
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.kernels.pointers import address_of

S = 10**9
HOUR = 3600 * S


@st.composite
def recordings(draw: st.DrawFn) -> list[bytes]:
    """Return records of several sources that repeat times and are a little out of order."""
    made, now = [], START
    for number in range(draw(st.integers(1, 40))):
        now += draw(st.sampled_from([0, 0, 1, S // 2, 4 * S, 9 * S, 30 * S]))
        late = draw(st.sampled_from([0, 0, 0, S, 5 * S]))
        rtype = draw(st.sampled_from([RTYPE_TRADE, RTYPE_MBP_1, RTYPE_OHLCV_1S]))
        record = rows(
            rtype,
            1,
            instrument_id=draw(st.integers(1, 3)),
            publisher_id=draw(st.integers(1, 2)),
            ts_event=now - late,
        )
        if rtype != RTYPE_OHLCV_1S:
            record["ts_recv"], record["sequence"] = now, number
        else:
            record["volume"] = number
        made.append(record.tobytes())
    return made


def passed(intake: Intake, data: bytes, decide: bool = True) -> bytes:
    """Return the records that the intake lets through and counts."""
    buffer = np.zeros(max(len(data), 8) // 8, np.int64).view(np.uint8)
    buffer[: len(data)] = np.frombuffer(data, np.uint8)
    if decide:
        intake.decide()
    ready, _ = intake.screen(address_of(buffer), 0, len(data))
    intake.count_parsed(address_of(buffer), 0, ready)
    return buffer[:ready].tobytes()


@given(recordings(), st.data(), st.sampled_from([ctx.SKIP_BY_TIME, ctx.SKIP_BY_NUMBER]))
def test_every_record_passes_once_wherever_sessions_are_cut(
    recording: list[bytes], data: st.DataObject, skip: int
) -> None:
    intake, got, seen = Intake(1), b"", 0
    intake.begin(START)
    for cut in sorted(data.draw(st.lists(st.integers(0, len(recording)), max_size=4))):
        got += passed(intake, b"".join(recording[seen:cut]))
        seen, again = cut, recording[:cut]
        start = 0
        if skip == ctx.SKIP_BY_TIME and seen:
            start = int(intake.cursors["bucket"].min()) - BUCKET_NS
            again = [r for r in again if int.from_bytes(r[8:16], "little") >= start]
        intake.load(intake.cursors)  # as after a restart
        intake.begin(START, skip=skip, start=start)
        assert passed(intake, b"".join(again)) == b""
    got += passed(intake, b"".join(recording[seen:]))
    assert got == b"".join(recording)
    assert int(intake.cursors["total"].sum()) == len(recording)


@given(recordings(), st.integers(0, 40))
def test_a_recording_in_any_order_goes_on_by_number(recording: list[bytes], cut: int) -> None:
    recording.sort(key=lambda r: r[4:8])  # one instrument after the other
    first = int.from_bytes(recording[0][8:16], "little")
    intake = Intake()
    intake.begin(first, ahead_ns=HOUR)
    got = passed(intake, b"".join(recording[:cut]))
    intake.begin(first, skip=ctx.SKIP_BY_NUMBER, ahead_ns=HOUR)
    assert got + passed(intake, b"".join(recording)) == b"".join(recording)


def stamped(times: list[int], received: list[int] | None = None) -> list[bytes]:
    """Return trades with given times."""
    made = trades(len(times))
    made["ts_event"] = times
    made["ts_recv"] = times if received is None else received
    return [row.tobytes() for row in made]


@given(st.integers(0, 11), st.integers(1, 3), st.sampled_from([10 * HOUR, 50 * 365 * 24 * HOUR]))
def test_outliers_are_refused_and_move_no_clock(at: int, count: int, ahead: int) -> None:
    times = [START + i * S for i in range(24)]
    good = stamped(times)
    bad = stamped([times[at] + ahead] * count)
    intake = Intake()
    intake.begin(START)
    assert passed(intake, b"".join(good[:at] + bad + good[at:]), False) == b"".join(good)
    assert intake.count(ctx.IN_REFUSED) == count
    assert START < intake.clock <= times[-1] == intake.latest


def test_an_outlier_waits_for_the_records_that_follow() -> None:
    good = stamped([START + i * S for i in range(20)])
    bad = stamped([START + 10 * HOUR])[0]
    intake = Intake()
    intake.begin(START)
    parser = Parser(InstrumentStates(), intake=intake)
    got = [len(batch.ticks) for batch in parser.feed(b"".join([*good[:4], bad, *good[4:8]]))]
    assert sum(got) == 4
    got = [len(batch.ticks) for batch in parser.feed(b"".join(good[8:]))]
    assert sum(got) == 16
    assert parser.pending == 0


def test_one_bad_time_of_a_record_is_replaced_by_the_other() -> None:
    times = [START + i * S for i in range(20)]
    events, received = list(times), list(times)
    events[5] += 10 * HOUR
    received[9] += 50 * 365 * 24 * HOUR
    intake = Intake()
    intake.begin(START)
    got = passed(intake, b"".join(stamped(events, received)), False)
    assert got == b"".join(stamped(times))
    assert intake.count(ctx.IN_RESTAMPED) == 2


def test_a_jump_of_the_whole_feed_is_followed() -> None:
    times = [START + i * S for i in range(10)]
    times += [START + 20 * HOUR + i * S for i in range(10)]
    intake = Intake()
    intake.begin(START)
    assert passed(intake, b"".join(stamped(times)), False) == b"".join(stamped(times))
    assert intake.latest == times[-1]


def test_a_feed_that_goes_back_for_good_begins_again() -> None:
    data = stamped([START + i * S for i in range(10)])
    earlier = stamped([START - 240 * HOUR + i * S for i in range(20)])
    intake = Intake()
    intake.begin(START)
    parser = Parser(InstrumentStates(), intake=intake)
    ticks = np.concatenate([b.ticks.copy() for b in parser.feed(b"".join([*data, *earlier]))])
    assert (ticks["kind"] == 4).tolist() == [False] * 10 + [True] + [False] * 20
    assert int(intake.cursors["total"].sum()) == 20


def test_cursors_of_ever_new_instruments_are_bounded_and_the_live_ones_stay() -> None:
    intake = Intake(16, most=64)
    intake.begin(START)
    for number in range(1_000):
        now = START + number * S
        made = [
            rows(RTYPE_TRADE, 1, instrument_id=instrument, ts_event=now, ts_recv=now)
            for instrument in (1, 2, 10 + number)
        ]
        passed(intake, b"".join(record.tobytes() for record in made))
        intake.take_changed()
        assert len(intake.cursors) <= 64
    cursors = {int(row["source"]) >> 32: int(row["total"]) for row in intake.cursors}
    assert cursors[1] == cursors[2] == 1_000
    assert intake.forgotten + len(cursors) == 1_002
    assert min(cursors.keys() - {1, 2}) > 900, "the quiet ones are forgotten first"
