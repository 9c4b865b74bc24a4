"""Refusals are counted, and logged at once and then once a minute with their number."""

from __future__ import annotations

import logging

import pytest

from tests.support.eventually import eventually
from tickfire.server.limits import refusals
from tickfire.server.limits.causes import ADDRESS, CAUSES, HEADERS
from tickfire.server.limits.refusals import Refusals


async def test_the_number_of_refusals_is_logged_once_an_interval(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(refusals, "LOG_INTERVAL_S", 0.2)
    counted = Refusals()
    for host in range(5):
        counted.add(ADDRESS, f"10.0.0.{host}")
    counted.add(HEADERS, "10.0.0.9")
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "refused 10.0.0.0",
        "refused 10.0.0.9",
    ]
    await eventually(lambda: len(caplog.messages) == 3, "the rest is logged")
    assert caplog.messages[2].startswith("refused 4 more within a minute, the latest 10.0.0.4: ")
    assert (counted.counts["connections_per_address"], counted.counts["headers"]) == (5, 1)


def test_each_response_says_why() -> None:
    for cause in CAUSES:
        head, _, body = cause.response().partition(b"\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {cause.status} ".encode())
        assert body.decode() == f"{cause.text}."
        assert (b"retry-after: " in head) == cause.retry
