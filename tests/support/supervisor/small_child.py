"""Child process with a chosen behaviour: ``small_child.py <behaviour> [argument]``."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

from tickfire.server.lifeline import end_with_supervisor


def wait_for_ever() -> None:
    while True:
        signal.pause()


def listen(port: str) -> None:
    with socket.create_server(("127.0.0.1", int(port))) as server:
        print(f"listening on {port}", flush=True)
        while True:
            connection, _ = server.accept()
            connection.close()


def stubborn(_: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("stubborn", flush=True)
    wait_for_ever()


def parent(port: str) -> None:
    """Let a child of its own listen, which does not get the signals sent to this process."""
    subprocess.Popen([sys.executable, __file__, "listen", port])
    wait_for_ever()


def refuse(_: str) -> None:
    print("tickfire: the key is wrong; correct it.", file=sys.stderr)
    sys.exit(1)


def crash(_: str) -> None:
    raise ValueError("a defect")


def finish(_: str) -> None:
    sys.exit(0)


def refuse_again(mark: str) -> None:
    """Run at the first start, and refuse at every later one."""
    if os.path.exists(mark):
        refuse("")
    open(mark, "w").close()
    wait_for_ever()


def shout(_: str) -> None:
    sys.stdout.write("x" * 200_000 + "\nafter\n")
    sys.stdout.flush()
    wait_for_ever()


BEHAVIOURS: dict[str, Callable[[str], None]] = {
    behaviour.__name__: behaviour
    for behaviour in (listen, stubborn, parent, refuse, crash, finish, refuse_again, shout)
}

if __name__ == "__main__":
    end_with_supervisor()
    BEHAVIOURS[sys.argv[1]](sys.argv[2] if len(sys.argv) > 2 else "")
