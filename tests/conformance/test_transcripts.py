"""Every transcript, replayed against the app in a process of its own."""

from __future__ import annotations

import asyncio

import pytest

from tests.conformance.replay import TRANSCRIPTS, Verdict, load, replay_all

NAMES = sorted(path.stem for path in TRANSCRIPTS.glob("*.json"))


@pytest.fixture(scope="module")
def verdicts(port: int) -> dict[str, Verdict]:
    """The result of each transcript."""
    results = asyncio.run(replay_all(load([TRANSCRIPTS]), "127.0.0.1", port))
    return {verdict.name: verdict for verdict in results}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_transcript_is_replayed_without_a_difference(
    name: str, verdicts: dict[str, Verdict]
) -> None:
    assert verdicts[name].differences == []
