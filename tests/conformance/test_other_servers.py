"""The same app on third-party ASGI servers: every transcript but the exempt ones.

`exempt.json` names the transcripts of what ASGI does not give an application, with the reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
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


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Verdicts]:
    """The result of each transcript on each server, all servers at the same time."""
    ports = {name: free_port() for name in OTHER_SERVERS}

    async def replayed() -> list[list[Verdict]]:
        replays = (replay_all(CHOSEN, "127.0.0.1", port) for port in ports.values())
        return await asyncio.gather(*replays)

    with contextlib.ExitStack() as stack:
        for server, port in ports.items():
            stack.enter_context(serving_elsewhere(server, port))
        results = asyncio.run(replayed())
    return {
        server: {verdict.name: verdict for verdict in found}
        for server, found in zip(ports, results, strict=True)
    }


@pytest.mark.parametrize("server", sorted(OTHER_SERVERS))
@pytest.mark.parametrize("name", NAMES)
def test_transcript_is_replayed_without_a_difference(
    server: str, name: str, verdicts: dict[str, Verdicts]
) -> None:
    assert verdicts[server][name].differences == []


def test_only_transcripts_that_exist_are_exempt() -> None:
    assert EXEMPT.keys() <= {transcript["name"] for transcript in ALL}
