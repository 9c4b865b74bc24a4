"""The log of refusals: each reason once in an interval, and bounded."""

from __future__ import annotations

import logging

import pytest

from tickfire.phoenix.core.refusal_log import LOG_INTERVAL_S, MAX_REASONS, RefusalLog


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, "tickfire.phoenix")
    return caplog


class Clock:
    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_reason_is_logged_once_in_an_interval(lines: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    log = RefusalLog(clock)
    for _ in range(3):
        log.add("a connection: origin %s", "http://evil")
    log.add("a connection: origin %s", "http://other")
    assert lines.messages == [
        "refused a connection: origin 'http://evil'",
        "refused a connection: origin 'http://other'",
    ]
    lines.clear()
    clock.now_s += LOG_INTERVAL_S
    log.add("a connection: origin %s", "http://evil")
    assert lines.messages == [
        "refused 2 more that were not logged",
        "refused a connection: origin 'http://evil'",
    ]


def test_many_different_reasons_fill_neither_log_nor_memory(
    lines: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    log = RefusalLog(clock)
    for number in range(MAX_REASONS + 50):
        log.add("a join of %s", f"t{number}")
    assert len(lines.messages) == MAX_REASONS
    lines.clear()
    clock.now_s += LOG_INTERVAL_S
    log.add("a join of %s", "t")
    assert lines.messages[0] == "refused 50 more that were not logged"


def test_what_clients_sent_is_quoted_and_cut(lines: pytest.LogCaptureFixture) -> None:
    log = RefusalLog()
    log.add("a join of %s", "\x1b[31m%s\n" + "x" * 10_000)
    [line] = lines.messages
    assert line.startswith(r"refused a join of '\x1b[31m%s\nxxx")
    assert line.endswith("xxx...'")
    assert len(line) < 300
