"""CSRF tokens: those that Plug.CSRFProtection made, and our own."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from tickfire.phoenix import csrf_token
from tickfire.phoenix.auth.csrf import CSRF_TOKEN_KEY, is_valid_csrf_token

PLUG_TOKENS = {
    "ikeCDuJXW_VLw81vp_pNltMJ": "WUZXJh07BhAIJ24jP1d-KQEpLwYmMDwQ0-2eYNLH_x8oHoO_qv_HJDqZ",
    "CZih-G58moYnovHG6pWEsS5T": "cigMDlcdAnxbWW88OAAiBHoZZ3cmCW0l1refzZ7D666RWvjCLi02UZXq",
}
"""Tokens of sessions, and what a page of Phoenix was given for them."""

STORED, MASKED = next(iter(PLUG_TOKENS.items()))

plug_tokens = st.text(string.ascii_letters + string.digits + "-_", min_size=24, max_size=24)


def request_with(session: dict[str, Any]) -> Request:
    return Request({"type": "http", "session": session})


@pytest.mark.parametrize(("stored", "masked"), PLUG_TOKENS.items())
def test_tokens_of_plug_are_valid_for_their_sessions_alone(stored: str, masked: str) -> None:
    assert [each for each in PLUG_TOKENS if is_valid_csrf_token(each, masked)] == [stored]


@given(plug_tokens)
def test_each_token_is_masked_anew_and_valid_for_the_session(stored: str) -> None:
    session = {CSRF_TOKEN_KEY: stored}
    masked = {csrf_token(request_with(session)) for _ in range(3)}
    assert len(masked) == 3
    assert session == {CSRF_TOKEN_KEY: stored}
    assert all(len(each) == 56 and is_valid_csrf_token(stored, each) for each in masked)
    assert not any(stored in each for each in masked)


@given(st.integers(0, 55), st.characters())
def test_a_token_with_another_character_is_not_valid(index: int, character: str) -> None:
    changed = MASKED[:index] + character + MASKED[index + 1 :]
    assert is_valid_csrf_token(STORED, changed) == (changed == MASKED)


@given(
    st.one_of(st.none(), st.integers(), st.text(), st.just(STORED)),
    st.one_of(st.none(), st.text(), st.lists(st.text()), st.text(min_size=56, max_size=56)),
)
def test_anything_else_is_not_valid(stored: object, masked: object) -> None:
    assert not is_valid_csrf_token(stored, masked)


def test_a_token_that_is_not_masked_is_not_valid() -> None:
    assert not is_valid_csrf_token(STORED, STORED)


@pytest.mark.parametrize("stored", [None, "", "short", 7, "x" * 25])
def test_the_first_call_makes_the_token_of_the_session(stored: object) -> None:
    session = {} if stored is None else {CSRF_TOKEN_KEY: stored}
    masked = csrf_token(request_with(session))
    made = session[CSRF_TOKEN_KEY]
    assert isinstance(made, str) and len(made) == 24
    assert is_valid_csrf_token(made, masked)
    assert is_valid_csrf_token(made, csrf_token(request_with(session)))


def test_a_key_of_ones_own() -> None:
    session: dict[str, Any] = {}
    masked = csrf_token(request_with(session), "csrf")
    assert list(session) == ["csrf"]
    assert is_valid_csrf_token(session["csrf"], masked)


def test_a_request_without_a_session_is_an_error() -> None:
    with pytest.raises(AssertionError, match="SessionMiddleware"):
        csrf_token(Request({"type": "http"}))
