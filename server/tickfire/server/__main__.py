"""``python -m tickfire.server``: the same as the command ``tickfire``."""

from __future__ import annotations

from tickfire.server.cli import main

if __name__ == "__main__":
    main()
