"""History, fetched by Databento's own client from a local service, and its cache."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.historical import KEY, HistoryServer, records_of
from tickfire.base.errors import UsageError, UserError
from tickfire.ingest.dbn.errors import DbnError
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.historical.cache import HistoryCache, default_folder
from tickfire.ingest.historical.fetch import download, make_offer
from tickfire.ingest.historical.request import (
    DAY_NS,
    HistoryRequest,
    duration_s,
    moment,
    time_text,
)
from tickfire.ingest.historical.service import HistoricalError, HistoricalService

S = 1_000_000_000


def request(
    start: str, end: str, *symbols: str, schema: str = "ohlcv-1m", dataset: str = "GLBX.MDP3"
) -> HistoryRequest:
    times = moment(start, 0), moment(end, 0)
    return HistoryRequest(dataset, schema, symbols or ("ESU4",), "raw_symbol", *times)


def fetched(ask: HistoryRequest, cache: HistoryCache, server: HistoryServer) -> bytes:
    """Return all records of a request, after its cost was asked."""

    def service() -> HistoricalService:
        return HistoricalService(KEY, server.url)

    offer = make_offer(ask, cache, service)
    return b"".join(
        open_dbn(path).read_all().tobytes() for _, path in download(offer, cache, service)
    )


def test_the_records_are_those_of_the_service_and_are_paid_for_once(
    server: HistoryServer, cache: HistoryCache
) -> None:
    ask = request("2024-07-01T09:30", "2024-07-02T06:00")
    expected = records_of("ohlcv-1m", "ESU4", ask.start, ask.end).tobytes()
    assert fetched(ask, cache, server) == expected
    assert len(server.asked("timeseries.get_range")) == 2
    server.requests.clear()
    assert fetched(ask, cache, server) == expected
    assert server.requests == []


def test_what_is_missing_alone_is_asked_and_paid_for(
    server: HistoryServer, cache: HistoryCache
) -> None:
    fetched(request("2024-06-29", "2024-06-30"), cache, server)
    server.requests.clear()
    offer = make_offer(
        request("2024-06-28", "2024-07-02"), cache, lambda: HistoricalService(KEY, server.url)
    )
    assert [time_text(piece.start) for piece in offer.missing] == [
        "2024-06-28", "2024-06-30", "2024-07-01",
    ]  # fmt: skip
    assert offer.cost == pytest.approx(0.75)
    assert len(server.asked("metadata.get_cost")) == 2


def test_history_is_cut_at_what_is_available(server: HistoryServer, cache: HistoryCache) -> None:
    ask = request("2024-07-03", "2024-07-05")
    offer = make_offer(ask, cache, lambda: HistoricalService(KEY, server.url))
    assert offer.request.end == server.end
    later = request("2024-07-04", "2024-07-05")
    with pytest.raises(UserError, match="has history up to 2024-07-03T12:00Z for this key"):
        make_offer(later, cache, lambda: HistoricalService(KEY, server.url))


def test_a_damaged_file_is_fetched_again(
    server: HistoryServer, cache: HistoryCache, caplog: pytest.LogCaptureFixture
) -> None:
    ask = request("2024-07-01", "2024-07-02")
    whole = fetched(ask, cache, server)
    path = cache.find(ask)
    assert path is not None
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert fetched(ask, cache, server) == whole
    assert "is damaged, and is removed" in caplog.text


def test_a_download_that_breaks_off_leaves_nothing(cache: HistoryCache) -> None:
    ask = request("2024-07-01", "2024-07-02")

    def cut(path: Path) -> None:
        path.write_bytes(b"\x28\xb5\x2f\xfdabc")

    with pytest.raises(DbnError):
        cache.store(ask, cut)
    assert cache.find(ask) is None
    assert [path for path in cache.folder.rglob("*") if path.is_file()] == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file/cache cannot be written: Not a directory"):
        HistoryCache(tmp_path / "file" / "cache")


@pytest.mark.parametrize(
    ("key", "ask", "sentence"),
    [
        (KEY[:-1] + "x", request("2024-07-01", "2024-07-02"),
         "Databento refused the key: Authentication failed; set DATABENTO_API_KEY."),
        (KEY, request("2024-07-01", "2024-07-02", dataset="XNAS.ITCH"),
         "the key has no access to this data: A live license is required."),
        (KEY, request("2024-07-01", "2024-07-02", dataset="NO.SUCH"),
         r"Databento refused the request \(422\): Unknown dataset: NO.SUCH."),
        (KEY, request("2024-07-01", "2024-07-02", "NOPE"),
         r"Databento refused the request \(422\): None of the symbols could be resolved"),
    ],
)  # fmt: skip
def test_the_words_of_the_service_are_passed_on(
    server: HistoryServer, cache: HistoryCache, key: str, ask: HistoryRequest, sentence: str
) -> None:
    with pytest.raises(HistoricalError, match=f"^{sentence}"):
        make_offer(ask, cache, lambda: HistoricalService(key, server.url))


def test_a_service_out_of_reach_is_told_in_a_sentence(server: HistoryServer) -> None:
    service = HistoricalService(KEY, "https://127.0.0.1:1")
    with pytest.raises(HistoricalError, match=r"cannot be reached \(.*Connection refused"):
        service.cost(request("2024-07-01", "2024-07-02"))


def test_without_a_key_nothing_is_asked() -> None:
    with pytest.raises(HistoricalError, match="there is no API key"):
        HistoricalService(None)


def test_the_cache_is_in_the_folder_of_caches(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "tickfire" / "history"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_folder() == Path.home() / ".cache" / "tickfire" / "history"


# --- times
@given(st.integers(0, 10**6), st.integers(1, 10**6), st.sampled_from(["trades", "ohlcv-1h"]))
def test_slices_follow_each_other_and_cover_the_request(
    minutes: int, length: int, schema: str
) -> None:
    start = minutes * 60 * S
    ask = HistoryRequest("D", schema, ("A",), "raw_symbol", start, start + length * 60 * S)
    pieces = list(ask.slices())
    assert (pieces[0].start, pieces[-1].end) == (ask.start, ask.end)
    assert all(one.end == two.start for one, two in pairwise(pieces))
    assert all(piece.start % DAY_NS == 0 for piece in pieces[1:])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-07-01", "2024-07-01"),
        ("2024-07-01T13:30", "2024-07-01T13:30Z"),
        ("2024-07-01T13:30:05+02:00", "2024-07-01T11:30:05Z"),
        ("2d", "1970-01-08"),
        ("90m", "1970-01-09T22:30Z"),
    ],
)
def test_times_are_read_in_utc(text: str, expected: str) -> None:
    assert time_text(moment(text, 9 * DAY_NS)) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2d3", "-2d", "2024-13-01"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time"):
        moment(text, 0)
    with pytest.raises(UsageError, match="is not a duration"):
        duration_s(text)
