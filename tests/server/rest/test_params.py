"""The parameters of the REST API are read, or each bad one is named. Pure."""

from __future__ import annotations

import pytest

from tickfire.server.rest.params import BadQuery, parse_query

SYMBOL = ("symbol", "AAA")


@pytest.mark.parametrize(
    ("pairs", "named"),
    [
        ([], "symbol is missing"),
        ([("symbol", "")], "symbol is missing"),
        ([SYMBOL, SYMBOL], "symbol is given more than once"),
        ([SYMBOL, ("colour", "red")], "there is no parameter colour here; there are cursor,"),
        ([SYMBOL, ("kind", "trade")], "there is no parameter kind"),
        ([SYMBOL, ("interval", "2m")], "interval must be one of 1s,"),
        ([SYMBOL, ("limit", "0")], "limit must be a number from 1 to 5000"),
        ([SYMBOL, ("limit", "5001")], "limit must be"),
        ([SYMBOL, ("limit", "9" * 5000)], "limit must be"),
        ([SYMBOL, ("limit", "\u0663")], "limit must be"),
        ([SYMBOL, ("start", "\u0663")], "start must be a time"),
        ([SYMBOL, ("format", "xml")], "format must be one of json, csv, arrow"),
        ([SYMBOL, ("start", "tomorrow")], "start must be a time in milliseconds since 1970"),
        ([SYMBOL, ("end", "2024-07-01T13:30:00 02:00")], "write + as %2B in an address"),
        ([SYMBOL, ("end", "9999999999999")], "end is out of range"),
        ([SYMBOL, ("end", "2024-07-01T13:30:00.1234567890Z")], "end must be a time"),
        ([SYMBOL, ("start", "1969-12-31")], "start is out of range"),
        ([SYMBOL, ("start", "5"), ("end", "5")], "start must be before end"),
    ],
)
def test_a_bad_parameter_is_named(pairs: list[tuple[str, str]], named: str) -> None:
    with pytest.raises(BadQuery) as error:
        parse_query(pairs, needs_symbol=True, own="interval")
    assert named in str(error.value)
    assert str(error.value).endswith(".")
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1719792000000", 1_719_792_000_000_000_000),
        ("2024-07-01", 1_719_792_000_000_000_000),
        ("2024-07-01T00:00:00Z", 1_719_792_000_000_000_000),
        ("2024-07-01T02:00:00.000001+02:00", 1_719_792_000_000_001_000),
        ("2024-07-01T00:00:00.123456789Z", 1_719_792_000_123_456_789),
        ("2024-07-01T02:00:00,1234567+02:00", 1_719_792_000_123_456_700),
    ],
)
def test_times_may_be_written_in_several_ways(text: str, ns: int) -> None:
    assert parse_query([SYMBOL, ("start", text)], needs_symbol=True).start == ns


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/html, */*;q=0.8", "json"),
        ("text/csv", "csv"),
        ("text/csv;q=0.5, application/json", "json"),
        ("application/vnd.apache.arrow.stream, text/csv;q=0.9", "arrow"),
        ("text/csv;q=0, image/png", "json"),
        ("text/csv;q=x", "json"),
        ("text/*", "csv"),
        ("application/*, text/csv;q=0.5", "json"),
        ("application/json;q=0, */*", "csv"),
        ("application/json;q=0.1, */*;q=0.2", "csv"),
    ],
)
def test_the_header_accept_decides_without_a_format(accept: str, form: str) -> None:
    assert parse_query([SYMBOL], needs_symbol=True, accept=accept).form == form
    given = [SYMBOL, ("format", "arrow")]
    assert parse_query(given, needs_symbol=True, accept=accept).form == "arrow"
