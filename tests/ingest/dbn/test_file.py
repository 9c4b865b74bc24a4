from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.dbn import (
    START,
    databento_decoder,
    mixed_records,
    rows,
    shared_files,
    trades,
    write_dbn,
)
from tickfire.ingest.dbn.errors import (
    CorruptDbnError,
    DbnError,
    NotDbnError,
    TruncatedDbnError,
    UnsupportedVersionError,
)
from tickfire.ingest.dbn.file import DbnFile, aligned, open_dbn
from tickfire.ingest.dbn.layout import RTYPE_SYMBOL_MAPPING
from tickfire.ingest.dbn.metadata import Metadata

RECORDS = mixed_records(100)


def collected(file: DbnFile, size: int = 4096) -> tuple[bytes, DbnError | None]:
    """Return the records before the end or an error, and the error."""
    data = b""
    try:
        for chunk in file.chunks(size):
            data += chunk.tobytes()
    except DbnError as error:
        return data, error
    return data, None


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("frames", [0, 1, 3])
def test_chunks_are_the_records_of_the_file(tmp_path: Path, version: int, frames: int) -> None:
    metadata = Metadata("TEST", None, START, symbols=("A", "B"), version=version)
    path = write_dbn(tmp_path / "x", RECORDS, metadata, frames=frames)
    file = open_dbn(path)

    assert file.metadata == metadata
    assert collected(file) == (RECORDS, None)
    assert collected(file) == (RECORDS, None), "a file can be read again"
    assert file.read_all().tobytes() == RECORDS


@given(size=st.integers(1024, 9000))
def test_chunks_are_aligned_and_end_where_a_record_ends(
    size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "sizes.dbn"
    if not path.exists():
        write_dbn(path, RECORDS, Metadata("TEST", symbols=("odd",), version=1))
    ends = np.cumsum([48, 80, 56] * 100)
    at = 0
    for chunk in open_dbn(path).chunks(size):
        assert chunk.ctypes.data % 8 == 0
        assert len(chunk) <= size
        at += len(chunk)
        assert at in ends
    assert at == len(RECORDS)


def test_a_chunk_is_the_callers_to_keep(tmp_path: Path) -> None:
    chunks = list(open_dbn(write_dbn(tmp_path / "x", RECORDS)).chunks(2000))
    assert np.concatenate(chunks).tobytes() == RECORDS


def test_a_chunk_is_larger_than_any_record(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1024"):
        next(open_dbn(write_dbn(tmp_path / "x", RECORDS)).chunks(1000))


@pytest.mark.parametrize("frames", [0, 1])
def test_a_file_without_records_has_no_chunks(tmp_path: Path, frames: int) -> None:
    file = open_dbn(write_dbn(tmp_path / "x", b"", frames=frames))
    assert list(file.chunks()) == []
    assert file.read_all().size == 0


def test_an_aligned_array_is_aligned() -> None:
    for size in (0, 1, 8, 1021):
        assert aligned(size).size == size
        assert aligned(size).ctypes.data % 8 == 0


def test_what_is_not_a_dbn_file_is_told_in_one_sentence(tmp_path: Path) -> None:
    def sentence(name: str, data: bytes | None, error: type[DbnError]) -> str:
        path = tmp_path / name
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(error) as caught:
            open_dbn(path)
        assert str(caught.value).startswith(str(path))
        return str(caught.value)

    assert "does not exist" in sentence("missing", None, DbnError)
    assert "not DBN" in sentence("empty", b"", NotDbnError)
    assert "not DBN" in sentence("csv", b"ts,price\n1,2\n", NotDbnError)
    assert "not DBN" in sentence("fragment", RECORDS, NotDbnError)
    assert "not DBN" in sentence("fragment.zst", zstandard.compress(RECORDS), NotDbnError)
    assert "version 4" in sentence("v4", b"DBN\x04" + bytes(100), UnsupportedVersionError)
    assert "inside the metadata" in sentence("cut", Metadata("X").encode()[:50], TruncatedDbnError)
    assert "corrupt zstd" in sentence("zstd", b"\x28\xb5\x2f\xfd" + b"\xff" * 20, CorruptDbnError)
    for name, module in (("gzip", gzip), ("bzip2", bz2), ("xz", lzma)):
        assert f"with {name}, and only zstd" in sentence(
            name, module.compress(RECORDS), NotDbnError
        )
    (tmp_path / "folder").mkdir()
    assert "is a folder" in sentence("folder", None, DbnError)


@pytest.mark.parametrize("frames", [0, 1])
def test_a_cut_record_ends_the_file_after_those_before_it(tmp_path: Path, frames: int) -> None:
    file = open_dbn(write_dbn(tmp_path / "x", RECORDS[: 184 * 3 + 50], frames=frames))
    data, error = collected(file)

    assert data == RECORDS[: 184 * 3 + 48]
    assert isinstance(error, TruncatedDbnError)
    offset = len(file.metadata.encode()) + 184 * 3 + 48
    assert str(error).endswith(f"truncated inside a record, at byte {offset}")
    with pytest.raises(TruncatedDbnError):
        file.read_all()


@pytest.mark.parametrize("length", [0, 3, 5])
def test_a_record_that_cannot_be_ends_the_file_there(tmp_path: Path, length: int) -> None:
    damaged = bytearray(RECORDS)
    damaged[184] = length
    data, error = collected(open_dbn(write_dbn(tmp_path / "x", bytes(damaged))), 1024)

    assert data == RECORDS[:184]
    assert isinstance(error, CorruptDbnError)
    assert f"({length * 4} bytes) at byte {len(Metadata('TEST').encode()) + 184}" in str(error)


def test_a_cut_zstd_frame_is_noticed_even_between_two_records(tmp_path: Path) -> None:
    first = zstandard.compress(Metadata("TEST").encode() + RECORDS[:184])
    second = zstandard.compress(RECORDS[184:])
    path = tmp_path / "x"
    path.write_bytes(first + second[:-4])
    data, error = collected(open_dbn(path))
    assert RECORDS.startswith(data) and len(data) >= 184
    assert isinstance(error, TruncatedDbnError) and "zstd frame" in str(error)

    path.write_bytes(first + b"garbage behind the frame")
    data, error = collected(open_dbn(path))
    assert data == RECORDS[:184]
    assert isinstance(error, CorruptDbnError)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), frames=st.sampled_from([0, 2]))
def test_a_damaged_file_raises_nothing_but_dbn_errors(
    tmp_path: Path, data: st.DataObject, frames: int
) -> None:
    damaged = bytearray(write_dbn(tmp_path / "x", RECORDS[: 184 * 8], frames=frames).read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=6)):
        damaged[at] = data.draw(st.integers(0, 255))
    del damaged[data.draw(st.integers(0, len(damaged))) :]
    (tmp_path / "x").write_bytes(damaged)

    try:
        file = open_dbn(tmp_path / "x")
    except DbnError:
        return
    read, error = collected(file, 1024)
    assert len(read) % 8 == 0
    assert error is None or str(tmp_path / "x") in str(error)


def test_control_records_and_trades_of_version_1_are_read(tmp_path: Path) -> None:
    mapping = rows(RTYPE_SYMBOL_MAPPING, 1, 1, instrument_id=1, stype_out_symbol=b"ES")
    data = mapping.tobytes() + trades(3).tobytes()
    file = open_dbn(write_dbn(tmp_path / "x", data, Metadata("TEST", version=1)))
    assert collected(file) == (data, None)


@pytest.mark.shared_data
def test_a_shared_files_records_are_databentos(shared_dbn: Path) -> None:
    file = open_dbn(shared_dbn)
    decoder = databento_decoder(ts_out=file.metadata.ts_out)
    decoder.write(file.metadata.encode())
    decoder.decode()
    chunks = 0
    for chunk in file.chunks():
        chunks += 1
        decoder.write(chunk.tobytes())
        assert b"".join(map(bytes, decoder.decode())) == chunk.tobytes()
    assert chunks or "ohlcv-1d" in shared_dbn.name  # databento's samples of it hold no record


@pytest.mark.shared_data
def test_a_shared_file_is_what_zstd_says(shared_dbn: Path) -> None:
    raw = shared_dbn.read_bytes()
    if shared_dbn.suffix == ".zst":
        with zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as reader:
            raw = reader.read()
    file = open_dbn(shared_dbn)
    head = file.metadata.encode()

    assert raw[: len(head)] == head
    assert np.array_equal(file.read_all(), np.frombuffer(raw, np.uint8, offset=len(head)))


@pytest.mark.shared_data
def test_fragments_are_reported_as_not_dbn() -> None:
    for path in shared_files("versions/*.frag*"):
        with pytest.raises(NotDbnError, match="not DBN"):
            open_dbn(path)
