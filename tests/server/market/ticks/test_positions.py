"""Ids, decimals and join params."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.base.units import UNDEF_PRICE, decimal, decimal_or_none
from tickfire.phoenix import JoinError
from tickfire.server.market.ticks.positions import (
    MAX_SPAN,
    Bounds,
    FeedPositions,
    Unfinished,
    WireId,
    around,
    base36,
)
from tickfire.server.market.topics.params import MarketParams, candle_limit
from tickfire.store.epoch import Epoch
from tickfire.store.schema import Stream, new_epoch

parts = st.builds(
    FeedPositions,
    st.binary(min_size=8, max_size=8),
    st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=5).map(tuple),
    st.none(),
)
places = st.lists(parts, min_size=1, max_size=4, unique_by=lambda part: part.feed).map(
    lambda some: WireId(tuple(sorted(some)))
)


@given(places)
def test_an_id_is_read_as_it_was_written(place: WireId) -> None:
    assert WireId.parse(str(place)) == place


@given(places)
def test_the_parts_of_an_id_may_come_in_any_order(place: WireId) -> None:
    assert WireId.parse("_".join(map(str, reversed(place.parts)))) == place


@given(
    st.dictionaries(
        st.integers(0, 255), st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=3),
        min_size=1, max_size=3,
    ),
    st.data(),
)  # fmt: skip
def test_the_text_around_a_position_makes_the_id(
    by_feed: dict[int, list[int]], data: st.DataObject
) -> None:
    epochs = {feed: Epoch(feed, new_epoch(feed), len(own)) for feed, own in by_feed.items()}
    positions = {
        Stream(feed, shard): by_feed[feed][shard]
        for feed in sorted(by_feed)
        for shard in range(len(by_feed[feed]))
    }
    stream = data.draw(st.sampled_from(sorted(positions)))
    before, after = around(epochs, positions, stream)
    assert before + base36(positions[stream]) + after == str(WireId.of(epochs, positions))


@given(places, st.data())
def test_an_id_within_a_write_is_read_as_it_was_written(place: WireId, data: st.DataObject) -> None:
    part, *others = place.parts
    shard = data.draw(st.integers(0, len(part.positions) - 1))
    complete = data.draw(st.integers(0, 2**63 - 1 - MAX_SPAN))
    sent, end = sorted(
        complete + each
        for each in data.draw(
            st.lists(st.integers(1, MAX_SPAN), min_size=2, max_size=2, unique=True)
        )
    )
    positions = tuple(
        complete if at == shard else position for at, position in enumerate(part.positions)
    )
    within = part._replace(positions=positions, unfinished=Unfinished(shard, sent, end))
    text = str(WireId((within, *others)))
    assert WireId.parse(text) == WireId((within, *others))
    epochs = {part.feed: Epoch(part.feed, part.epoch, len(positions))}
    all_of = {Stream(part.feed, at): position for at, position in enumerate(positions)}
    before, after = around(epochs, all_of, Stream(part.feed, shard), Bounds(complete, end))
    assert before + base36(sent) + after == str(within)


def test_an_id_is_within_a_write_of_each_feed() -> None:
    text = "0011223344556677-1~2~3_0188888888888888-5.1~2~4"
    found = WireId.parse(text)
    assert [part.unfinished for part in found.parts] == [Unfinished(0, 2, 3), Unfinished(1, 2, 4)]
    assert str(found) == text


@given(st.integers(0, 2**64))
def test_base36_is_what_int_reads(number: int) -> None:
    assert int(base36(number), 36) == number


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        "x",
        "0011223344556677",
        "0011223344556677-",
        "0011223344556677-1.",
        "-1",
        "001122334455667-1",
        "0011223344556677-Z",
        "0011223344556677-1 ",
        "0011223344556677-1\n",
        "0011223344556677-zzzzzzzzzzzzz",
        "0011223344556677-" + "1." * 5000 + "1",
        "0011223344556677-1_",
        "0011223344556677-1~2",
        "0011223344556677-1~2~",
        "0011223344556677-1~2~3~4",
        "0011223344556677-1~1~3",
        "0011223344556677-1~2~2",
        "0011223344556677-1~2~zzzzz",
        "0011223344556677-1~2~3.1~2~3",
        "0011223344556677-1_0088888888888888-1",
        "0011223344556677-1__0188888888888888-1",
        ["a"],
    ],
)
def test_what_is_no_id_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="since"):
        WireId.parse(text)


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_price_is_its_exact_shortest_decimal(price: int) -> None:
    text = decimal(price)
    assert Decimal(text) == Decimal(price) / 10**9
    assert "." not in text or not text.endswith(("0", "."))


def test_no_price_is_none() -> None:
    assert decimal_or_none(UNDEF_PRICE) is None
    assert decimal_or_none(1_500_000_000) == "1.5"


@pytest.mark.parametrize(
    "payload",
    [
        [],
        "x",
        1,
        {"symbols": "AAA"},
        {"symbols": []},
        {"symbols": [1]},
        {"encoding": "xml"},
        {"since": "x"},
        {"since": 1},
        {"encoding": 1},
        {"encoding": ""},
        {"encoding": False},
        {"header": 0},
        {"header": False},
        {"header": 3},
        {"header": "2"},
        {"header": True},
        {"symbols": ["A"] * 1001},
    ],
)
def test_params_that_make_no_sense_are_refused_with_a_reason(payload: object) -> None:
    with pytest.raises(JoinError) as caught:
        MarketParams.of(payload)
    assert caught.value.payload["reason"]


def test_params_are_all_optional_and_null_is_none() -> None:
    nothing = {"symbols": None, "encoding": None, "header": None, "since": None}
    assert MarketParams.of(None) == MarketParams.of({}) == MarketParams.of(nothing)
    assert MarketParams.of({"symbols": ["B", "A", "B"]}).symbols == ("A", "B")


@pytest.mark.parametrize("limit", [0, -1, 5001, 1.5, "5", True])
def test_a_limit_that_is_none_is_refused(limit: object) -> None:
    with pytest.raises(JoinError):
        candle_limit({"limit": limit})
    assert candle_limit({}) == 500 and candle_limit({"limit": 5000}) == 5000
