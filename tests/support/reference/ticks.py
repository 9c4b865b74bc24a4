"""Reference for the encode kernels, in plain Python."""

from __future__ import annotations

import json
from typing import Any

from tickfire.base.units import UNDEF_PRICE, decimal_or_none
from tickfire.phoenix import V1Serializer, V2Serializer
from tickfire.server.market.ticks.positions import base36
from tickfire.store.schema import TICK_ASK, TICK_BID, TICK_CLEAR, TICK_TRADE

type Quote = tuple[int, int, int, int]


def frame(text: str) -> bytes:
    """Return a WebSocket text frame; the text must take 126 to 65,535 bytes."""
    payload = text.encode()
    assert 126 <= len(payload) < 65536
    return b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload


def broadcast(vsn: str, topic: str, event: str, payload: dict[str, Any]) -> bytes:
    """Return the frame of a broadcast, after checking that the serializers write the same."""
    message: Any = [None, None, topic, event, payload]
    if vsn == "v1":
        message = {"topic": topic, "event": event, "payload": payload, "ref": None}
    text = json.dumps(message, separators=(",", ":"), ensure_ascii=False)
    serializer = V1Serializer() if vsn == "v1" else V2Serializer()
    assert serializer.encode_broadcast(topic, event, payload) == frame(text)
    return frame(text)


def trade(row: Any, symbol: str, position: str) -> dict[str, Any]:
    side = chr(row["side"])
    return {
        "symbol": symbol,
        "price": decimal_or_none(int(row["price"])),
        "volume": int(row["size"]),
        "timestamp": int(row["ts_event"]) // 1_000_000,
        "ts_event": str(int(row["ts_event"])),
        "side": side if side in "AB" else "N",
        "id": position,
    }


def quote(states: Quote, symbol: str, ts: int, position: str) -> dict[str, Any]:
    bid, ask, bid_size, ask_size = states
    return {
        "symbol": symbol,
        "bid": decimal_or_none(bid),
        "ask": decimal_or_none(ask),
        "bid_size": None if bid == UNDEF_PRICE else bid_size,
        "ask_size": None if ask == UNDEF_PRICE else ask_size,
        "timestamp": ts // 1_000_000,
        "ts_event": str(ts),
        "id": position,
    }


def trades(
    ticks: Any, slots: Any, symbols: list[str], first: int, epoch: bytes, vsn: str, topic: str,
    before: str, after: str, wanted: list[bool] | None,
) -> bytes:  # fmt: skip
    """Return the expected result of `Encoder.trades`."""
    out = b""
    for i, row in enumerate(ticks):
        slot = int(slots[i])
        if row["kind"] == TICK_TRADE and (wanted is None or wanted[slot]):
            position = f"{epoch.hex()}-{before}{base36(first + i)}{after}"
            out += broadcast(vsn, topic, "tick", trade(row, symbols[slot], position))
    return out


def instrument(
    ticks: Any, slots: Any, symbols: list[str], first: int, epoch: bytes, vsn: str, topic: str,
    slot: int, states: Quote | None,
) -> bytes:  # fmt: skip
    """Return the expected result of `Encoder.instrument`."""
    out, waiting = b"", b""
    for i, row in enumerate(ticks):
        if slots[i] != slot:
            continue
        position = f"{epoch.hex()}-{base36(first + i)}"
        kind, price, size = int(row["kind"]), int(row["price"]), int(row["size"])
        if kind == TICK_TRADE:
            out += waiting + broadcast(vsn, topic, "tick", trade(row, symbols[slot], position))
            waiting = b""
        elif states is not None and kind in (TICK_BID, TICK_ASK, TICK_CLEAR):
            bid, ask, bid_size, ask_size = states
            if kind == TICK_BID:
                states = price, ask, size, ask_size
            elif kind == TICK_ASK:
                states = bid, price, bid_size, size
            else:
                states = UNDEF_PRICE, UNDEF_PRICE, bid_size, ask_size
            ts = int(row["ts_event"])
            waiting = broadcast(vsn, topic, "quote", quote(states, symbols[slot], ts, position))
    return out + waiting
