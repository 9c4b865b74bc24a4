"""``tickfire inspect``: its counts against plain Python and Databento's decoder, and its output."""

from __future__ import annotations

import itertools
import json
import os
import pty
import subprocess
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.cli import TICKFIRE, run
from tests.support.dbn import (
    SHARED_DATA,
    START,
    daily,
    decoded_by_databento,
    mixed_records,
    rows,
    trades,
    write_dbn,
)
from tickfire.base.units import NS_PER_S
from tickfire.ingest.dbn.layout import (
    FLAG_SNAPSHOT,
    RTYPE_MBO,
    RTYPE_OHLCV_1H,
    RTYPE_STATISTICS,
    RTYPE_SYMBOL_MAPPING,
    RTYPE_SYSTEM,
    RTYPE_TRADE,
)
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.inspect.summary import Summary, summarize

messages = st.lists(
    st.tuples(
        st.sampled_from([RTYPE_TRADE, RTYPE_MBO, RTYPE_STATISTICS]),
        st.integers(1, 2),  # publisher
        st.integers(0, 600),  # instrument
        st.integers(0, 1),  # channel
        st.integers(0, 6),  # sequence
        st.integers(1, 300),  # seconds
    ),
    max_size=60,
)


def records_of(given_messages: list[tuple[int, int, int, int, int, int]]) -> bytes:
    made = []
    for rtype, publisher, instrument, channel, sequence, second in given_messages:
        row = rows(rtype, 1, publisher_id=publisher, instrument_id=instrument, sequence=sequence)
        row["ts_event"] = row["ts_recv"] = START + second * NS_PER_S
        if rtype != RTYPE_TRADE:
            row["channel_id"] = channel
        made.append(row.tobytes())
    return b"".join(made)


@given(messages, st.integers(0, 100))
def test_counts_are_those_of_plain_python(
    tmp_path_factory: pytest.TempPathFactory,
    told: list[tuple[int, int, int, int, int, int]],
    silence_s: int,
) -> None:
    path = write_dbn(tmp_path_factory.getbasetemp() / "counts.dbn", records_of(told))
    found = summarize(path, silence_s)

    assert found.records == len(told)
    assert {one.rtype: one.records for one in found.types} == Counter(m[0] for m in told)
    assert {one.publisher_id: one.records for one in found.publishers} == Counter(
        m[1] for m in told
    )
    assert {one.instrument_id: one.records for one in found.symbols} == Counter(m[2] for m in told)
    times = [START + m[5] * NS_PER_S for m in told]
    assert (found.first, found.last) == (min(times, default=None), max(times, default=None))
    steps = [later - earlier for earlier, later in itertools.pairwise(times)]
    holes = [step for step in steps if step > silence_s * NS_PER_S]
    assert found.silences == len(holes)
    kept = [one.end - one.start for one in found.longest_silences]
    assert kept == sorted(holes, reverse=True)
    assert sequences_of(found) == expected_sequences(told)


def sequences_of(found: Summary) -> dict[tuple[int, int, str], tuple[int, ...]]:
    return {
        (one.publisher_id, one.channel_id, one.name): (
            one.records, one.holes, one.missing, one.repeats, one.restarts,
        )
        for one in found.sequences
    }  # fmt: skip


def expected_sequences(
    told: list[tuple[int, int, int, int, int, int]],
) -> dict[tuple[int, int, str], tuple[int, ...]]:
    names = {RTYPE_TRADE: "trades", RTYPE_MBO: "mbo", RTYPE_STATISTICS: "statistics"}
    streams = defaultdict[tuple[int, int, str], list[tuple[int, int]]](list)
    for rtype, publisher, _, channel, sequence, second in told:
        key = (publisher, 0 if rtype == RTYPE_TRADE else channel, names[rtype])
        streams[key].append((sequence, second))
    found = dict[tuple[int, int, str], tuple[int, ...]]()
    for key, numbers in streams.items():
        last, last_time = numbers[0]
        holes = missing = repeats = restarts = 0
        for number, time in numbers[1:]:
            if number < last and time <= last_time:
                repeats += 1
                continue
            restarts += number < last
            holes += number > last + 1
            missing += max(number - last - 1, 0)
            last, last_time = number, time
        if last:
            found[key] = (len(numbers), holes, missing, repeats, restarts)
    return found


def test_many_instruments_and_publishers_are_counted(tmp_path: Path) -> None:
    made = trades(5000)
    made["instrument_id"] = np.arange(5000) % 2500 * 1_717_171
    made["publisher_id"] = np.arange(5000) % 500
    found = summarize(write_dbn(tmp_path / "x", made.tobytes()))
    assert len(found.symbols) == 2500 and {one.records for one in found.symbols} == {2}
    assert len(found.sequences) == 500


def test_a_snapshot_has_no_holes(tmp_path: Path) -> None:
    made = rows(RTYPE_MBO, 4, sequence=[90, 7, 100, 101], ts_recv=START, ts_event=START)
    made["flags"][:2] = FLAG_SNAPSHOT
    found = summarize(write_dbn(tmp_path / "x", made.tobytes()))
    assert sequences_of(found) == {(0, 0, "mbo"): (2, 0, 0, 0, 0)}


def test_time_between_bars_is_no_hole(tmp_path: Path) -> None:
    times = START + np.array([0, 1, 2, 5]) * 3600 * NS_PER_S
    made = rows(RTYPE_OHLCV_1H, 4, ts_event=times)
    found = summarize(write_dbn(tmp_path / "x", made.tobytes()))
    assert [one.end - one.start for one in found.longest_silences] == [3 * 3600 * NS_PER_S]


def test_symbols_are_those_of_metadata_and_of_mappings(tmp_path: Path) -> None:
    mapping = rows(RTYPE_SYMBOL_MAPPING, 1, instrument_id=2, stype_out_symbol=b"NQ")
    data = mapping.tobytes() + trades(3).tobytes() + trades(2, instrument_id=2).tobytes()
    metadata = daily((0, "ES", 1))
    found = summarize(write_dbn(tmp_path / "x", data, metadata))
    assert [(one.symbol, one.records) for one in found.symbols] == [("ES", 3), ("NQ", 2)]


def test_control_records_belong_to_no_instrument(tmp_path: Path) -> None:
    found = summarize(write_dbn(tmp_path / "x", rows(RTYPE_SYSTEM, 3).tobytes()))
    assert (found.records, found.symbols, found.publishers, found.first) == (3, [], [], None)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "name",
    [
        "esu4-mbp-1-20240701.dbn.zst",
        "esh4-glbx-mdp3-20231225.mbo.dbn.zst",
        "definition-glbx-es-opt.dbn.zst",
    ],
)
def test_counts_are_those_of_databento(name: str) -> None:
    import zstandard

    path = SHARED_DATA / name
    with zstandard.ZstdDecompressor().stream_reader(path.read_bytes()) as reader:
        _, *decoded = decoded_by_databento(reader.read())
    found = summarize(path)
    assert found.records == len(decoded)
    assert {one.instrument_id: one.records for one in found.symbols} == Counter(
        record.instrument_id for record in decoded
    )
    assert found.first == min(record.ts_recv for record in decoded)
    assert found.last == max(record.ts_recv for record in decoded)
    assert all(not one.symbol.isdigit() for one in found.symbols)


def test_the_report_is_text_or_json(tmp_path: Path) -> None:
    metadata = Metadata("GLBX.MDP3", "mbo", START, symbols=("ES",), version=2)
    made = trades(4)
    made["sequence"] = [1, 2, 5, 6]
    made["ts_recv"][3] += 3600 * NS_PER_S
    path = write_dbn(tmp_path / "a.dbn.zst", made.tobytes(), metadata, frames=2)

    told = run("inspect", str(path), str(path))
    assert (told.returncode, told.stderr) == (0, "")
    for words in (
        "DBN version 2", "GLBX.MDP3", "1 hole (2 missing)", "0 repeats",
        "for more than 60 s: 1 hole", "span       2023-11-14T22:13:20.000000150Z",
    ):  # fmt: skip
        assert told.stdout.count(words) == 2, words

    told = run("inspect", "--json", "--gap", "4000", str(path), str(path))
    one, two = (json.loads(line) for line in told.stdout.splitlines())
    assert one == two
    assert (one["records"], one["silences"], one["error"]) == (4, 0, None)
    assert one["metadata"]["dataset"] == "GLBX.MDP3"
    assert one["sequences"][0]["missing"] == 2


def test_a_file_is_reported_up_to_what_cannot_be_read(tmp_path: Path) -> None:
    cut = write_dbn(tmp_path / "cut.dbn", mixed_records(10)[:-5])
    whole = write_dbn(tmp_path / "whole.dbn", mixed_records(10))
    missing = tmp_path / "missing.dbn"
    told = run("inspect", "--json", str(missing), str(cut), str(whole))
    assert told.returncode == 1
    assert [json.loads(line)["records"] for line in told.stdout.splitlines()] == [29, 30]
    assert "truncated inside a record" in json.loads(told.stdout.splitlines()[0])["error"]
    assert told.stderr.startswith("tickfire: ") and told.stderr.count("\n") == 1
    assert "missing.dbn does not exist" in told.stderr and "cut.dbn is truncated" in told.stderr


def test_a_progress_bar_is_shown_on_a_terminal(tmp_path: Path) -> None:
    path = write_dbn(tmp_path / "big.dbn.zst", mixed_records(20_000), frames=4)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*TICKFIRE, "inspect", "--json", str(path)], stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    try:
        while data := os.read(ours, 4096):
            shown += data
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    written, _ = process.communicate(timeout=60)
    summary: dict[str, Any] = json.loads(written)
    assert summary["records"] == 60_000
    assert b"big.dbn.zst" in shown and b"100%" in shown
