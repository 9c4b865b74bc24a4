"""`GatewayMessages`: the messages of a gateway about a session, counted, logged and published."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import Final

from tickfire.ingest.dbn import layout
from tickfire.ingest.dbn.control import ErrorMsg, SystemMsg
from tickfire.ingest.lsg.schemas import schema_in

REPEAT_S: Final = 60.0
"""Time for which messages of one kind are only counted after one was published."""

SYSTEM_NAMES: Final = {
    layout.SYSTEM_HEARTBEAT: "heartbeat",
    layout.SYSTEM_SUBSCRIPTION_ACK: "subscription_ack",
    layout.SYSTEM_SLOW_READER: "slow_reader",
    layout.SYSTEM_REPLAY_COMPLETED: "replay_completed",
    layout.SYSTEM_END_OF_INTERVAL: "end_of_interval",
}
ERROR_NAMES: Final = {
    layout.ERROR_AUTH_FAILED: "auth_failed",
    layout.ERROR_CONNECTION_LIMIT: "connection_limit",
    layout.ERROR_SYMBOL_RESOLUTION: "symbol_resolution",
    layout.ERROR_INVALID_SUBSCRIPTION: "invalid_subscription",
    layout.ERROR_INTERNAL: "internal",
    layout.ERROR_SKIPPED_RECORDS: "skipped_records",
    layout.ERROR_REPLAY_AGED_OUT: "replay_aged_out",
}
_PUBLISHED: Final = ("heartbeat", "slow_reader")

logger = logging.getLogger(__name__)


class GatewayMessages:
    """The system messages and errors of a feed.

    Parameters
    ----------
    publish : callable (str, str)
        Publishes an entry of `status`, given its kind and its text.
    on_gap : callable (str)
        Called with a sentence if the gateway says that it left out data.
    clock : callable
        Returns seconds of a steady clock.

    Attributes
    ----------
    counts : Counter
        Number of messages by ``(kind, code)``: ``"system"`` or ``"error"``, and its name.
    refused : set of str
        The schemas that the gateway has refused.
    """

    def __init__(
        self,
        publish: Callable[[str, str], None],
        on_gap: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._publish, self._on_gap, self._clock = publish, on_gap, clock
        self.counts: Counter[tuple[str, str]] = Counter()
        self.refused: set[str] = set()
        self._published: dict[tuple[str, str], tuple[float, int]] = {}

    def take(self, message: SystemMsg | ErrorMsg) -> None:
        """Count a message, and log and publish it unless one of its kind was a moment ago."""
        key = key_of(message)
        self.counts[key] += 1
        if isinstance(message, ErrorMsg):
            self._take_error(key, message.err)
        elif key[1] in _PUBLISHED and (more := self._told_since(key)) is not None:
            if key[1] == "slow_reader":
                logger.warning("the gateway says that ingest reads too slowly%s", more)
            self._publish(key[1], message.msg + more)

    def _take_error(self, key: tuple[str, str], text: str) -> None:
        schema = schema_in(text) if key[1] == "invalid_subscription" else None
        if key[1] == "skipped_records":
            self._on_gap(f"the gateway left out records: {text}")
        elif schema is not None:
            if schema not in self.refused:
                self.refused.add(schema)
                told = f"the gateway refuses the schema {schema} ({text}); ingest goes on without"
                logger.error("%s", told)
                self._publish("error", told)
        elif (more := self._told_since(key)) is not None:
            logger.error("error from the gateway: %s%s", text, more)
            self._publish("error", f"{key[1]}: {text}{more}")

    def _told_since(self, key: tuple[str, str]) -> str | None:
        """Return a text on the messages that were only counted; None if it is too early to tell."""
        now, count = self._clock(), self.counts[key]
        at, told = self._published.get(key, (now - REPEAT_S, 0))
        if now - at < REPEAT_S:
            return None
        self._published[key] = now, count
        return f" ({count - told:,} since this was last told)" if count - told > 1 else ""


def key_of(message: SystemMsg | ErrorMsg) -> tuple[str, str]:
    """Return the kind and the name of a message's code.

    >>> key_of(SystemMsg("Heartbeat", 0, 0)), key_of(ErrorMsg("", 99, 0))
    (('system', 'heartbeat'), ('error', 'code_99'))
    """
    if isinstance(message, ErrorMsg):
        return "error", ERROR_NAMES.get(message.code, f"code_{message.code}")
    return "system", SYSTEM_NAMES.get(message.code, f"code_{message.code}")
