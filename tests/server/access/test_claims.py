"""Grants, and the claims that they are made from."""

from __future__ import annotations

import fnmatch
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.server.access.claims import ClaimsError, Lifetime, grant_from
from tickfire.server.access.grant import RATES, UNLIMITED, Grant

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(["sub", "topics", "rates", "connections", "origins", "exp", "iat", "topic"])


@given(st.dictionaries(NAMES, VALUES))
def test_claims_are_granted_whole_or_refused_with_one_sentence(claims: dict[str, Any]) -> None:
    try:
        grant = grant_from(claims)
    except ClaimsError as error:
        assert str(error)
        assert "\n" not in str(error)
        return
    assert "topic" not in claims
    assert grant.expires_at == claims.get("exp")
    for name in ("topics", "origins"):
        given = claims.get(name)
        assert getattr(grant, name) == (None if given is None else tuple(given))
    assert dict(grant.rates) == (claims.get("rates") or {})


@pytest.mark.parametrize(
    ("claims", "problem"),
    [
        ({"topic": ["market:*"]}, "the claim topic is unknown"),
        ({"topics": "market:*"}, "topics must be a list"),
        ({"topics": [""]}, "topics must be a list"),
        ({"topics": [1]}, "topics must be a list"),
        ({"rates": {"join": 1}}, "rates: join is unknown"),
        ({"rates": {"joins": 0}}, "rates: joins must be a positive number"),
        ({"rates": {"joins": True}}, "rates: joins must be a positive number"),
        ({"rates": [1]}, "rates must be an object"),
        ({"sub": "a", "connections": 0}, "connections must be an integer"),
        ({"connections": 2}, "connections needs sub"),
        ({"sub": "a", "connections": True}, "connections must be an integer"),
        ({"origins": ["example.com"]}, "example.com is no origin"),
        ({"exp": "tomorrow"}, "exp must be a number"),
        ({"exp": float("nan")}, "exp must be a number"),
        ({"sub": ""}, "sub must be a text"),
        ({"sub": "a", "user_id": 1}, "two names of the same claim"),
    ],
)
def test_a_malformed_claim_is_named(claims: dict[str, Any], problem: str) -> None:
    with pytest.raises(ClaimsError, match=re.escape(problem)):
        grant_from(claims)


def test_the_earlier_expiry_holds() -> None:
    assert grant_from({"exp": 5}, Lifetime(1.0, 9.0)) == Grant(issued_at=1.0, expires_at=5)
    assert grant_from({"exp": 9, "iat": 2}, Lifetime(1.0, 5.0)) == Grant(issued_at=2, expires_at=5)


def test_a_claim_that_is_none_is_absent() -> None:
    assert grant_from({"topics": None, "exp": None, "rates": None}) == UNLIMITED
    assert grant_from({"topics": []}) == Grant(topics=())  # and no topic is none


def test_all_rates_can_be_set() -> None:
    rates = dict.fromkeys(RATES, 1.5)
    assert grant_from({"rates": rates}).rates == rates


@given(st.text("ab:*", max_size=8), st.text("ab:", max_size=8))
def test_a_star_stands_for_any_characters(pattern: str, topic: str) -> None:
    assert Grant(topics=(pattern,)).permits(topic) == fnmatch.fnmatchcase(topic, pattern)


@pytest.mark.parametrize(
    ("pattern", "topic", "permitted"),
    [
        ("market:*", "market:realtime", True),
        ("market:*", "markets", False),
        ("candles:ESZ6:*", "candles:ESZ6:1m", True),
        ("candles:ESZ6:*", "candles:ESZ66:1m", False),
        ("market:ESZ6", "market:ESZ6", True),
        ("market:ESZ6", "market:ESZ6:", False),
    ],
)
def test_patterns_of_topics(pattern: str, topic: str, permitted: bool) -> None:
    assert Grant(topics=("no", pattern)).permits(topic) is permitted


def test_a_grant_without_topics_permits_all_and_one_with_none_permits_nothing() -> None:
    assert UNLIMITED.permits("market:realtime")
    assert not Grant(topics=()).permits("market:realtime")
