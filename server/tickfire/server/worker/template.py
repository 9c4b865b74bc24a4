"""The template of workers: a process that has imported everything, and forks itself.

A fork takes milliseconds where a start takes seconds, and the modules and kernels are in memory
once. The import compiles kernels that are not cached. The template never runs an event loop or a
thread of its own, so that its forks begin clean.

Its standard input is the control socket; see wire.py. It ends when the pool closes that, and a
worker when the pool is gone; workers outlive their template.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Final

import click
from uvicorn.config import STARTUP_FAILURE

from tickfire.base.errors import UserError
from tickfire.server.logs.setup import set_up_logging
from tickfire.server.signals import IGNORED
from tickfire.server.worker.channel import PoolChannel
from tickfire.server.workers import wire
from tickfire.server.workers.wire import Order, line

if TYPE_CHECKING:
    from tickfire.server.worker.arguments import Serving

STDIN_FD: Final = 0

logger = logging.getLogger(__name__)


def main() -> None:
    """Fork workers until the pool closes the control socket."""
    control = _control()
    length = int.from_bytes(_exactly(control, wire.LENGTH_BYTES))
    order = Order.unpack(_exactly(control, length))
    set_up_logging("serve")
    for number in (signal.SIGINT, *IGNORED):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C reaches the whole group
    try:
        serving = _load(order)
    except (UserError, click.ClickException) as error:
        _say(control, wire.FAILED, _sentence(error))
        return
    except Exception as error:
        logger.exception("the workers cannot be loaded")
        _say(control, wire.FAILED, _sentence(error))
        return
    signal.signal(signal.SIGCHLD, lambda number, frame: _reap(control))
    gc.collect()
    gc.freeze()
    _fork_on_demand(control, order, serving)


def _load(order: Order) -> Serving:
    """Import everything; an error of the code that is installed now is reported."""
    from tickfire.server.worker.arguments import Serving

    return Serving.parse(order.arguments, order.secret)


def _fork_on_demand(control: socket.socket, order: Order, serving: Serving) -> None:
    while True:
        byte, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not byte:
            return
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # until the pool has the pid
        pid = os.fork()
        if not pid:
            control.close()
            ready_s = order.ready_s if byte == wire.FORK_READY else None
            _work(order, serving, ready_s, socket.socket(fileno=descriptors[0]))
        os.close(descriptors[0])
        _say(control, wire.STARTED, pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


def _control() -> socket.socket:
    """Return the control socket, in whose place standard input becomes empty."""
    control = socket.socket(fileno=os.dup(STDIN_FD))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, STDIN_FD)
    os.close(nothing)
    return control


def _exactly(control: socket.socket, count: int) -> bytes:
    data = control.recv(count, socket.MSG_WAITALL)
    if len(data) < count:
        sys.exit()
    return data


def _reap(control: socket.socket) -> None:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            pid, status = ended
            _say(control, wire.ENDED, f"{pid} {os.waitstatus_to_exitcode(status)}")


def _say(peer: socket.socket, word: str, argument: object = "") -> None:
    with contextlib.suppress(OSError):  # the pool is gone
        peer.sendall(line(word, argument))


def _sentence(error: Exception) -> str:
    """Return the text of an error, with its kind if it is not one of the user."""
    if isinstance(error, click.ClickException):
        return error.format_message()
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"


# --- in the worker
def _work(order: Order, serving: Serving, ready_s: float | None, channel: socket.socket) -> None:
    """Serve, and end this process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    code, pool = 1, PoolChannel(channel)
    try:
        server = serving.server(
            ready_s,
            pool.metrics,
            on_open=lambda: pool.say(wire.OPEN),
            on_beat=lambda: pool.say(wire.BEAT),
            on_close=lambda count: pool.say(wire.CLOSING, count),
        )
        pool.hear(server)
        server.run([socket.socket(fileno=order.listener)])
        code = 0
    except UserError as error:
        pool.say(wire.FAILED, error)
        code = STARTUP_FAILURE
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException as error:
        logger.exception("a worker failed")
        pool.say(wire.FAILED, f"{type(error).__name__}: {error}")
    finally:
        _say_good_bye(pool)
        logging.shutdown()
        os._exit(code)


def _say_good_bye(pool: PoolChannel) -> None:
    """Send the metrics a last time, with everything that was counted."""
    try:
        pool.metrics.share()
    except Exception:
        logger.exception("the last metrics of a worker are lost")
    pool.close()


if __name__ == "__main__":
    main()
