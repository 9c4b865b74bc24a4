from __future__ import annotations

import hashlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.ingest.adapter.protocol import FeedRefused
from tickfire.ingest.dbn.errors import DbnError
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.lsg.client import (
    MAX_METADATA_SIZE,
    Handshake,
    HandshakeState,
    LiveSubscription,
    LsgError,
)

KEY = "db-abcdefghijklmnopqrstuvwxyz012"
ASK = LiveSubscription("GLBX.MDP3", ("trades", "mbp-1"), ("ESU4", "NQU4"))
GREETING = b"lsg_version=0.4.2\ncram=t7kNhwj4xqR0QYjzFKtBEG2ec2pXJ4FK\n"
SUCCESS = b"success=1|session_id=5\n"
METADATA = Metadata("GLBX.MDP3", version=3).encode()


def test_the_exchange_ends_in_data() -> None:
    shake = Handshake(KEY, ASK)
    digest = hashlib.sha256(b"t7kNhwj4xqR0QYjzFKtBEG2ec2pXJ4FK|" + KEY.encode()).hexdigest()
    assert shake.receive(GREETING).startswith(f"auth={digest}-yz012|dataset=GLBX.MDP3|".encode())
    assert shake.receive(SUCCESS) == b""
    assert shake.subscribe(ASK) == (
        b"schema=trades|stype_in=raw_symbol|symbols=ESU4,NQU4|snapshot=0|id=1|is_last=1\n"
        b"schema=mbp-1|stype_in=raw_symbol|symbols=ESU4,NQU4|snapshot=0|id=2|is_last=1\n"
        b"start_session=0\n"
    )
    assert shake.receive(METADATA + b"record") == b""
    assert shake.state is HandshakeState.DATA
    assert shake.metadata is not None and shake.metadata.dataset == "GLBX.MDP3"
    assert shake.rest == b"record"


def in_metadata() -> Handshake:
    shake = Handshake(KEY, ASK)
    shake.receive(GREETING + SUCCESS)
    shake.subscribe(ASK)
    return shake


def test_too_much_metadata_is_refused_before_it_is_received() -> None:
    shake = in_metadata()
    size = 250 << 20
    with pytest.raises(LsgError, match=r"announced 262,144,008 bytes of metadata, and at most"):
        shake.receive(b"DBN\x03" + size.to_bytes(4, "little"))
    assert len(shake.rest) == 8


def test_metadata_is_not_copied_with_each_of_its_chunks() -> None:
    shake = in_metadata()
    kept, size = shake.rest, MAX_METADATA_SIZE - 8
    shake.receive(b"DBN\x03" + size.to_bytes(4, "little"))
    for _ in range(5):
        shake.receive(bytes(1 << 16))
    assert shake.rest is kept
    assert len(kept) == 8 + 5 * (1 << 16)


def test_symbols_are_split_into_lines_of_500() -> None:
    lines = LiveSubscription("X", ("trades",), tuple(f"S{i}" for i in range(1001))).lines()
    subscriptions = lines.decode().splitlines()[:-1]
    assert [line.count(",") + 1 for line in subscriptions] == [500, 500, 1]
    assert [line[-1] for line in subscriptions] == ["0", "0", "1"]


def test_every_schema_is_requested_from_the_start() -> None:
    lines = LiveSubscription("X", ("trades", "mbp-1"), start=17).lines().decode()
    assert lines.count("|start=17|") == 2


def test_a_refused_key_is_one_sentence() -> None:
    shake = Handshake(KEY, ASK)
    shake.receive(GREETING)
    with pytest.raises(FeedRefused, match=r"refused the key: User authentication failed; set DAT"):
        shake.receive(b"success=0|error=User authentication failed.\n")


def test_a_subscription_out_of_turn_is_an_error() -> None:
    with pytest.raises(LsgError, match="in the state GREETING"):
        Handshake(KEY, ASK).subscribe(ASK)


def test_repr_hides_the_key() -> None:
    assert KEY not in repr(Handshake(KEY, ASK))


@given(st.lists(st.integers(0, 600)))
def test_the_exchange_does_not_depend_on_how_bytes_are_cut(cuts: list[int]) -> None:
    whole, cut = Handshake(KEY, ASK), Handshake(KEY, ASK)
    for wire in (GREETING + SUCCESS, METADATA + b"rest"):
        edges = [0, *sorted(min(at, len(wire)) for at in cuts), len(wire)]
        answer = whole.receive(wire)
        pieces = [cut.receive(wire[a:b]) for a, b in itertools.pairwise(edges)]
        assert b"".join(pieces) == answer
        if whole.state is HandshakeState.READY:
            assert whole.subscribe(ASK) == cut.subscribe(ASK)
    assert (cut.state, cut.metadata, cut.rest) == (whole.state, whole.metadata, whole.rest)


@given(st.lists(st.binary(max_size=200)), st.sampled_from([b"", GREETING, GREETING + SUCCESS]))
def test_random_bytes_end_in_a_named_error(chunks: list[bytes], before: bytes) -> None:
    shake = Handshake(KEY, ASK)
    shake.receive(before)
    try:
        for chunk in chunks:
            shake.receive(chunk)
    except (LsgError, FeedRefused, DbnError):
        pass
