"""Acceptors of a crowd, on the event loop that accepts one connection of a socket in a turn."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NoReturn

import uvloop

from tests.support.eventually import eventually
from tickfire.base.ports import bound_socket
from tickfire.server.worker.acceptors import COPIES, CROWD, Acceptors

CLIENTS = 4 * COPIES


class Counted(asyncio.Protocol):
    """A connection that is counted when it is accepted."""

    def __init__(self, accepted: list[Any]) -> None:
        self._accepted = accepted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._accepted.append(transport)


class Exhausted(socket.socket):
    """A socket that cannot be copied, as the process has no descriptors left."""

    def dup(self) -> NoReturn:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Acceptors, socket.socket, list[Any]]]:
    accepted: list[Any] = []
    with bound_socket("127.0.0.1", 0) as listener:
        acceptors = Acceptors(partial(Counted, accepted), CLIENTS)
        acceptors.sockets = (listener,)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(acceptors, sock=listener.dup(), backlog=CLIENTS)
        try:
            yield acceptors, listener, accepted
        finally:
            acceptors.close()
            server.close()
            for transport in accepted:
                transport.abort()


def crowd(listener: socket.socket, count: int) -> list[socket.socket]:
    return [socket.create_connection(listener.getsockname()) for _ in range(count)]


def descriptors(listener: socket.socket) -> int:
    """Return the number of descriptors of this process that are of one socket."""
    own = os.fstat(listener.fileno())
    count = 0
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # that of the listing itself, or of another thread
            count += os.path.samestat(own, os.fstat(int(name)))
    return count


async def a_crowd_comes_and_goes() -> None:
    async with listening() as (acceptors, listener, accepted):
        before = descriptors(listener)
        clients = crowd(listener, CLIENTS)
        turns = 0
        while len(accepted) < CLIENTS:
            await asyncio.sleep(0)
            turns += 1
        assert turns < CLIENTS / 4
        assert acceptors.count == COPIES
        acceptors.review()
        assert acceptors.count == 0
        for one in (*clients, *accepted):
            one.close()
        await eventually(lambda: descriptors(listener) == before, "the copies are closed")
        (client,) = crowd(listener, 1)
        await eventually(lambda: len(accepted) == CLIENTS + 1, "a client is accepted")
        assert acceptors.count == 0
        client.close()


async def a_few_come() -> None:
    async with listening() as (acceptors, listener, accepted):
        clients = crowd(listener, CROWD)
        await eventually(lambda: len(accepted) == CROWD, "all are accepted")
        assert acceptors.count == 0
        for client in clients:
            client.close()


async def a_crowd_comes_when_no_descriptors_are_left() -> None:
    async with listening() as (acceptors, listener, accepted):
        acceptors.sockets = (Exhausted(fileno=listener.dup().detach()),)
        clients = crowd(listener, CLIENTS)
        await eventually(lambda: len(accepted) == CLIENTS, "all are accepted")
        assert acceptors.count == 0
        for one in (*clients, *acceptors.sockets):
            one.close()


def test_a_crowd_is_accepted_in_few_turns_and_leaves_no_copies() -> None:
    uvloop.run(a_crowd_comes_and_goes())


def test_a_few_need_no_copies() -> None:
    uvloop.run(a_few_come())


def test_without_descriptors_all_are_accepted_one_by_one() -> None:
    uvloop.run(a_crowd_comes_when_no_descriptors_are_left())
