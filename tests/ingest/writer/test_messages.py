"""Messages of a gateway: counted, and published once in a while."""

from __future__ import annotations

from tickfire.ingest.dbn.control import ErrorMsg, SystemMsg
from tickfire.ingest.dbn.layout import (
    ERROR_INTERNAL,
    ERROR_SKIPPED_RECORDS,
    SYSTEM_HEARTBEAT,
    SYSTEM_SLOW_READER,
)
from tickfire.ingest.writer.messages import REPEAT_S, GatewayMessages


class Heard:
    """Messages of a gateway, and what was told of them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.published: list[tuple[str, str]] = []
        self.gaps: list[str] = []
        self.messages = GatewayMessages(
            lambda kind, text: self.published.append((kind, text)),
            self.gaps.append,
            lambda: self.now,
        )


def test_each_message_counts_and_one_in_a_while_is_published() -> None:
    heard = Heard()
    slow = SystemMsg("Slow reader", SYSTEM_SLOW_READER, 0)
    for _ in range(5):
        heard.messages.take(slow)
    assert heard.published == [("slow_reader", "Slow reader")]
    heard.now += REPEAT_S
    heard.messages.take(slow)
    assert heard.published[1:] == [("slow_reader", "Slow reader (5 since this was last told)")]
    assert heard.messages.counts["system", "slow_reader"] == 6


def test_kinds_are_told_of_apart() -> None:
    heard = Heard()
    heard.messages.take(SystemMsg("Heartbeat", SYSTEM_HEARTBEAT, 0))
    heard.messages.take(ErrorMsg("disk full", ERROR_INTERNAL, 0))
    heard.messages.take(ErrorMsg("odd", 99, 0))
    assert heard.published == [
        ("heartbeat", "Heartbeat"), ("error", "internal: disk full"), ("error", "code_99: odd"),
    ]  # fmt: skip


def test_records_that_the_gateway_left_out_are_a_gap_each_time() -> None:
    heard = Heard()
    for _ in range(2):
        heard.messages.take(ErrorMsg("reader too slow", ERROR_SKIPPED_RECORDS, 0))
    assert heard.gaps == ["the gateway left out records: reader too slow"] * 2
    assert heard.messages.counts["error", "skipped_records"] == 2
