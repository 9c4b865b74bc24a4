"""`Head`: where a stream ends, and the writer that may go on from there. Pure.

The head is a string in the slot of the streams. Each batch names the head that it expects and the
one that it leaves, so a batch is written only by the writer that wrote, or claimed, the one before
it: an older writer, a repeated batch and a batch after a lost one are refused alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

SEPARATOR: Final = b" "


class Head(NamedTuple):
    """The end of a stream.

    Attributes
    ----------
    epoch : bytes
        Key of the epoch.
    fence : int
        Fencing number of the writer; that of a later writer is greater.
    writer : bytes
        Token of the writer.
    server : bytes
        Run id of the Redis server to which the writer was connected; it is another one after a
        restart or a failover.
    number : int
        Number of batches written in the epoch.
    position : int
        Position of the last tick.
    bar_index : int
        Index of the next entry of bars.
    closed : bool
        True once the writer has ended, with nothing left to write.
    """

    epoch: bytes
    fence: int
    writer: bytes
    server: bytes
    number: int = 0
    position: int = 0
    bar_index: int = 1  # 0-0 is not a valid id
    closed: bool = False

    def encode(self) -> bytes:
        """Return the string for Redis."""
        return b"%b %d %b %b %d %d %d %d" % (self.epoch.hex().encode(), *self[1:])


def decode_head(text: bytes | None) -> Head | None:
    """Return the head in a string of Redis; None if there is none, or none of this layout."""
    parts = (text or b"").split(SEPARATOR)
    if len(parts) != len(Head._fields):
        return None
    epoch, fence, writer, server, *rest = parts
    try:
        key, (number, position, bar_index, closed) = bytes.fromhex(epoch.decode()), map(int, rest)
        return Head(key, int(fence), writer, server, number, position, bar_index, bool(closed))
    except ValueError:
        return None


# --- batches
APPEND: Final = b"""
local head = redis.call('GET', KEYS[1]) or ''
if head ~= ARGV[1] then
  return head
end
local at = 3
while at <= #ARGV do
  local last = at + tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, last))
  at = last + 1
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""
"""Script that runs commands, given as their lengths and arguments, if the head is as expected.

KEYS are the key of the head and those of the commands; ARGV are the head expected, the head left,
and the commands. If the head is another, nothing is written and it is returned.
"""
RUN_AGAIN: Final = """
local at = 3
while at <= #ARGV do
  local last = at + tonumber(ARGV[at])
  local reply = redis.pcall(unpack(ARGV, at + 1, last))
  if type(reply) == 'table' and reply.err and not string.find(reply.err, 'equal or smaller') then
    return reply
  end
  at = last + 1
end
"""
"""Part of a script that runs the commands from ARGV[3] on, without entries that a stream has."""
APPEND_FENCED: Final = (
    b"""
if tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0') > tonumber(ARGV[2]) then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
"""
    + RUN_AGAIN.encode()
    + b"""
return 1
"""
)
"""Script that runs commands, given as for `APPEND`, unless a later writer has run any.

KEYS are the key of a hash and those of the commands; ARGV are the field of the hash that holds the
greatest fencing number, the number of this writer, and the commands. Entries that the stream has
are left out, so the script may be repeated.
"""
APPENDED: Final = 1
"""The reply if the commands were run."""

type Arguments = tuple[bytes | memoryview | int, ...]
"""A command and its arguments; the second is its key."""


def append_arguments(
    key: bytes, expected: bytes, head: bytes, commands: Sequence[Arguments]
) -> list[bytes | memoryview | int]:
    """Return the number of keys, the keys and the arguments of `APPEND`."""
    keys = dict.fromkeys((key, *(command[1] for command in commands)))
    arguments: list[bytes | memoryview | int] = [len(keys), *keys, expected, head]
    for command in commands:
        arguments.append(len(command))
        arguments += command
    return arguments
