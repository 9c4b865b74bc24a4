"""Files as zstd, pzstd and the seekable format write them."""

from __future__ import annotations

import gc
import io
import struct
import tracemalloc
import weakref
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dbn import START, mixed_records
from tickfire.ingest.dbn.errors import CorruptDbnError, DbnError, TruncatedDbnError
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.dbn.zstd import MAX_WINDOW, ZstdSource, is_zstd

RECORDS = mixed_records(100)
FILE = Metadata("TEST", "trades", START).encode() + RECORDS


def skippable(content: bytes, kind: int = 0) -> bytes:
    return struct.pack("<II", 0x184D2A50 + kind, len(content)) + content


def pzstd(data: bytes, step: int) -> bytes:
    """Return data as pzstd compresses it: before each frame, its size in a skippable frame."""
    frames = [zstandard.compress(data[at : at + step]) for at in range(0, len(data), step)]
    return b"".join(skippable(struct.pack("<I", len(frame))) + frame for frame in frames)


def windowed(data: bytes, window_log: int) -> bytes:
    """Return data as ``zstd --long`` compresses a stream: with its window in the header."""
    parameters = zstandard.ZstdCompressionParameters(
        window_log=window_log, enable_ldm=True, hash_log=12, chain_log=12, ldm_hash_log=12
    )
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return compressor.compress(data) + compressor.flush()


def read(data: bytes, step: int = 1 << 16) -> bytes:
    source, found = ZstdSource(io.BytesIO(data)), b""
    while more := source.read(step):
        found += more
    return found


LAYOUTS = {
    "pzstd": pzstd(FILE, 4000),
    "skippable first": skippable(b"") + zstandard.compress(FILE),
    "skippable last": zstandard.compress(FILE) + skippable(b"seek table" * 9000, 14),
    "skippable between": zstandard.compress(FILE[:500])
    + skippable(bytes(70_000), 15) * 2
    + zstandard.compress(FILE[500:]),
    "empty frames": zstandard.compress(b"") * 2
    + zstandard.compress(FILE)
    + zstandard.compress(b""),
    "checksums": zstandard.ZstdCompressor(write_checksum=True).compress(FILE),
    "no content size": zstandard.ZstdCompressor(write_content_size=False).compress(FILE),
    **{f"window of 2^{log}": windowed(FILE, log) for log in (10, 27, 28, 31)},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_is_read_however_its_frames_lie(tmp_path: Path, layout: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(LAYOUTS[layout])
    assert is_zstd(LAYOUTS[layout])
    assert open_dbn(path).read_all().tobytes() == RECORDS


def test_the_largest_window_is_in_the_header() -> None:
    found = zstandard.get_frame_parameters(LAYOUTS["window of 2^31"])
    assert found.window_size == MAX_WINDOW


@given(st.sampled_from(sorted(LAYOUTS)), st.data())
def test_a_cut_is_noticed_unless_it_is_between_frames(layout: str, data: st.DataObject) -> None:
    whole = LAYOUTS[layout]
    cut = whole[: data.draw(st.integers(4, len(whole) - 1))]
    source, found = ZstdSource(io.BytesIO(cut)), b""
    try:
        while more := source.read(1000):
            found += more
    except TruncatedDbnError:
        pass
    else:
        assert layout in ("pzstd", "empty frames") or "skippable" in layout
    assert FILE.startswith(found)


@pytest.mark.parametrize(
    ("data", "words", "error"),
    [
        (b"\x28\xb5\x2f\xfd\x00\xa9" + bytes(20), "window of 2.25 GiB", DbnError),
        (b"\x28\xb5\x2f\xfd\x00\xf8" + bytes(20), "window of 2048 GiB", DbnError),
        (b"\x28\xb5\x2f\xfd\x01" + bytes(20), "zstd dictionary", DbnError),
        (b"\x25\xb5\x2f\xfd" + bytes(20), "before 0.8", DbnError),
        (skippable(b"abc")[:-1], "truncated inside a skippable", TruncatedDbnError),
        (zstandard.compress(FILE) + skippable(b"")[:1], "truncated inside", TruncatedDbnError),
        (zstandard.compress(FILE) + skippable(b"", 15)[:3], "truncated inside", TruncatedDbnError),
        (skippable(b"")[:6], "truncated inside a skippable", TruncatedDbnError),
        (zstandard.compress(FILE) + b"more", "other bytes follow", CorruptDbnError),
        (zstandard.compress(FILE) + b"\x28\xb5", "truncated inside a zstd", TruncatedDbnError),
        (b"\x28\xb5\x2f\xfd", "truncated inside a zstd", TruncatedDbnError),
        (b"\x28\xb5\x2f\xfd\x20\x05\xff\xff\xff", "corrupt zstd", CorruptDbnError),
    ],
)
def test_a_frame_that_cannot_be_read_is_refused_by_its_right_name(
    tmp_path: Path, data: bytes, words: str, error: type[DbnError]
) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(error) as caught:
        open_dbn(path).read_all()
    assert type(caught.value) is error
    assert words in str(caught.value)


def test_a_file_of_skippable_frames_alone_is_not_dbn(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(skippable(b"x") * 3)
    with pytest.raises(DbnError, match="not DBN"):
        open_dbn(path)


@given(st.binary(max_size=300), st.sampled_from(sorted(LAYOUTS)), st.integers(0, 200))
def test_any_bytes_are_read_or_refused(noise: bytes, layout: str, at: int) -> None:
    whole = LAYOUTS[layout]
    for data in (noise, whole[:at] + noise + whole[at + len(noise) :]):
        try:
            read(data)
        except DbnError:
            pass


def test_a_source_that_failed_gives_back_its_window_at_once() -> None:
    cut = LAYOUTS["window of 2^31"][:-1]
    source = ZstdSource(io.BytesIO(cut))
    gone = weakref.ref(source)
    gc.disable()  # which would find it sooner or later, by circles
    try:
        for _ in range(2):
            with pytest.raises(TruncatedDbnError, match="inside a zstd frame"):
                while source.read(1000):
                    pass
        del source
        assert gone() is None
    finally:
        gc.enable()


def test_a_bomb_is_decompressed_piece_by_piece() -> None:
    bomb = zstandard.ZstdCompressor(level=19).compress(bytes(1 << 27))
    source = ZstdSource(io.BytesIO(bomb))
    tracemalloc.start()
    try:
        while source.read(1 << 20):
            pass
        assert tracemalloc.get_traced_memory()[1] < 1 << 27
    finally:
        tracemalloc.stop()


def test_a_bomb_in_the_place_of_metadata_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    size = 128 << 20
    whole = b"DBN\x03" + size.to_bytes(4, "little") + Metadata("X.Y", version=3).encode()[8:]
    path = tmp_path / "bomb.dbn.zst"
    path.write_bytes(zstandard.compress(whole + bytes(size + 8 - len(whole))))
    tracemalloc.start()
    try:
        with pytest.raises(CorruptDbnError, match=rf"would be {size + 8} bytes, in a file of"):
            open_dbn(path)
        # The first KiB that is decompressed alone comes to 32 MiB.
        assert tracemalloc.get_traced_memory()[1] < 80 << 20
    finally:
        tracemalloc.stop()
