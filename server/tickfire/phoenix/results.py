"""The results that the callbacks of a channel return."""

from __future__ import annotations

from tickfire.phoenix.core.results import NoReply, Reply, Stop

__all__ = ["NoReply", "Reply", "Stop"]
