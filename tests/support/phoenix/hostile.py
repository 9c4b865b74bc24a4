"""Changes that break a stream of bytes, and a channel for its messages."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tickfire.phoenix import Channel, Reply, Socket


class Room(Channel):
    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
        if event == "shout":
            await socket.broadcast("shout", {})
        return Reply(payload)


type Change = tuple[str, int, bytes]

changes: st.SearchStrategy[list[Change]] = st.lists(
    st.tuples(
        st.sampled_from(["overwrite", "insert", "delete", "repeat", "cut"]),
        st.integers(0, 1 << 20),
        st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=4,
)


def broken(stream: bytes, changes: list[Change]) -> bytes:
    """Apply each change at its place."""
    for kind, place, data in changes:
        at = place % (len(stream) + 1)
        end = at + len(data)
        match kind:
            case "overwrite":
                stream = stream[:at] + data + stream[end:]
            case "insert":
                stream = stream[:at] + data + stream[at:]
            case "delete":
                stream = stream[:at] + stream[end:]
            case "repeat":
                stream = stream[:end] + stream[at:]
            case "cut":
                stream = stream[:at]
    return stream
