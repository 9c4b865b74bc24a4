"""JSON Web Tokens: accepted and refused ones."""

from __future__ import annotations

import base64
import json
import sys
import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.phoenix import JWTSetupError, JWTVerifier
from tickfire.phoenix.auth.token import (
    ExpiredTokenError,
    InvalidTokenError,
    MissingTokenError,
    TokenError,
)

SECRET = "a secret that is long enough for any HMAC: " + "s" * 32
OTHER = SECRET[::-1]
HOUR = 3_600
GOOD = jwt.encode({"sub": "ann", "exp": 4e9}, SECRET)
verifier = JWTVerifier(SECRET, ["HS256"])


def minted(key: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    claims = {"sub": "ann", "exp": time.time() + HOUR} | claims
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm)


def unsigned(algorithm: str, **claims: Any) -> str:
    parts = ({"alg": algorithm, "typ": "JWT"}, {"sub": "eve", "exp": time.time() + HOUR} | claims)
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    return b".".join((*encoded, b"")).decode()


def test_the_claims_of_a_good_token_are_returned() -> None:
    assert verifier.verify(minted(role="trader"))["role"] == "trader"


@pytest.mark.parametrize("expired_s", [1, HOUR])
def test_an_expired_token_is_refused_but_for_the_leeway(expired_s: float) -> None:
    token = minted(exp=time.time() - expired_s)
    with pytest.raises(ExpiredTokenError):
        verifier.verify(token)
    assert JWTVerifier(SECRET, ["HS256"], leeway_s=expired_s + HOUR).verify(token)["sub"] == "ann"


def test_a_token_without_an_end_is_refused_unless_that_is_meant() -> None:
    token = minted(exp=None)
    with pytest.raises(InvalidTokenError, match="exp"):
        verifier.verify(token)
    assert JWTVerifier(SECRET, ["HS256"], required=()).verify(token)["sub"] == "ann"


@pytest.mark.parametrize(
    "claims",
    [
        {"nbf": time.time() + HOUR},
        {"iat": time.time() + HOUR},
        {"aud": "market"},
        {"exp": "tomorrow"},
    ],
)
def test_a_token_that_is_not_for_here_and_now_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidTokenError):
        verifier.verify(minted(**claims))


@pytest.mark.parametrize(
    ("claims", "fits"),
    [
        ({"aud": "market", "iss": "us"}, True),
        ({"aud": ["news", "market"], "iss": "us"}, True),
        ({"aud": "news", "iss": "us"}, False),
        ({"iss": "us"}, False),
        ({"aud": "market"}, False),
        ({"aud": "market", "iss": "them"}, False),
    ],
)
def test_audience_and_issuer_must_be_ours(claims: dict[str, Any], fits: bool) -> None:
    ours = JWTVerifier(SECRET, ["HS256"], audience="market", issuer="us")
    if fits:
        assert ours.verify(minted(**claims))["sub"] == "ann"
    else:
        with pytest.raises(InvalidTokenError):
            ours.verify(minted(**claims))


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(minted(OTHER), id="another secret"),
        pytest.param(minted(algorithm="HS512"), id="another algorithm, the right secret"),
        pytest.param(unsigned("none"), id="unsigned none"),
        pytest.param(unsigned("None"), id="unsigned None"),
        pytest.param(unsigned("HS256"), id="unsigned HS256"),
        pytest.param(unsigned("RS256"), id="unsigned RS256"),
        pytest.param(jwt.encode({"exp": time.time() + HOUR}, "", "none"), id="encoded as none"),
        "",
        "a.b",
        "a.b.c",
        "\x00",
        "é.é.é",
        pytest.param("[" * 5_000, id="brackets"),
    ],
)
def test_what_was_not_signed_as_agreed_is_refused(token: str) -> None:
    with pytest.raises(TokenError):
        verifier.verify(token)


def test_no_token_is_missing() -> None:
    for nothing in (None, ""):
        with pytest.raises(MissingTokenError):
            verifier.verify(nothing)


@given(st.text())
def test_garbage_is_invalid(text: str) -> None:
    with pytest.raises(TokenError):
        verifier.verify(text)


@given(st.data())
def test_a_changed_token_is_refused(data: st.DataObject) -> None:
    head, payload, mac = GOOD.split(".")
    at = data.draw(st.integers(0, len(payload) - 1))
    other = data.draw(st.sampled_from("ABCxyz019-_"))
    changed = payload[:at] + other + payload[at + 1 :]
    if changed != payload:
        with pytest.raises(TokenError):
            verifier.verify(f"{head}.{changed}.{mac}")


@pytest.mark.parametrize(
    ("algorithms", "complaint"),
    [
        ([], "at least one"),
        ("HS256", "a list"),
        (["none"], "accept every token"),
        (["HS256", "None"], "accept every token"),
        (["HS256", "RS256"], "name one kind"),
        (["HS128"], "PyJWT does not know HS128"),
    ],
)
def test_unsafe_algorithms_are_refused_at_the_start(algorithms: Any, complaint: str) -> None:
    with pytest.raises(JWTSetupError, match=complaint):
        JWTVerifier(SECRET, algorithms)


def test_without_pyjwt_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jwt", None)
    with pytest.raises(JWTSetupError, match=r'pip install "tickfire-phoenix\[jwt\]"'):
        JWTVerifier(SECRET, ["HS256"])
