"""Random DBN records: every kind the kernel reads, valid or nearly so."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.support.reference.parse import UNDEF, S

START = 1_700_000_000 * S
SIZES = {
    0: 48, 1: 80, 10: 368, 177: 80, 194: 80, 192: 80, 193: 80, 195: 80, 196: 80, 160: 56,
    32: 56, 33: 56, 21: 320, 22: 176, 23: 320, 19: 520, 18: 40, 34: 56, 35: 56, 36: 56,
    20: 112, 24: 80, 99: 48,
}  # fmt: skip

TIMES = st.integers(-200, 200).map(lambda tenths: START + tenths * S // 2) | st.sampled_from(
    [0, -1, 60 * S, 2**63 - 1, START + 120 * S, START + 59 * S, START + 60 * S]
)
PRICES = st.integers(-5, 5).map(lambda ticks: 100 * S + ticks * S // 4) | st.sampled_from(
    [UNDEF, 0, -S]
)
SMALL = st.integers(0, 3) | st.integers(0, 2**32 - 1) | st.just(2**32 - 1)


@st.composite
def record(draw: st.DrawFn) -> bytes:
    """Return one record, now and then cut short for its type or with ts_out appended."""
    rtype = draw(st.sampled_from([0, 0, 1, 1, 1, 160, 160, *SIZES]))
    size = SIZES[rtype] + draw(st.sampled_from([0, 0, 0, 8, -8]))
    data = bytearray(size)

    def put(offset: int, value: int, length: int = 8) -> None:
        if offset + length <= size:
            data[offset : offset + length] = (value % 2 ** (8 * length)).to_bytes(length, "little")

    put(0, size // 4, 1)
    put(1, rtype, 1)
    put(2, draw(st.sampled_from([0, 0, 0, 1, 2, 2**16 - 1])), 2)
    put(4, draw(st.integers(1, 4)), 4)
    put(8, draw(TIMES))
    action = draw(st.sampled_from(b"TTTTACMRFN"))
    side, flags = draw(st.sampled_from(b"ABN")), draw(st.integers(0, 255))
    if rtype == 160:
        put(24, draw(PRICES))
        put(32, draw(SMALL), 4)
        put(36, flags, 1)
        put(38, action, 1)
        put(39, side, 1)
        put(40, draw(TIMES))
        put(52, draw(SMALL), 4)
    elif rtype in (32, 33, 34, 35, 36):
        for i in range(5):
            put(16 + 8 * i, draw(st.integers(0, 10**6) | st.just(UNDEF)))
    elif rtype not in (18, 19, 20, 21, 22, 23, 24, 99):
        put(16, draw(PRICES))
        put(24, draw(SMALL), 4)
        put(28, action, 1)
        put(29, side, 1)
        put(30, flags, 1)
        put(32, draw(TIMES))
        put(44, draw(SMALL), 4)
        put(48, draw(PRICES))
        put(56, draw(PRICES))
        put(64, draw(SMALL), 4)
        put(68, draw(SMALL), 4)
    return bytes(data)


STREAMS = st.lists(record(), max_size=40).map(b"".join)
