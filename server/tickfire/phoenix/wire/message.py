"""A message of the Channels protocol, as every serializer decodes it."""

from __future__ import annotations

from typing import Any

import msgspec


class Message(msgspec.Struct, array_like=True, gc=False):
    """One message of a client.

    The refs are whatever JSON value the client chose and are echoed with their type; a
    well-behaved client sends strings. `topic` and `event` are strings in every message that
    reaches a channel's routing, but a client may send anything.

    The order of the fields is that of the array on the wire of vsn 2.0.0, so msgspec decodes a
    frame straight into a Message: fewer than five elements are refused, more are ignored, as
    Phoenix does.
    """

    join_ref: Any
    ref: Any
    topic: Any
    event: Any
    payload: Any
