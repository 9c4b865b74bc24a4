"""The template of workers: a process that has imported everything, and forks itself.

A fork takes milliseconds where a start takes seconds, and the modules and kernels are in memory
once. The template never runs an event loop or a thread of its own, so that its forks begin clean.

Its standard input is the control socket. The pool sends the pickled `Order`, then one byte with a
descriptor for each worker: its end of a socket on which it says `OPEN` and `BEAT`. The template
answers in lines: ``started PID`` and ``ended PID CODE``. It ends when the pool closes its socket,
and a worker when the pool is gone; workers outlive their template.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import pickle
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from typing import Final

from uvicorn.config import STARTUP_FAILURE

from tickfire.base.errors import UserError
from tickfire.server.app import Settings
from tickfire.server.limits.admission import Limits
from tickfire.server.logs import set_up_logging
from tickfire.server.workers.server import MarketServer

FORK: Final = b"f"
OPEN: Final = b"o"
BEAT: Final = b"."
STDIN_FD: Final = 0
LENGTH_BYTES: Final = 4
IGNORED: Final = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """The workers to fork.

    Attributes
    ----------
    settings : Settings
    limits : Limits
    listener : int
        Descriptor of the socket that they share.
    """

    settings: Settings
    limits: Limits
    listener: int

    def pack(self) -> bytes:
        """Return the order as it is sent to the template."""
        packed = pickle.dumps(self)
        return len(packed).to_bytes(LENGTH_BYTES) + packed


def main() -> None:
    """Fork workers until the pool closes the control socket."""
    control = _control()
    order: Order = pickle.loads(_exactly(control, int.from_bytes(_exactly(control, LENGTH_BYTES))))
    set_up_logging("serve")
    for number in (signal.SIGINT, *IGNORED):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C reaches the whole group
    signal.signal(signal.SIGCHLD, lambda number, frame: _reap(control))
    gc.collect()
    gc.freeze()
    while True:
        byte, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not byte:
            return
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # until the pool has the pid
        pid = os.fork()
        if not pid:
            control.close()
            _work(order, socket.socket(fileno=descriptors[0]))
        os.close(descriptors[0])
        _say(control, f"started {pid}\n")
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
            _say(control, f"ended {pid} {os.waitstatus_to_exitcode(status)}\n")


def _say(control: socket.socket, line: str) -> None:
    with contextlib.suppress(OSError):  # the pool is gone
        control.sendall(line.encode())


# --- in the worker
def _work(order: Order, channel: socket.socket) -> None:
    """Serve, and end this process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    threading.Thread(target=_end_with_pool, args=(channel,), daemon=True).start()
    code = 1
    try:
        listener = socket.socket(fileno=order.listener)
        MarketServer(
            order.settings,
            order.limits,
            on_open=lambda: _tell(channel, OPEN),
            on_beat=lambda: _tell(channel, BEAT),
        ).run([listener])
        code = 0
    except UserError as error:
        logger.error("%s", error)
        code = STARTUP_FAILURE
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        logger.exception("a worker failed")
    finally:
        logging.shutdown()
        os._exit(code)


def _tell(channel: socket.socket, byte: bytes) -> None:
    with contextlib.suppress(OSError):
        channel.send(byte)


def _end_with_pool(channel: socket.socket) -> None:
    """Exit once the pool is gone, even by SIGKILL, so that this worker frees the port."""
    with contextlib.suppress(OSError):
        channel.recv(1)
    os._exit(1)


if __name__ == "__main__":
    main()
