"""Check that `tickfire.client` works with neither the market server nor any extra."""

from __future__ import annotations

import sys

from tickfire.client import Market, Phoenix
from tickfire.client import sync as blocking

ABSENT = ("numba", "pandas", "polars", "pyarrow", "anywidget", "tickfire.server", "tickfire.store")


def main() -> None:
    assert Phoenix("ws://127.0.0.1:1/socket").endpoint == "ws://127.0.0.1:1/socket"
    assert Market("http://127.0.0.1:1").socket.endpoint == "ws://127.0.0.1:1/socket"
    assert blocking.__all__
    found = [name for name in ABSENT if name in sys.modules]
    assert not found, found
    sys.stdout.write("tickfire.client works alone\n")


if __name__ == "__main__":
    main()
