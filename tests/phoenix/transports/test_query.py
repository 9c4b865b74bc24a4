"""Connect params, as Plug reads a query."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.phoenix.strategies import names
from tickfire.phoenix.transports.query import UndecodableQueryError, parse_query


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("", {}),
        ("&&", {}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1&a=2", {"a": "2"}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("=1", {"": "1"}),
        ("p=a+b%20c", {"p": "a b c"}),
        ("u=%C3%A9", {"u": "é"}),
        ("bad=%zz%4", {"bad": "%zz%4"}),
        ("a[b]=c&a[d]=e", {"a": {"b": "c", "d": "e"}}),
        ("a[b][c]=d", {"a": {"b": {"c": "d"}}}),
        ("l[]=1&l[]=2", {"l": ["1", "2"]}),
        ("l[][a]=1&l[][a]=2", {"l": [{"a": "1"}, {"a": "2"}]}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("a[b]=2&a=1", {"a": "1"}),
        ("a[b]=1&a[]=2", {"a": ["2"]}),
        ("[b]=1&a[=2&a]=3", {"[b]": "1", "a[": "2", "a]": "3"}),
        ("a%5Bb%5D=c", {"a": {"b": "c"}}),
    ],
)
def test_a_query_is_parsed_as_by_plug(query: str, params: dict[str, Any]) -> None:
    assert parse_query(query.encode()) == params


@pytest.mark.parametrize("query", [b"x=%ff", b"%ff=1", b"x=\xff", b"a" + b"[a]" * 40 + b"=1"])
def test_undecodable_queries_are_refused(query: bytes) -> None:
    with pytest.raises(UndecodableQueryError):
        parse_query(query)


def test_a_query_with_too_many_pairs_is_refused() -> None:
    assert len(parse_query(b"&".join(b"a%d=1" % n for n in range(1_000)))) == 1_000
    with pytest.raises(UndecodableQueryError):
        parse_query(b"&".join(b"a" for _ in range(1_001)))


@given(st.dictionaries(names.filter(lambda name: "[" not in name), names))
def test_encoded_params_are_decoded_again(params: dict[str, str]) -> None:
    # An empty name with an empty value is no pair at all.
    expected = {name: value for name, value in params.items() if name or value}
    assert parse_query(urlencode(params, quote_via=quote_plus).encode()) == expected


@given(st.binary(max_size=60))
def test_random_queries_raise_only_undecodable_query_errors(query: bytes) -> None:
    try:
        parse_query(query)
    except UndecodableQueryError:
        pass


@given(st.lists(st.sampled_from(["a", "[", "]", "b", "[]", "=", "&", "%5B", "1"]), max_size=20))
def test_odd_brackets_never_raise(parts: list[str]) -> None:
    parse_query("".join(parts).encode())
