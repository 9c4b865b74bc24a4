"""Mutated bytes raise nothing but what each parser documents."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fuzz import TARGETS

EDITS = st.lists(
    st.tuples(
        st.sampled_from(["set", "insert", "delete", "repeat", "cut"]),
        st.floats(0, 1),  # place, as a fraction of the length
        st.binary(min_size=1, max_size=8) | st.sampled_from([b"\xff" * 8, bytes(8), b"<", b"\x7f"]),
    ),
    max_size=6,
)


def mutated(data: bytes, edits: list[tuple[str, float, bytes]]) -> bytes:
    for kind, place, piece in edits:
        at, size = int(place * len(data)), len(piece)
        if kind == "set":
            data = data[:at] + piece + data[at + size :]
        elif kind == "insert":
            data = data[:at] + piece + data[at:]
        elif kind == "delete":
            data = data[:at] + data[at + size :]
        elif kind == "repeat":
            data = data[: at + size * 8] + data[at:]
        else:
            data = data[:at]
    return data


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60)
@given(edits=EDITS, data=st.data())
def test_mutated_bytes_are_parsed_or_refused(
    name: str, edits: list[tuple[str, float, bytes]], data: st.DataObject
) -> None:
    target = TARGETS[name]
    target.run(mutated(data.draw(st.sampled_from(target.seeds)), edits))
