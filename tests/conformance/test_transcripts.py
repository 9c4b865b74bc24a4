"""Every transcript, replayed against the app in a process of its own.

`waiting.json` names the transcripts that need a part of the protocol that is not built yet, and
that part. One that passes nevertheless fails the test, until it is taken off the list.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.conformance.replay import TRANSCRIPTS, Verdict, load, replay_all

WAITING: dict[str, str] = json.loads((Path(__file__).parent / "waiting.json").read_text("utf8"))
NAMES = sorted(path.stem for path in TRANSCRIPTS.glob("*.json"))


@pytest.fixture(scope="module")
def verdicts(port: int) -> dict[str, Verdict]:
    """What became of each transcript; those that wait for a part are tried too."""
    results = asyncio.run(replay_all(load([TRANSCRIPTS]), "127.0.0.1", port))
    return {verdict.name: verdict for verdict in results}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [name for name in NAMES if name not in WAITING])
def test_transcript_is_replayed_without_a_difference(
    name: str, verdicts: dict[str, Verdict]
) -> None:
    assert verdicts[name].differences == []


def test_transcripts_that_wait_for_a_part_do_not_pass_yet(verdicts: dict[str, Verdict]) -> None:
    for name in WAITING:
        assert name in verdicts, "no such transcript"
        assert not verdicts[name].passed, f"{name} passes: take it off waiting.json"
