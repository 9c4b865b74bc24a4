"""Text that a terminal does not act on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.base.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, café, 価格\t1", "plain, café, 価格\t1"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("one\r\nerror: two", r"one\r\nerror: two"),
        ("\x9b31m", r"\x9b31m"),
        ("abc\u202edcba\u2066", r"abc\u202edcba\u2066"),
        ("a\u2028b\0", r"a\u2028b\x00"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_a_terminal_acts_on_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_long_text_is_cut_and_says_so() -> None:
    assert printable("x" * 3_000, 10) == "x" * 10 + "... (2,990 more characters)"
    assert printable("x" * 10, 10) == "x" * 10


@given(st.text(st.characters()))
def test_what_is_shown_can_be_shown_again(text: str) -> None:
    shown = printable(text)
    assert printable(shown) == shown
    assert len(shown.splitlines()) <= 1
    shown.encode()
