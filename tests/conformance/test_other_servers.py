"""The same app on third-party ASGI servers: every transcript but the exempt ones.

`exempt.json` names the transcripts of what ASGI does not give an application, with the reason.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.replay import TRANSCRIPTS, Verdict, load, replay_all
from tests.conformance.serving import OTHER_SERVERS, serving_elsewhere
from tickfire.base.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

EXEMPT: dict[str, str] = json.loads(Path(__file__).with_name("exempt.json").read_text("utf8"))
ALL = load([TRANSCRIPTS])
CHOSEN = [transcript for transcript in ALL if transcript["name"] not in EXEMPT]
NAMES = sorted(transcript["name"] for transcript in CHOSEN)

type Verdicts = dict[str, Verdict]


@pytest.fixture(scope="module", params=sorted(OTHER_SERVERS))
def verdicts(request: pytest.FixtureRequest) -> Iterator[Verdicts]:
    """The result of each transcript on one server."""
    port = free_port()
    with serving_elsewhere(request.param, port):
        results = asyncio.run(replay_all(CHOSEN, "127.0.0.1", port))
    yield {verdict.name: verdict for verdict in results}


@pytest.mark.parametrize("name", NAMES)
def test_transcript_is_replayed_without_a_difference(name: str, verdicts: Verdicts) -> None:
    assert verdicts[name].differences == []


def test_only_transcripts_that_exist_are_exempt() -> None:
    assert EXEMPT.keys() <= {transcript["name"] for transcript in ALL}
