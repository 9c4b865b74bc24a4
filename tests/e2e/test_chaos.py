"""The short form of ``python -m tests.chaos``: some faults, and everything comes once."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final

import pytest

from tests.support.chaos.campaign import Outcome, assert_all_is_well, campaign
from tests.support.chaos.world import world

CLIENTS: Final = 18
RATE: Final = 20.0
FAULTS: Final = (
    "kill_the_writing_ingest",
    "reload_the_server",
    "cut_a_feed",
    "fail_over",
    "kill_a_worker",
    "hang_clients",
    "cut_the_clients",
    "kill_the_publishing_infer",
    "suspend_a_writer",
)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_each_trade_and_report_comes_once_whatever_fails(tmp_path: Path) -> None:
    said: list[str] = []
    async with world(tmp_path, CLIENTS, RATE) as found:
        outcomes: dict[str, Outcome] = {}
        await campaign(found, FAULTS, random.Random(1), outcomes, said.append)
        reports = await assert_all_is_well(found)
        assert reports.signals and reports.headlines
    assert len(said) == len(FAULTS) == len(outcomes)
