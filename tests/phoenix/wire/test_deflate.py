"""permessage-deflate: negotiated as asked, compressed once, bounded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from tests.support.phoenix.serving import Client, serve
from tests.support.phoenix.strategies import mask
from tickfire.phoenix import Channel, Hub, Reply, Socket, WebSocketOptions, frame_text
from tickfire.phoenix.wire.deflate import deflate, inflate, negotiate_deflate
from tickfire.phoenix.wire.frames import Opcode
from tickfire.phoenix.wire.websocket import VIOLATION, FrameReader

AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
COMPRESSED = 4  # RSV1


@pytest.mark.parametrize(
    ("offer", "agreed"),
    [
        (None, None),
        ("", None),
        ("x-webkit-deflate-frame", None),
        ("permessage-deflate", AGREED),
        ("permessage-deflate; client_max_window_bits", AGREED),
        ("permessage-deflate; client_max_window_bits=8", AGREED),
        ("permessage-deflate; client_max_window_bits=16", None),
        ("permessage-deflate; server_max_window_bits=15", AGREED),
        ("permessage-deflate; server_max_window_bits=10", None),
        ("permessage-deflate; server_max_window_bits", None),
        ("permessage-deflate; server_no_context_takeover=1", None),
        ("permessage-deflate; client_no_context_takeover; client_no_context_takeover", None),
        ("permessage-deflate; unknown", None),
        ('permessage-deflate; server_max_window_bits="10", permessage-deflate', AGREED),
        ("other, permessage-deflate;server_no_context_takeover", AGREED),
    ],
)
def test_the_first_acceptable_offer_is_accepted(offer: str | None, agreed: str | None) -> None:
    assert negotiate_deflate(offer) == agreed


@given(st.binary(max_size=500), st.integers(1, 5))
def test_compressed_messages_are_read(payload: bytes, pieces: int) -> None:
    assert inflate(deflate(payload), None) == payload
    compressed = deflate(payload)
    size = -(-len(compressed) // pieces)
    parts = [compressed[at : at + size] for at in range(0, len(compressed), size)]
    reader = FrameReader(deflate=True)
    events = []
    for index, part in enumerate(parts):
        opcode = Opcode.CONTINUATION if index else Opcode.BINARY
        last = index == len(parts) - 1
        events += reader.feed(mask(opcode, part, fin=last, rsv=0 if index else COMPRESSED))
    assert events == [(Opcode.BINARY, payload)]
    assert reader.feed(mask(Opcode.TEXT, b"plain")) == [(Opcode.TEXT, b"plain")]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(mask(Opcode.TEXT, b"\xff\xff\xff", rsv=COMPRESSED), 1007, id="invalid UTF-8"),
        pytest.param(
            mask(Opcode.TEXT, deflate(b"x" * 1_001), rsv=COMPRESSED), 1009, id="message too long"
        ),
        pytest.param(mask(Opcode.PING, b"", rsv=COMPRESSED), 1002, id="compressed ping"),
        pytest.param(mask(Opcode.TEXT, b"", rsv=COMPRESSED | 1), 1002, id="RSV3"),
        pytest.param(
            mask(Opcode.TEXT, b"", fin=False) + mask(Opcode.CONTINUATION, b"", rsv=COMPRESSED),
            1002,
            id="compressed continuation",
        ),
    ],
)
def test_a_violation_ends_reading(sent: bytes, code: int) -> None:
    reader = FrameReader(max_message_size=1_000, deflate=True)
    assert reader.feed(sent)[-1] == (VIOLATION, code.to_bytes(2, "big"))


def test_without_the_extension_a_compressed_frame_is_a_violation() -> None:
    compressed = mask(Opcode.TEXT, deflate(b"[]"), rsv=COMPRESSED)
    assert FrameReader().feed(compressed)[-1][0] == VIOLATION


def test_a_compression_bomb_is_refused_at_the_size_limit() -> None:
    bomb = deflate(bytes(100 << 20))
    assert len(bomb) < 1 << 20
    reader = FrameReader(max_message_size=1 << 20, deflate=True)
    events = reader.feed(mask(Opcode.BINARY, bomb, rsv=COMPRESSED))
    assert events == [(VIOLATION, (1009).to_bytes(2, "big"))]


@given(st.binary(max_size=60))
def test_random_bytes_never_raise(data: bytes) -> None:
    FrameReader(max_message_size=1_000, deflate=True).feed(mask(Opcode.TEXT, data, rsv=COMPRESSED))


class Room(Channel):
    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
        return Reply({"echo": payload, "vsn": socket.vsn})


async def test_compression_works_with_another_client_implementation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compressions = 0

    def counted(payload: bytes) -> bytes:
        nonlocal compressions
        compressions += 1
        return deflate(payload)

    hub = Hub()
    options = WebSocketOptions(compress=True)
    offer = [ClientPerMessageDeflateFactory(client_max_window_bits=True)]
    async with serve({"room:*": Room}, hub, websocket=options) as served:
        url = served.url()
        async with connect(url, extensions=offer, compression=None) as raw, connect(url) as other:
            client, second = Client(raw), Client(other)
            assert raw.protocol.extensions
            await client.join("room:1")
            await second.join("room:1")
            await client.send("1", "2", "room:1", "echo", {"text": "long " * 200})
            [*_, payload] = await client.receive()
            assert payload["response"] == {"echo": {"text": "long " * 200}, "vsn": "v2"}
            monkeypatch.setattr("tickfire.phoenix.wire.deflate.deflate", counted)
            hub.local_broadcast("room:1", "news", {"n": 1})
            monkeypatch.undo()
            for each in (client, second):
                assert await each.receive() == [None, None, "room:1", "news", {"n": 1}]
            assert compressions == 1
            hub.write("room:1", "v2+deflate", frame_text(json.dumps("plain").encode()))
            assert await client.receive() == "plain"
        async with served.client() as plain:
            assert not plain.connection.protocol.extensions
            await plain.join("room:1")
