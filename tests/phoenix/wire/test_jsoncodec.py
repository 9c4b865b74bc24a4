"""JSON decoded as by Phoenix."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.phoenix.strategies import json_values
from tickfire.phoenix import DecodeError, V2Serializer

decode = V2Serializer().decode_text


def frame_of(payload: str, topic: str = '"room:1"') -> bytes:
    return f'["1","2",{topic},"event",{payload}]'.encode()


@pytest.mark.parametrize(
    "payload",
    ["1.0", "-0.0", "12345678901234567890123", "1e10", "0.1", "1e308", "9007199254740993"],
)
def test_numbers_keep_type_and_value(payload: str) -> None:
    value = decode(frame_of(payload)).payload
    assert repr(value) == repr(json.loads(payload))


@pytest.mark.parametrize(
    "payload",
    [
        "NaN",
        "Infinity",
        r'"\ud800"',
        '"\x01"',
        "1e400",
        "01",
        "[1,]",
        "{} x",
        "",
        "[" * 100_000,
        "1" * 5_000,
        "'a'",
    ],
)
def test_json_that_phoenix_refuses_is_refused(payload: str) -> None:
    with pytest.raises(DecodeError):
        decode(frame_of(payload))


@pytest.mark.parametrize(
    "data",
    [b"\xef\xbb\xbf" + frame_of("{}"), b"[]", b"{}", b"null", b"5", b'[null,"1","t","e"]', b""],
)
def test_json_that_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(data)


def test_further_elements_and_white_space_are_ignored() -> None:
    assert decode(b' \n[null, "1", "phoenix", "heartbeat", {}, {"a": 1}]\n').event == "heartbeat"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ('{"dup":1,"dup":2}', {"dup": 1}),
        ('{"a":{"x":1,"x":{"y":2}},"a":0}', {"a": {"x": 1}}),
        ('[{"k":[1],"k":[2]}]', [{"k": [1]}]),
        (r'{"a":1,"\u0061":2}', {"a": 1}),
        # An escaped colon would make the count come out even, were it not looked for.
        (r'{"a":1,"a":2,"b":"\u003a"}', {"a": 1, "b": ":"}),
        (r'{"a":1,"a":2,"b":"\u003A"}', {"a": 1, "b": ":"}),
        ('{"a":"x:y","a":2}', {"a": "x:y"}),
    ],
)
def test_the_first_of_duplicate_keys_wins(payload: str, expected: Any) -> None:
    assert decode(frame_of(payload)).payload == expected
    escaped_topic = r'"room\u003a1"'
    assert decode(frame_of(payload, escaped_topic)).payload == expected


def text_of(value: Any) -> str:
    """Write JSON in which objects are lists of pairs, so that keys may repeat."""
    if isinstance(value, tuple):
        return "{" + ",".join(f"{text_of(k)}:{text_of(v)}" for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text_of, value)) + "]"
    return json.dumps(value)


def first_wins(value: Any) -> Any:
    if isinstance(value, tuple):
        return {key: first_wins(each) for key, each in reversed(value)}
    if isinstance(value, list):
        return [first_wins(each) for each in value]
    return value


keys = st.sampled_from(["a", "b", "a:b", ":", "é", '"', "{"])
values_with_duplicates = st.recursive(
    st.integers(0, 3) | keys,
    lambda children: (
        st.lists(children, max_size=3) | st.lists(st.tuples(keys, children), max_size=4).map(tuple)
    ),
)


@given(values_with_duplicates, keys)
def test_duplicates_are_resolved_at_every_depth(value: Any, topic: str) -> None:
    message = decode(frame_of(text_of(value), json.dumps(topic)))
    assert message.payload == first_wins(value)
    assert message.topic == topic


@given(json_values)
def test_values_are_decoded_as_by_the_standard_library(value: Any) -> None:
    text = json.dumps(value)
    assert repr(decode(frame_of(text)).payload) == repr(json.loads(text))


@given(st.binary(max_size=200))
def test_random_bytes_raise_only_decode_errors(data: bytes) -> None:
    for prefix in (b"", b'["1","2","t","e",', b'["1","2","t","e",{"'):
        try:
            decode(prefix + data)
        except DecodeError:
            pass
