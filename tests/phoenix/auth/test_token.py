"""Tokens: those that Phoenix.Token made, and our own."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.phoenix.strategies import json_values
from tickfire.phoenix import Token
from tickfire.phoenix.auth.cipher import open_sealed, seal
from tickfire.phoenix.auth.etf import Atom, TermError, decode_term, encode_term
from tickfire.phoenix.auth.token import (
    ExpiredTokenError,
    InvalidTokenError,
    MissingTokenError,
    TokenError,
)
from tickfire.phoenix.errors import SetupError

GOLDEN = json.loads((Path(__file__).parent / "tokens.json").read_text("utf8"))
TOKEN = Token(GOLDEN["secret"], GOLDEN["salt"])
SIGNED_AT = GOLDEN["signed_at"]

# The Elixir terms of the golden tokens, in Python.
VALUES: dict[str, Any] = {
    "42": 42,
    "-7": -7,
    "123456789012345678901234567890": 123456789012345678901234567890,
    '"user:42"': "user:42",
    '""': "",
    '"zażółć 🚀"': "zażółć 🚀",
    "<<0, 255, 1>>": b"\x00\xff\x01",
    "1.5": 1.5,
    "true": True,
    "nil": None,
    ":admin": "admin",
    '[1, "a", 2.5]': [1, "a", 2.5],
    "[1, 2, 3]": [1, 2, 3],
    "[]": [],
    "{:ok, 7}": ("ok", 7),
    '%{"scopes" => ["ticks", "news"], "user_id" => 42}': {
        "scopes": ["ticks", "news"],
        "user_id": 42,
    },
    "%{role: :trader, user_id: 42}": {"role": "trader", "user_id": 42},
    "%{}": {},
    '%{"a" => %{"b" => [nil, true, %{"c" => "d"}]}}': {"a": {"b": [None, True, {"c": "d"}]}},
}


@pytest.mark.parametrize("golden", GOLDEN["tokens"], ids=lambda g: f"{g['mode']} {g['name']}")
def test_a_token_of_phoenix_is_read(golden: dict[str, str]) -> None:
    read = TOKEN.verify if golden["mode"] == "sign" else TOKEN.decrypt
    value = read(golden["token"], max_age_s=None)
    expected = VALUES[golden["value_inspected"]]
    assert value == expected
    assert type(value) is type(expected) or isinstance(value, Atom)
    with pytest.raises(ExpiredTokenError):
        read(golden["token"])
    other = TOKEN.decrypt if golden["mode"] == "sign" else TOKEN.verify
    with pytest.raises(InvalidTokenError):
        other(golden["token"], max_age_s=None)


@pytest.mark.parametrize("golden", GOLDEN["options"], ids=lambda g: g["name"])
def test_the_options_of_key_derivation_and_age_are_phoenixs(golden: dict[str, str]) -> None:
    known: dict[str, dict[str, Any]] = {
        "key_iterations 1": {"key_iterations": 1},
        "key_length 64": {"key_length": 64},
        "key_digest sha512": {"key_digest": "sha512"},
    }
    options = known.get(golden["name"], {})
    token = Token(GOLDEN["secret"], GOLDEN["salt"], **options)
    assert token.verify(golden["token"], max_age_s=None) == "u"
    ages: dict[str, dict[str, Any]] = {
        "max_age inf": {"max_age_s": None},
        "max_age 60": {"max_age_s": 60},
    }
    age = ages.get(golden["name"], {})
    assert token.sign("u", signed_at=SIGNED_AT, **age) == golden["token"]
    if golden["name"] == "max_age inf":
        assert token.verify(golden["token"]) == "u"
    else:
        with pytest.raises(ExpiredTokenError):
            token.verify(golden["token"])


@pytest.mark.parametrize("golden", GOLDEN["invalid"], ids=lambda g: g["name"])
def test_what_phoenix_refuses_is_refused(golden: dict[str, str]) -> None:
    for read in (TOKEN.verify, TOKEN.decrypt):
        with pytest.raises(InvalidTokenError):
            read(golden["token"], max_age_s=None)


def test_a_secret_is_not_shown() -> None:
    assert "hunter2" not in repr(Token("hunter2", "salt"))


def test_no_token_is_missing() -> None:
    with pytest.raises(MissingTokenError):
        TOKEN.verify(None)
    with pytest.raises(MissingTokenError):
        TOKEN.decrypt(None)


@pytest.mark.parametrize("golden", GOLDEN["tokens"], ids=lambda g: f"{g['mode']} {g['name']}")
def test_what_we_sign_is_what_phoenix_signs(golden: dict[str, str]) -> None:
    # Atoms, and a list that Erlang writes as a string, cannot be told from their Python values.
    if golden["mode"] != "sign" or golden["name"] in ("charlist-like list", "empty map"):
        return
    value = TOKEN.verify(golden["token"], max_age_s=None)
    assert TOKEN.sign(value, signed_at=SIGNED_AT) == golden["token"]


def test_age_is_counted_from_the_signing() -> None:
    now = time.time()
    fresh, old = TOKEN.sign(1, signed_at=now - 50), TOKEN.sign(1, signed_at=now - 50, max_age_s=40)
    assert TOKEN.verify(fresh) == 1
    assert TOKEN.verify(fresh, max_age_s=60) == 1
    assert TOKEN.verify(old, max_age_s=60) == 1
    for token, age in ((fresh, 40.0), (fresh, 0.0), (fresh, -1.0)):
        with pytest.raises(ExpiredTokenError):
            TOKEN.verify(token, max_age_s=age)
    with pytest.raises(ExpiredTokenError):
        TOKEN.verify(old)
    assert TOKEN.verify(old, max_age_s=None) == 1


@given(json_values)
def test_what_is_signed_or_encrypted_is_read_back(value: Any) -> None:
    token = Token("secret", "salt", key_iterations=1)
    assert token.verify(token.sign(value)) == value
    assert token.decrypt(token.encrypt(value)) == value


@given(json_values, st.data())
def test_a_changed_token_is_refused(value: Any, data: st.DataObject) -> None:
    token = Token("secret", "salt", key_iterations=1)
    for made, read in ((token.sign(value), token.verify), (token.encrypt(value), token.decrypt)):
        at = data.draw(st.integers(0, len(made) - 1))
        other = data.draw(st.characters())
        changed = made[:at] + other + made[at + 1 :]
        try:
            assert read(changed) == value  # the unused last bits of base64
        except TokenError:
            pass


@given(st.text(max_size=50) | st.binary(max_size=50).map(lambda data: "XCP." + data.hex()))
def test_garbage_is_invalid(text: str) -> None:
    token = Token("secret", "salt", key_iterations=1)
    for read in (token.verify, token.decrypt):
        with pytest.raises(InvalidTokenError):
            read(text)


# --- terms
@given(json_values)
def test_terms_go_out_and_come_back(value: Any) -> None:
    assert decode_term(encode_term(value)) == value


@given(st.binary(max_size=80))
def test_random_terms_raise_nothing_else(data: bytes) -> None:
    for prefix in (b"", b"\x83", b"\x83h\x03", b"\x83t\x00\x00\x00\x02"):
        try:
            decode_term(prefix + data)
        except TermError:
            pass


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x82a\x01",
        b"\x83a\x01!",
        b"\x83" + b"l\x00\x00\x00\x01" * 70 + b"a\x01",  # deep
        b"\x83l\xff\xff\xff\xff",  # a count that nothing follows
        b"\x83m\x00\x00\x00\x05abc",
        b"\x83l\x00\x00\x00\x01a\x01a\x02",  # improper
        b"\x83p\x00\x00\x00\x00",  # a function
        b"\x83P\x00\x00\x00\x00",  # compressed
        b"\x83" + b"m\x00\x20\x00\x00" + bytes(1 << 21),
        b"\x83t\x00\x00\x00\x01jj",  # a key that is no key here
    ],
)
def test_a_term_that_is_not_accepted_is_refused(data: bytes) -> None:
    with pytest.raises(TermError):
        decode_term(data)


@pytest.mark.parametrize(
    "value", [object(), Atom("x" * 300), {1: {2: set()}}, [[]] * 1 and [object()]]
)
def test_a_value_without_a_counterpart_is_refused(value: Any) -> None:
    with pytest.raises(TermError):
        encode_term(value)


def test_the_rest_of_the_kinds() -> None:
    long_tuple, long_int = tuple(range(300)), 1 << 3000
    for value in (long_tuple, long_int, -long_int, Atom("é"), Atom("a"), True, None):
        assert decode_term(encode_term(value)) == value
    assert decode_term(b"\x83s\x02ok") == decode_term(b"\x83w\x02ok") == Atom("ok")
    assert decode_term(b"\x83v\x00\x02ok") == "ok"
    assert repr(decode_term(b"\x83s\x02ok")) == "Atom('ok')"


# --- the cipher
def test_the_cipher_is_that_of_the_draft() -> None:
    # draft-irtf-cfrg-xchacha-03, appendix A.3.1
    key, nonce = bytes(range(0x80, 0xA0)), bytes(range(0x40, 0x58))
    associated = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
    plain = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
        b"future, sunscreen would be it."
    )
    cipher, tag = seal(plain, key, nonce, associated)
    assert cipher[:16].hex() == "bd6d179d3e83d43b9576579493c0e939"
    assert tag.hex() == "c0875924c1c7987947deafd8780acf49"
    assert open_sealed(cipher, tag, key, nonce, associated) == plain
    assert open_sealed(cipher, tag, key, nonce, b"") is None


def test_encryption_without_pynacl_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nacl.secret", None)
    token = Token("another secret", "salt")  # its key is in no cache
    assert token.verify(token.sign(1)) == 1
    for use in (lambda: token.encrypt(1), lambda: token.decrypt("XCP." + "A" * 80)):
        with pytest.raises(SetupError, match=r"tickfire-phoenix\[encrypt\]"):
            use()


def test_a_key_of_another_length_cannot_encrypt() -> None:
    with pytest.raises(ValueError, match="key_length"):
        Token("secret", "salt", key_length=64).encrypt(1)
