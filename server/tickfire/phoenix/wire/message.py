"""Messages of the Channels protocol, as decoded by every serializer."""

from __future__ import annotations

from typing import Any

import msgspec


class Message(msgspec.Struct, array_like=True, gc=False):
    """One message from a client.

    The refs may be any JSON values and are echoed with their types; well-behaved clients send
    strings. `topic` and `event` should be strings, but a client may send any JSON value.

    The fields are in the order of the array that vsn 2.0.0 sends, so that msgspec decodes a frame
    directly into a Message. As in Phoenix, an array of fewer than five elements is refused, and
    elements beyond the fifth are ignored.
    """

    join_ref: Any
    ref: Any
    topic: Any
    event: Any
    payload: Any
